"""Controls as components that implement items of a framework: an OSCAL component definition."""

from typing import Any, Final

from frameworks.control import Control
from frameworks.oscal.assessment import Assessment
from frameworks.oscal.catalog_document import PROFILE_FILE
from frameworks.oscal.form import identifier, line, metadata, properties, some, token

COMPONENT_FILE: Final = "component-definition.json"


def component_uuid(control: Control) -> str:
    """Return the identifier of a control as a component."""
    return identifier("component", control.id)


def component_definition(found: Assessment) -> dict[str, Any]:
    """Return each control as a component, with the items it serves, the rules and the tests it consists of."""
    title = f"Controls for {found.catalog.title}"
    return {
        "component-definition": {
            "uuid": identifier("component-definition", found.catalog.id, found.version),
            "metadata": metadata(title, modified=found.modified, version=found.version)
            | some("roles", ({"id": token(each), "title": each} for each in sorted({c.owner for c in found.controls}))),
            **some("components", (_component(found, each) for each in found.controls)),
        }
    }


def _component(found: Assessment, control: Control) -> dict[str, Any]:
    rules = {f"rule-{number}": rule for number, rule in enumerate(control.rules, 1)}
    tests = {f"test-{number}": f"{test.id} ({test.kind.value})" for number, test in enumerate(control.tests, 1)}
    return {
        "uuid": component_uuid(control),
        "type": "process-procedure",
        "title": line(control.title),
        "description": control.title,
        **properties({"control": control.id, "severity": control.severity, "frequency": control.frequency}),
        "responsible-roles": [{"role-id": token(control.owner)}],
        "control-implementations": [
            {
                "uuid": identifier("implementation", control.id, found.catalog.id),
                "source": PROFILE_FILE,
                "description": f"what `{control.id}` serves of {found.catalog.title}",
                "implemented-requirements": [
                    {
                        "uuid": identifier("requirement", control.id, found.catalog.id, item),
                        "control-id": token(found.catalog.id, item),
                        "description": control.title,
                        **properties(rules | tests),
                    }
                    for item in found.criteria(control)
                ],
            }
        ],
    }
