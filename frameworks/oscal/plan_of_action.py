"""What is left to do: an OSCAL plan of action and milestones, an item for each test that did not come out well."""

from typing import Any, Final

from frameworks.control import Control
from frameworks.oscal.assessment import Assessment
from frameworks.oscal.assessment_results import RESULTS_FILE, observation, observation_uuid
from frameworks.oscal.form import identifier, line, metadata, properties
from frameworks.testing import Result
from frameworks.verdict import OPEN

PLAN_OF_ACTION_FILE: Final = "plan-of-action-and-milestones.json"


def plan_of_action(found: Assessment) -> dict[str, Any] | None:
    """Return the plan, or None where nothing is to be done: OSCAL knows no plan without an item."""
    owners = {each.id: each for each in found.controls}
    left = [each for each in found.results.values() if each.outcome in OPEN]
    if not left:
        return None
    title = f"What is left to do for {found.catalog.title}"
    return {
        "plan-of-action-and-milestones": {
            "uuid": identifier("plan-of-action", found.catalog.id, found.version),
            "metadata": metadata(title, modified=found.modified, version=found.version),
            "system-id": {"identifier-type": "http://ietf.org/rfc/rfc4122", "id": identifier("system", found.log)},
            "observations": [observation(found, each) for each in left],
            "poam-items": [_item(found, each, owners[each.control]) for each in left],
            "back-matter": {
                "resources": [
                    {"uuid": identifier("results", found.version), "rlinks": [{"href": RESULTS_FILE}]},
                ]
            },
        }
    }


def _item(found: Assessment, result: Result, control: Control) -> dict[str, Any]:
    return {
        "uuid": identifier("item", found.version, result.test),
        "title": line(f"{result.test}: {result.outcome.value}"),
        "description": f"{result.deviation_count} deviations in {result.population.count} rows",
        **properties({"control": result.control, "owner": control.owner, "severity": control.severity}),
        "related-observations": [{"observation-uuid": observation_uuid(found, result.test)}],
    }
