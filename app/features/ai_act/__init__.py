"""The EU AI Act: systems and their classes, incidents and their clocks, notices, the conformity file."""
