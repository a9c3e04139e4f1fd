"""The product: what decides, records, and serves. Importing a part loads that part alone."""
