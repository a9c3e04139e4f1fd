"""The feature `ai_act`. Its routes stand in `routes_<noun>.py`; `app/control.py` imports each of these modules."""

from app.pep import Feature

feature = Feature(
    "ai_act", section="Compliance", menu={"ai_act.systems": "AI systems", "ai_act.incidents": "Incidents"}
)
