"""A framework as an OSCAL catalog, and the choice of all of it, or of a profile's part, as an OSCAL profile."""

from collections.abc import Collection
from typing import Any, Final

from frameworks.catalog import Catalog, Item
from frameworks.oscal.form import identifier, line, metadata, properties, some, token

CATALOG_FILE: Final = "catalog.json"
PROFILE_FILE: Final = "profile.json"


def catalog_document(catalog: Catalog, modified: str) -> dict[str, Any]:
    """Return the catalog: its groups, and of each item the id and our own words for it.

    The publisher's own text is not in it, where that is licensed: the source says where it is.
    """
    source = identifier("source", catalog.id, catalog.version)
    return {
        "catalog": {
            "uuid": identifier("catalog", catalog.id, catalog.version),
            "metadata": metadata(catalog.title, modified=modified, version=catalog.version)
            | properties({"framework": catalog.id, "publisher": catalog.publisher, "licence": catalog.licence}),
            "groups": [
                {"id": token(catalog.id, "group", name), "class": "group", "title": line(title)}
                | some("controls", (_control(catalog, each) for each in catalog.items.values() if each.group == name))
                for name, title in catalog.groups.items()
            ],
            "back-matter": {
                "resources": [{"uuid": source, "title": "Source", "rlinks": [{"href": catalog.source}]}],
            },
        }
    }


def _control(catalog: Catalog, item: Item) -> dict[str, Any]:
    found = token(catalog.id, item.id)
    return {
        "id": found,
        "class": token(item.kind),
        "title": line(item.summary),
        **properties(
            {
                "label": item.id,
                "effective-from": item.effective_from.isoformat(),
                "formerly": item.formerly.isoformat() if item.formerly else None,
                "unchecked": "true" if item.unchecked else None,
            }
        ),
        "parts": [{"id": f"{found}_smt", "name": "statement", "prose": item.summary}],
    }


def profile_document(catalog: Catalog, modified: str, excluded: Collection[str]) -> dict[str, Any]:
    """Return the profile that an assessment is held against: the framework without what does not apply."""
    left_out = [token(catalog.id, item) for item in catalog.items if item in excluded]
    return {
        "profile": {
            "uuid": identifier("profile", catalog.id, catalog.version),
            "metadata": metadata(f"{catalog.title}: what applies", modified=modified, version=catalog.version),
            "imports": [
                {"href": CATALOG_FILE, "include-all": {}}
                | some("exclude-controls", [{"with-ids": left_out}] if left_out else ())
            ],
            "merge": {"as-is": True},
        }
    }
