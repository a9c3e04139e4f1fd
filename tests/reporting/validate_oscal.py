"""Validates the documents of a directory with compliance-trestle, in its own environment; prints each that holds."""

import json
import sys
from pathlib import Path

from trestle.oscal import assessment_plan, assessment_results, catalog, component, mapping, poam, profile

MODELS = {
    "catalog": catalog,
    "profile": profile,
    "component-definition": component,
    "assessment-plan": assessment_plan,
    "assessment-results": assessment_results,
    "plan-of-action-and-milestones": poam,
    "mapping-collection": mapping,
}

for path in sorted(Path(sys.argv[1]).glob("*.json")):
    document = json.loads(path.read_bytes())
    [root] = document
    MODELS[root].Model.model_validate(document)
    sys.stdout.write(f"{root}\n")
