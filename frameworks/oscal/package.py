"""All documents of an assessment, by the names of their files, which refer to each other."""

from collections.abc import Mapping
from typing import Any

from frameworks.oscal.assessment import Assessment
from frameworks.oscal.assessment_plan import PLAN_FILE, assessment_plan
from frameworks.oscal.assessment_results import RESULTS_FILE, assessment_results
from frameworks.oscal.catalog_document import CATALOG_FILE, PROFILE_FILE, catalog_document, profile_document
from frameworks.oscal.component_definition import COMPONENT_FILE, component_definition
from frameworks.oscal.mapping_collection import MAPPING_FILE, catalog_file, mapping_collection
from frameworks.oscal.plan_of_action import PLAN_OF_ACTION_FILE, plan_of_action


def documents(found: Assessment) -> Mapping[str, dict[str, Any]]:
    """Return the documents, in the order of the names of their files; none where OSCAL wants an item and there is none.

    The catalogs' own documents depend on the catalog alone, but for the time: that is the assessment's.
    """
    made = {
        CATALOG_FILE: catalog_document(found.catalog, found.modified),
        PROFILE_FILE: profile_document(found.catalog, found.modified, found.excluded),
        COMPONENT_FILE: component_definition(found),
        PLAN_FILE: assessment_plan(found),
        RESULTS_FILE: assessment_results(found),
        PLAN_OF_ACTION_FILE: plan_of_action(found),
        MAPPING_FILE: mapping_collection(found),
    }
    named = {name for each in found.crosswalks for name in (each.left, each.right)} - {found.catalog.id}
    made |= {catalog_file(found, name): catalog_document(found.others[name], found.modified) for name in named}
    return {name: made for name, made in sorted(made.items()) if made is not None}
