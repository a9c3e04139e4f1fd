"""The policy repository: read, verified, put in force, published."""
