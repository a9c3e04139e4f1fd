"""How callers prove who they are: tokens of others, client certificates, signed assertions. No HTTP, no decisions."""
