"""The feature `engagements`. Its routes stand in `routes_<noun>.py`; `app/control.py` imports each of these modules."""

from app.pep import Feature

feature = Feature("engagements", section="Audits", menu={"engagements.engagements": "Audits"})
