"""How a framework's items relate to those of others: an OSCAL mapping collection."""

from typing import Any, Final

from frameworks.mapping import Crosswalk, Related, Relation
from frameworks.oscal.assessment import Assessment
from frameworks.oscal.catalog_document import CATALOG_FILE
from frameworks.oscal.form import identifier, line, metadata, properties, token

MAPPING_FILE: Final = "mapping-collection.json"

_RELATIONSHIPS: Final = {
    Relation.EQUAL: "equivalent-to",
    Relation.SUBSET: "subset-of",
    Relation.SUPERSET: "superset-of",
    Relation.INTERSECTS: "intersects-with",
}


def catalog_file(found: Assessment, framework: str) -> str:
    """Return the name of the file with the catalog of a framework."""
    return CATALOG_FILE if framework == found.catalog.id else f"catalog-{framework}.json"


def mapping_collection(found: Assessment) -> dict[str, Any] | None:
    """Return the mappings from and to the framework, or None where there are none: OSCAL knows no empty collection."""
    if not found.crosswalks:
        return None
    title = f"Mappings of {found.catalog.title}"
    return {
        "mapping-collection": {
            "uuid": identifier("mapping-collection", found.catalog.id, found.version),
            "metadata": metadata(title, modified=found.modified, version=found.version),
            "provenance": {
                "method": "human",
                "matching-rationale": "semantic",
                "status": "complete",
                "mapping-description": "a relation is about what is asked, and does not show that anything is met; "
                "pairs that are not here are not known to be unrelated",
            },
            "mappings": [_mapping(found, each) for each in found.crosswalks],
        }
    }


def _mapping(found: Assessment, crosswalk: Crosswalk) -> dict[str, Any]:
    return {
        "uuid": identifier("mapping", crosswalk.id),
        "source-resource": {"type": "catalog", "href": catalog_file(found, crosswalk.left)},
        "target-resource": {"type": "catalog", "href": catalog_file(found, crosswalk.right)},
        "maps": [_map(crosswalk, each) for each in crosswalk.relations],
    }


def _map(crosswalk: Crosswalk, related: Related) -> dict[str, Any]:
    return {
        "uuid": identifier("map", crosswalk.id, related.left, related.right),
        "relationship": _RELATIONSHIPS[related.relation],
        "sources": [{"type": "control", "id-ref": token(crosswalk.left, related.left)}],
        "targets": [{"type": "control", "id-ref": token(crosswalk.right, related.right)}],
        **properties({"source": related.source}),
        "remarks": line(related.rationale),
    }
