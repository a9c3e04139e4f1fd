"""What is known of a value before there is an input: which kinds it may be of, and whether it is there at all.

Owns what a contract and the data of a bundle say of a reference. `machine_profile` draws conclusions from it. A value
about which nothing is known may be anything, or nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

COLLECTIONS: Final = frozenset({"array", "object", "set"})
LONG: Final = "long"
"""The kind of a list in the data that has many items; others are as long as an input, a source or a loop allows."""

JOINED: Final = "joined"
"""The kind of a list that two others were joined to."""

_WIDER: Final = {"time": "string", LONG: "array", JOINED: "array"}
_TIME: Final = "time"
_MAX_MEMBERS: Final = 256  # of data: more are not looked at one by one
_PYTHON: Final = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value that is of one of `kinds` (None: of any). `time` is text that is a time; a number is `number`.

    `defined`: it is there, whatever the input is. `members` are those of an object that are known by name, `items` all
    there may be in a collection beside them; None says that nothing is known.
    """

    kinds: frozenset[str] | None
    defined: bool = False
    members: Mapping[str, "Value"] = field(default_factory=dict)
    items: "Value | None" = None

    def within(self, kinds: Iterable[str]) -> bool:
        """Tell whether it can be of these kinds alone; a time is a string, a long list or a joined one a list."""
        allowed = {*kinds}
        return self.kinds is not None and all(kind in allowed or _WIDER.get(kind) in allowed for kind in self.kinds)

    def member(self, name: str) -> "Value":
        """Return what stands under `name`."""
        found = self.members.get(name)
        if found is None:
            return ANY if self.items is None else known(self.items, defined=False)
        return known(found, defined=self.defined and found.defined and self.within({"object"}))

    def any_member(self) -> "Value":
        """Return what an iteration over it may meet: each is there, or there is none."""
        parts = [*self.members.values(), *([] if self.items is None else [self.items])]
        unknown = self.kinds is None or not parts
        return known(ANY if unknown else either(parts), defined=True)


ANY: Final = Value(kinds=None)


def of(kind: str, *, defined: bool = True, items: Value | None = None) -> Value:
    """Return a value of one kind."""
    return Value(kinds=frozenset({kind}), defined=defined, items=items)


def either(values: Iterable[Value]) -> Value:
    """Return what may be any of `values`, and is there if all of them are."""
    parts = list(values)
    if len(parts) == 1:
        return parts[0]
    defined = bool(parts) and all(part.defined for part in parts)
    if not parts or any(part.kinds is None for part in parts):
        return Value(kinds=None, defined=defined)
    inner = [part for part in parts if part.kinds and part.kinds & {*COLLECTIONS, LONG, JOINED}]
    whole = [part.any_member() for part in inner]
    unknown = not inner or any(each.kinds is None for each in whole)
    return Value(
        kinds=frozenset(kind for part in parts for kind in part.kinds or ()),
        defined=defined,
        items=None if unknown else either(whole),
    )


def of_schema(schema: Mapping[str, Any], *, defined: bool) -> Value:
    """Return what a contract's `schema` says of a value that keeps it."""
    stated = schema.get("type", "string")
    kinds = {"number" if kind == "integer" else kind for kind in ([stated] if isinstance(stated, str) else stated)}
    if schema.get("format") == "date-time" and "string" in kinds:
        kinds = kinds - {"string"} | {_TIME}
    required = schema.get("required", ())
    return Value(
        kinds=frozenset(kinds),
        defined=defined,
        members={
            name: of_schema(member, defined=name in required) for name, member in schema.get("properties", {}).items()
        },
        items=of_schema(schema["items"], defined=True) if "items" in schema else None,
    )


def of_datum(datum: Any) -> Value:
    """Return what is known of a value that stands in the bundle's data."""
    kind = _PYTHON[type(datum)]
    inner = datum if isinstance(datum, list) else [*datum.values()] if isinstance(datum, dict) else []
    if len(inner) > _MAX_MEMBERS:
        return of(LONG if isinstance(datum, list) else kind)
    if isinstance(datum, dict):
        return Value(
            kinds=frozenset({kind}), defined=True, members={name: of_datum(each) for name, each in datum.items()}
        )
    return of(kind, items=either(map(of_datum, inner)) if inner else None)


def known(value: Value, *, defined: bool) -> Value:
    """Return the same value, said to be there or said that it may not be."""
    return Value(kinds=value.kinds, defined=defined, members=value.members, items=value.items)
