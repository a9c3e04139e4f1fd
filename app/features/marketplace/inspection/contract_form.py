"""Which JSON Schemas an agent may declare for its input and output: draft 2020-12, and nothing that leads elsewhere.

A schema refers to its own `$defs` alone, has one dialect and no vocabulary of its own, so that it means the same to
everybody, and two of them can be compared (`contract_diff`).
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs

from app.features.marketplace.inspection.errors import ManifestError

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
REFERENCE: Final = re.compile(r"#/\$defs/([A-Za-z0-9_.-]{1,100})")
_BANNED: Final = frozenset(
    {"$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$recursiveRef", "definitions", "dependencies"}
)
_VALUES: Final = frozenset({"const", "enum", "default", "examples"})
_MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})


def compiled(schema: dict[str, Any], side: str) -> jsonschema_rs.Draft202012Validator:
    """Return the validator of a schema, `side` (input, output) of a manifest; formats say nothing in it.

    Raises:
        ManifestError: it is no schema, of another dialect, or refers to something outside its own `$defs`.
    """
    for each in subschemas(schema):
        _hold(each, schema, side)
    try:
        if not jsonschema_rs.meta.is_valid({"$schema": DIALECT} | schema):
            raise ManifestError("schema", f"`{side}` is no JSON Schema", "JSON Schema, draft 2020-12")
        return jsonschema_rs.Draft202012Validator(
            schema, pattern_options=jsonschema_rs.RegexOptions(), validate_formats=False, offline=True
        )
    except (ValueError, TypeError, jsonschema_rs.ReferencingError):
        raise ManifestError("schema", f"`{side}` cannot be used", "JSON Schema, draft 2020-12") from None


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object that stands where a schema may stand, the whole first; values of `const` and such are none."""
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            yield each
            for name, value in each.items():
                if name in _MAPS and isinstance(value, dict):
                    waiting += value.values()
                elif name not in _VALUES:
                    waiting.append(value)


def _hold(each: dict[str, Any], whole: dict[str, Any], side: str) -> None:
    if (
        not _BANNED.isdisjoint(each)
        or each.get("$schema", DIALECT) != DIALECT
        or ("$defs" in each and each is not whole)
    ):
        raise ManifestError("schema", f"`{side}` has another dialect, or an identity", "draft 2020-12, `$defs` on top")
    if (reference := each.get("$ref")) is None:
        return
    found = REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    held = whole.get("$defs")
    if found is None or not isinstance(held, dict) or found[1] not in held:
        raise ManifestError("schema", f"`{side}` refers to something outside", "references to its own `$defs`")
