"""The policy decision point: strict input, contracts, evaluators, decisions.

Imports neither the web nor a database; `app/pdp/engine.py` alone knows the Rego engine.
"""
