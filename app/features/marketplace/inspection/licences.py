"""Which licences the parts of an artifact bear: read as SPDX expressions, and held against a list of denied ones.

Which are denied, policy data say. A choice (`A OR B`) is denied where each of its alternatives is.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from license_expression import ExpressionError, Licensing, get_spdx_licensing

from app.features.marketplace.inspection.bom import Component

_MAX_EXPRESSION: Final = 500
_MAX_TERMS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Licences:
    """What was found, by the names of components: without a licence, with one nobody knows, with a denied one."""

    unlicensed: tuple[str, ...]
    unknown: tuple[str, ...]
    denied: tuple[str, ...]


def examined(components: Iterable[Component], denied: Collection[str]) -> Licences:
    """Return what the licences of `components` are worth; `denied` are SPDX ids."""
    found: dict[str, list[str]] = {"unlicensed": [], "unknown": [], "denied": [], "fine": []}
    for each in components:
        found[standing(each.licences, denied)].append(each.name)
    return Licences(
        unlicensed=tuple(sorted(found["unlicensed"])),
        unknown=tuple(sorted(found["unknown"])),
        denied=tuple(sorted(found["denied"])),
    )


def standing(licences: Collection[str], denied: Collection[str]) -> str:
    """Return `unlicensed`, `unknown`, `denied` or `fine`: the worst that is stated."""
    if not licences:
        return "unlicensed"
    stands = {_of(text, frozenset(each.lower() for each in denied)) for text in licences}
    return next(each for each in ("denied", "unknown", "fine") if each in stands)


def _of(text: str, denied: frozenset[str]) -> str:
    expression = _parsed(text)
    if expression is None:
        return "unknown"
    return "denied" if not _permits(expression, denied) else "fine"


@cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


def _parsed(text: str) -> Any:
    """Return the expression in `text`, None where it is none or names what SPDX does not."""
    if (
        len(text) > _MAX_EXPRESSION
        or text.count("(") + text.upper().count(" AND ") + text.upper().count(" OR ") > _MAX_TERMS
    ):
        return None
    try:
        expression = _licensing().parse(text, validate=True, strict=True)
    except (ExpressionError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    return expression


def _permits(expression: Any, denied: frozenset[str]) -> bool:
    """Tell whether something is left to choose that is not denied."""
    operator = type(expression).__name__
    if operator == "OR":
        return any(_permits(each, denied) for each in expression.args)
    if operator == "AND":
        return all(_permits(each, denied) for each in expression.args)
    return denied.isdisjoint(each.key.lower() for each in expression.decompose())  # a licence, and its exception
