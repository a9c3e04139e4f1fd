"""The feature `session`, whose routes stand in `routes.py`."""

from app.pep import Feature

feature = Feature("session")
