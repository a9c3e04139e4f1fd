"""The feature `policies`. Its routes stand in `routes_<noun>.py`; `app/control.py` imports each of these modules."""

from app.pep import Feature

feature = Feature(
    "policies",
    menu={
        "policies.tree": "Policies",
        "policies.tests": "Tests",
        "policies.changes": "Changes",
        "policies.history": "History",
        "policies.overrides": "Overrides",
        "policies.windows": "Windows",
        "policies.drift": "Drift",
    },
)
