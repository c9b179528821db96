"""Speed as a ratio of commands that take turns in one run; see `python -m bench --help`."""
