"""One file per rule; its path is its id, its docstring is its page."""
