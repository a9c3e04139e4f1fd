"""The feature `dsr`. Its routes stand in `routes_<noun>.py`; `app/control.py` imports each of these modules."""

from app.pep import Feature

feature = Feature("dsr", section="Privacy", menu={"dsr.queue": "Requests of persons"})
