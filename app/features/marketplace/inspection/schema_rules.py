"""From which demands of one JSON Schema which demand of another follows: a rule for each keyword.

A rule sees one schema object that is known to hold, and one demand with what belongs to it; it says yes only where
that is certain. `schema_order` puts them together.
"""

from collections.abc import Callable, Iterator
from math import inf
from typing import Any, Final, Protocol

_TYPES: Final = frozenset({"null", "boolean", "object", "array", "number", "string"})
NOTES: Final = frozenset(
    {
        "$schema",
        "$comment",
        "$defs",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
    }
)
"""Keywords that demand nothing."""

BESIDE: Final = {"additionalProperties": ("properties", "patternProperties"), "items": ("prefixItems",)}
"""Which keywords another reads to know what is left for it."""


class Proving(Protocol):
    """What a rule asks about the parts of schemas."""

    def holds(self, narrow: Any, wide: Any, depth: int) -> bool:
        """Tell whether it is proved that `wide` takes what `narrow` takes."""

    def same(self, narrow: Any, wide: Any) -> bool:
        """Tell whether they say the same."""

    def referred(self, reference: str) -> Any:
        """Return what `reference` leads to in the wider document."""


Rule = Callable[[Proving, dict[str, Any], dict[str, Any], int], bool]


def follows(proof: Proving, keyword: str, narrow: dict[str, Any], wide: dict[str, Any], depth: int) -> bool:
    """Tell whether what `keyword` demands in `wide` follows from `narrow` alone."""
    if keyword in _APPLIES and _APPLIES[keyword] not in _types(narrow):
        return True
    if (rule := _RULES.get(keyword)) is not None and rule(proof, narrow, wide, depth):
        return True
    alone = keyword in _EQUAL_IS_ENOUGH and keyword in narrow
    return alone and proof.same(narrow[keyword], wide[keyword])


def _types(schema: dict[str, Any]) -> frozenset[str]:
    """Return the types of the values that `schema` takes at most; an integer is a number."""
    stated = schema.get("type", sorted(_TYPES))
    named = [stated] if isinstance(stated, str) else stated
    return frozenset("number" if each == "integer" else each for each in named)


def _type(_: Proving, narrow: dict[str, Any], wide: dict[str, Any], __: int) -> bool:
    mine, theirs = (_type_names(each) for each in (narrow, wide))
    return all(each in theirs or (each == "integer" and "number" in theirs) for each in mine)


def _type_names(schema: dict[str, Any]) -> list[str]:
    stated: Any = schema.get("type", sorted(_TYPES))
    return [stated] if isinstance(stated, str) else list(stated)


def _bound(*, upper: bool, exclusive: bool) -> Rule:
    """Return the rule of one bound of numbers."""
    inclusive, strict = ("maximum", "exclusiveMaximum") if upper else ("minimum", "exclusiveMinimum")
    sign = -1 if upper else 1

    def rule(_: Proving, narrow: dict[str, Any], wide: dict[str, Any], __: int) -> bool:
        demanded = sign * wide[strict if exclusive else inclusive]
        own = sign * narrow[inclusive] if inclusive in narrow else -inf
        own_strict = sign * narrow[strict] if strict in narrow else -inf
        return bool(own_strict >= demanded or (own > demanded if exclusive else own >= demanded))

    return rule


def _count(keyword: str, *, upper: bool) -> Rule:
    """Return the rule of one bound of a length."""

    def rule(_: Proving, narrow: dict[str, Any], wide: dict[str, Any], __: int) -> bool:
        if upper:
            return bool(narrow.get(keyword, inf) <= wide[keyword])
        return bool(narrow.get(keyword, 0) >= wide[keyword])

    return rule


def _required(_: Proving, narrow: dict[str, Any], wide: dict[str, Any], __: int) -> bool:
    return set(wide["required"]) <= set(narrow.get("required", ()))


def _multiple(_: Proving, narrow: dict[str, Any], wide: dict[str, Any], __: int) -> bool:
    own, demanded = narrow.get("multipleOf"), wide["multipleOf"]
    if isinstance(own, int) and isinstance(demanded, int):
        return own % demanded == 0
    return own == demanded or (demanded == 1 and _type_names(narrow) == ["integer"])


def _properties(proof: Proving, narrow: dict[str, Any], wide: dict[str, Any], depth: int) -> bool:
    return all(
        any(_all_hold(proof, governing, demanded, depth) for governing in _governing(narrow, name))
        for name, demanded in wide["properties"].items()
    )


def _governing(narrow: dict[str, Any], name: str) -> Iterator[list[Any]]:
    """Yield lists of schemas: where each of a list proves something, the member `name` is proved to satisfy it.

    Which patterns match a name depends on a dialect of regular expressions, so it may be any of them, or none.
    """
    if name in narrow.get("properties", {}):
        yield [narrow["properties"][name]]
    else:
        yield [*narrow.get("patternProperties", {}).values(), narrow.get("additionalProperties", True)]


def _all_hold(proof: Proving, schemas: list[Any], demanded: Any, depth: int) -> bool:
    return all(proof.holds(each, demanded, depth + 1) for each in schemas)


def _additional(proof: Proving, narrow: dict[str, Any], wide: dict[str, Any], depth: int) -> bool:
    named, patterns = wide.get("properties", {}), wide.get("patternProperties", {})
    own = [schema for name, schema in narrow.get("properties", {}).items() if name not in named]
    own += [schema for pattern, schema in narrow.get("patternProperties", {}).items() if pattern not in patterns]
    own.append(narrow.get("additionalProperties", True))
    return _all_hold(proof, own, wide["additionalProperties"], depth)


def _patterns(proof: Proving, narrow: dict[str, Any], wide: dict[str, Any], depth: int) -> bool:
    own = narrow.get("patternProperties", {})
    every = [*narrow.get("properties", {}).values(), *own.values(), narrow.get("additionalProperties", True)]
    return all(
        proof.holds(own[pattern], demanded, depth + 1) if pattern in own else _all_hold(proof, every, demanded, depth)
        for pattern, demanded in wide["patternProperties"].items()
    )


def _prefix(proof: Proving, narrow: dict[str, Any], wide: dict[str, Any], depth: int) -> bool:
    return all(proof.holds(_item(narrow, place), each, depth + 1) for place, each in enumerate(wide["prefixItems"]))


def _items(proof: Proving, narrow: dict[str, Any], wide: dict[str, Any], depth: int) -> bool:
    begins = len(wide.get("prefixItems", ()))
    own = [*narrow.get("prefixItems", ())[begins:], narrow.get("items", True)]
    return _all_hold(proof, own, wide["items"], depth)


def _item(schema: dict[str, Any], place: int) -> Any:
    first = schema.get("prefixItems", ())
    return first[place] if place < len(first) else schema.get("items", True)


def _reference(proof: Proving, narrow: dict[str, Any], wide: dict[str, Any], depth: int) -> bool:
    return proof.holds(narrow, proof.referred(wide["$ref"]), depth + 1)


def _every(proof: Proving, narrow: dict[str, Any], wide: dict[str, Any], depth: int) -> bool:
    return all(proof.holds(narrow, each, depth + 1) for each in wide["allOf"])


def _some(proof: Proving, narrow: dict[str, Any], wide: dict[str, Any], depth: int) -> bool:
    return any(proof.holds(narrow, each, depth + 1) for each in wide["anyOf"])


_RULES: Final[dict[str, Rule]] = {
    "type": _type,
    "minimum": _bound(upper=False, exclusive=False),
    "exclusiveMinimum": _bound(upper=False, exclusive=True),
    "maximum": _bound(upper=True, exclusive=False),
    "exclusiveMaximum": _bound(upper=True, exclusive=True),
    "multipleOf": _multiple,
    "minLength": _count("minLength", upper=False),
    "maxLength": _count("maxLength", upper=True),
    "minItems": _count("minItems", upper=False),
    "maxItems": _count("maxItems", upper=True),
    "minProperties": _count("minProperties", upper=False),
    "maxProperties": _count("maxProperties", upper=True),
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "patternProperties": _patterns,
    "prefixItems": _prefix,
    "items": _items,
    "$ref": _reference,
    "allOf": _every,
    "anyOf": _some,
}
_EQUAL_IS_ENOUGH: Final = frozenset(
    {
        "enum",
        "const",
        "pattern",
        "format",
        "uniqueItems",
        "propertyNames",
        "dependentRequired",
        "anyOf",
        "oneOf",
        "not",
        "minContains",
        "maxContains",
    }
)
_APPLIES: Final = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(("minItems", "maxItems", "uniqueItems", "items", "prefixItems"), "array"),
    **dict.fromkeys(
        (
            "minProperties",
            "maxProperties",
            "required",
            "properties",
            "additionalProperties",
            "patternProperties",
            "propertyNames",
            "dependentRequired",
        ),
        "object",
    ),
}
