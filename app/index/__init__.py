"""The SQL index of the log: for finding decisions, never for proving them. Rebuilt from the store at any time."""
