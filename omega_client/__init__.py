"""A client of the decision point."""
