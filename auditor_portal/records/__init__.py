"""The evidence browser: records of the log searched, each shown with its place, its proof and what decided it."""
