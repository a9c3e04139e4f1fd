"""What breaks between two versions of an agent's contract.

Owns the question for whole manifests: an input that was valid is refused, an output is not what it was promised to be,
or something is asked for that was not asked for before. Unsure is breaking: `schema_order` has to prove the contrary.
"""

from collections.abc import Iterable
from typing import Any

from app.features.marketplace.inspection.manifest import Manifest
from app.features.marketplace.inspection.schema_order import includes


def breaking(old: Manifest, new: Manifest) -> list[str]:
    """Return what breaks from `old` to `new`, as sentences; nothing where whoever uses `old` can go on with `new`."""
    return [*_inputs(old, new), *_outputs(old, new), *asks_more(old, new)]


def asks_more(old: Manifest, new: Manifest) -> list[str]:
    """Return what `new` asks for and `old` did not: whoever installed `old` has not agreed to it."""
    said = [
        *_added("tool", old.tools, new.tools),
        *_added("host", old.hosts, new.hosts),
        *_added("secret", (each.name for each in old.secrets), (each.name for each in new.secrets)),
        *_added("variable of the environment", old.environment, new.environment),
        *_added("class of data", old.data_classes, new.data_classes),
    ]
    said += ["Programs are started now."] if new.subprocess and not old.subprocess else []
    held = {each.name: each.reference for each in old.secrets}
    moved = [each.name for each in new.secrets if held.get(each.name, each.reference) != each.reference]
    return said + [f"The secret `{name}` is another one now." for name in moved]


def _inputs(old: Manifest, new: Manifest) -> list[str]:
    if includes(old.input, new.input):
        return []
    return ["An input that was valid may be refused now."]


def _outputs(old: Manifest, new: Manifest) -> list[str]:
    gone = sorted(_properties(old.output) - _properties(new.output))
    said = [f"The property `{name}` is gone from the output." for name in gone]
    if not includes(new.output, old.output):
        said.append("An output may not be what was promised before.")
    return said


def _properties(schema: Any, place: str = "", depth: int = 0) -> set[str]:
    """Return the names that a schema lists, with where they stand; what it refers to is compared as a whole."""
    if not isinstance(schema, dict) or depth > 16:  # noqa: PLR2004 - deeper, the whole is compared alone
        return set()
    found: set[str] = set()
    for name, inner in schema.get("properties", {}).items():
        found |= {f"{place}{name}"} | _properties(inner, f"{place}{name}/", depth + 1)
    return found | _properties(schema.get("items"), f"{place}*/", depth + 1)


def _added(what: str, old: Iterable[str], new: Iterable[str]) -> list[str]:
    return [f"It asks for a new {what}: `{name}`." for name in sorted(set(new) - set(old))]
