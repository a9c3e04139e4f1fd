"""The feature `frameworks`. Its routes stand in `routes_<noun>.py`; `app/control.py` imports each of these modules."""

from app.pep import Feature

feature = Feature(
    "frameworks",
    section="Compliance",
    menu={
        "frameworks.frameworks": "Frameworks",
        "frameworks.controls": "Controls",
        "frameworks.findings": "Findings",
    },
)
