"""The feature `privacy`. Its routes stand in `routes_<noun>.py`; `app/control.py` imports each of these modules."""

from app.pep import Feature

feature = Feature(
    "privacy",
    menu={
        "privacy.people": "Consents",
        "privacy.reveals_asked": "Requests to reveal",
        "privacy.recalls": "Recalls",
        "privacy.purposes": "Purposes",
        "privacy.processing": "Record of processing",
    },
)
