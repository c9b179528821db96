"""The `charter` command: thin, imports each part when it is asked for."""
