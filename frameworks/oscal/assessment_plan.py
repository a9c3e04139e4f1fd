"""What is tested, how and how often: an OSCAL assessment plan, each test an activity and a task."""

from typing import Any, Final

from frameworks.control import Control
from frameworks.control_test import ControlTest
from frameworks.oscal.assessment import Assessment
from frameworks.oscal.component_definition import COMPONENT_FILE, component_uuid
from frameworks.oscal.form import identifier, line, metadata, properties, some, token

PLAN_FILE: Final = "assessment-plan.json"

_UNITS: Final = {
    "hour": (1, "hours"),
    "day": (1, "days"),
    "week": (7, "days"),
    "month": (1, "months"),
    "quarter": (3, "months"),
    "year": (1, "years"),
}


def reviewed(found: Assessment, items: list[str]) -> dict[str, Any]:
    """Return which items are looked at: those, or all where none is named."""
    chosen = [{"control-id": token(found.catalog.id, item)} for item in items]
    return {"control-selections": [{"include-controls": chosen} if chosen else {"include-all": {}}]}


def activity_uuid(test: str) -> str:
    """Return the identifier of a test as an activity."""
    return identifier("activity", test)


def assessment_plan(found: Assessment) -> dict[str, Any]:
    """Return the plan. It imports no security plan of the customer's: the components say what is assessed."""
    title = f"Plan for {found.catalog.title}"
    system = identifier("system", found.log)
    pairs = [(control, test) for control in found.controls for test in control.tests]
    return {
        "assessment-plan": {
            "uuid": identifier("assessment-plan", found.catalog.id, found.version),
            "metadata": metadata(title, modified=found.modified, version=found.version),
            "import-ssp": {"href": f"#{system}"},
            **({"local-definitions": {"activities": [_activity(found, *each) for each in pairs]}} if pairs else {}),
            "reviewed-controls": reviewed(found, []),
            **some("tasks", (_task(*each) for each in pairs)),
            "back-matter": {
                "resources": [
                    {
                        "uuid": system,
                        "title": "What is assessed",
                        "description": f"the platform whose log is {line(found.log)}; its controls are components",
                        "rlinks": [{"href": COMPONENT_FILE}],
                    }
                ]
            },
        }
    }


def _activity(found: Assessment, control: Control, test: ControlTest) -> dict[str, Any]:
    return {
        "uuid": activity_uuid(test.id),
        "title": line(test.title),
        "description": test.statement or test.instruction or test.title,
        **properties({"test": test.id, "kind": test.kind.value, "stale-after-days": test.stale_after}),
        "related-controls": reviewed(found, found.criteria(control)),
    }


def _task(control: Control, test: ControlTest) -> dict[str, Any]:
    period, unit = _UNITS[test.every]
    subject = {"subject-uuid": component_uuid(control), "type": "component"}
    return {
        "uuid": identifier("task", test.id),
        "type": "action",
        "title": line(test.title),
        "timing": {"at-frequency": {"period": period, "unit": unit}},
        "associated-activities": [
            {
                "activity-uuid": activity_uuid(test.id),
                "subjects": [{"type": "component", "include-subjects": [subject]}],
            }
        ],
    }
