"""A witness: cosigns the checkpoints of logs it was told to trust, as long as each only grows (C2SP tlog-witness).

Stands alone: shares keys and settings with the rest, and knows nothing of decisions.
"""
