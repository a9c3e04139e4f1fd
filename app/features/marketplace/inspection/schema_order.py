"""Whether every value that one JSON Schema takes, another takes as well: proved, or not known.

A proof is by keyword: each demand of the wider schema has to follow from something the narrower one demands
(`schema_rules`). What no rule proves counts as not proved, so that `False` means "unsure or not", and `True` can be
relied upon. Both are schemas as `contract_form` lets them through: draft 2020-12, references to their own `$defs`
alone. A format is taken for a demand.
"""

from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs

from app.features.marketplace.inspection.contract_form import DIALECT, REFERENCE
from app.features.marketplace.inspection.schema_rules import BESIDE, NOTES, follows
from app.pdp.strict_json import encode

_STEPS: Final = 20_000
_DEPTH: Final = 40
_VALIDATORS: Final = 200
_WITH_OTHERS: Final = frozenset({"unevaluatedProperties", "unevaluatedItems", "if", "then", "else", "contains"})
"""Keywords whose meaning depends on those beside them: such a schema is compared as a whole."""


class _UnsureError(Exception):
    """It would take too long to find out."""


def includes(narrow: Any, wide: Any) -> bool:
    """Tell whether it is proved that `wide` takes every value that `narrow` takes."""
    try:
        return Proof(narrow, wide).holds(narrow, wide, 0)
    except _UnsureError:
        return False


class Proof:
    """A proof between two documents, each with definitions of its own."""

    def __init__(self, narrow: Any, wide: Any) -> None:
        self._narrow, self._wide = _definitions(narrow), _definitions(wide)
        self._alike = _same(self._narrow, self._wide)
        self._steps = self._validators = 0

    def holds(self, narrow: Any, wide: Any, depth: int) -> bool:
        """Tell whether each demand of `wide` follows from `narrow`."""
        self._step(depth)
        if wide is True or narrow is False:
            return True
        if wide is False:
            return False
        if narrow is True:
            return self._all([{}], wide, depth)
        if self.same(narrow, wide) or self._listed(narrow, wide):
            return True
        return self._all(list(self._members(narrow, depth)), wide, depth)

    def same(self, narrow: Any, wide: Any) -> bool:
        """Tell whether two parts say the same, word for word, and refer to the same if they refer to anything."""
        return self._alike and _same(narrow, wide)

    def referred(self, reference: str) -> Any:
        """Return what `reference` leads to in the wider document."""
        return _at(self._wide, reference)

    def _step(self, depth: int) -> None:
        self._steps += 1
        if self._steps > _STEPS or depth > _DEPTH:
            raise _UnsureError

    def _all(self, members: list[dict[str, Any]], wide: dict[str, Any], depth: int) -> bool:
        if not _WITH_OTHERS.isdisjoint(wide):
            return False
        demands = [_part(keyword, wide) for keyword in wide if keyword not in NOTES]
        return all(self._one(members, keyword, part, depth) for keyword, part in demands)

    def _one(self, members: list[dict[str, Any]], keyword: str, part: dict[str, Any], depth: int) -> bool:
        """Tell whether one demand follows from one of `members`, or from each branch of a choice that one leaves."""
        if any(follows(self, keyword, each, part, depth) for each in members):
            return True
        return any(all(self.holds(each, part, depth + 1) for each in branches) for branches in _choices(members))

    def _members(self, schema: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
        """Yield schemas that a value of `schema` all has to satisfy: itself, what it refers to, each of `allOf`."""
        self._step(depth)
        yield schema
        inner = [*schema.get("allOf", ())] + ([_at(self._narrow, schema["$ref"])] if "$ref" in schema else [])
        for each in inner:
            if isinstance(each, dict):
                yield from self._members(each, depth + 1)

    def _listed(self, narrow: dict[str, Any], wide: dict[str, Any]) -> bool:
        """Tell whether `narrow` lists its values, and `wide` takes each of them that `narrow` takes itself."""
        values = [narrow["const"]] if "const" in narrow else narrow.get("enum")
        if values is None:
            return False
        self._validators += 2
        if self._validators > _VALIDATORS:
            raise _UnsureError
        mine, other = _validator(narrow, self._narrow, formats=False), _validator(wide, self._wide, formats=True)
        return all(other.is_valid(each) or not mine.is_valid(each) for each in values)


def _choices(members: list[dict[str, Any]]) -> Iterator[list[Any]]:
    return (each[keyword] for each in members for keyword in ("anyOf", "oneOf") if keyword in each)


def _part(keyword: str, schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a keyword with the part of `schema` that says what it demands, and nothing else that is demanded."""
    beside = {each: _loosened(schema[each]) for each in BESIDE.get(keyword, ()) if each in schema}
    return keyword, beside | {keyword: schema[keyword]}


def _loosened(named: Any) -> Any:
    """Return names, patterns or places, with nothing demanded of what stands there."""
    return dict.fromkeys(named, True) if isinstance(named, dict) else [True] * len(named)


def _definitions(document: Any) -> dict[str, Any]:
    held: dict[str, Any] = document.get("$defs", {}) if isinstance(document, dict) else {}
    return held


def _at(definitions: dict[str, Any], reference: str) -> Any:
    found = REFERENCE.fullmatch(reference)
    if found is None or found[1] not in definitions:
        raise _UnsureError
    return definitions[found[1]]


def _same(one: Any, other: Any) -> bool:
    return encode(_ordered(one)) == encode(_ordered(other))


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(each) for each in value] if isinstance(value, list) else value


def _validator(schema: dict[str, Any], held: dict[str, Any], *, formats: bool) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {"$schema": DIALECT} | schema | {"$defs": held},
        pattern_options=jsonschema_rs.RegexOptions(),
        validate_formats=formats,
        offline=True,
    )
