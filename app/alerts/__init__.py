"""Alerts: told to whom the operator named, at least once, from the moment that what caused them is committed.

An alert is a row in the transaction of what it tells of, so that neither is there without the other. Knows nothing of
what alerts are about.
"""
