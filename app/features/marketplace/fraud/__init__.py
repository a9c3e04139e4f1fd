"""Whether a purchase is fraud: what is known of it becomes signals, policy makes a score of them, people look.

Signals are measured the same way for training and for sale (`features.py`). The score is computed by policy, from a
model that is policy data (`policies/rego/lib/fraud.rego`); nothing here says what may be bought. Imports no other room.
"""
