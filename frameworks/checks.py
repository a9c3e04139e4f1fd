"""What is checked of a population: exactly one of seven, as a file says it. How it is judged: `frameworks.judging`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from frameworks import condition, population
from frameworks.condition import Condition
from frameworks.errors import ControlError
from frameworks.members import Members
from frameworks.population import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """Each row holds all of the conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class NoRow:
    """There is no row: each is a deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """Rows of another population with the same key stand near each row in time.

    `key` is a path into the row, `by_key` one into the others; where `key` names a list, each of its entries is a key
    of its own and wants its rows, and where `by_key` does, a row counts under each. A row without a key is a deviation.
    A row is never its own witness.

    `at_least` rows are wanted, or, with `distinct`, rows with that many values at this path, those left out that equal
    what the row has at `other_than`.
    """

    by: Selection
    key: str
    by_key: str
    within: timedelta
    at_least: int = 1
    distinct: str | None = None
    other_than: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed(Linked):
    """They come at the row's time or later, at most `within` later. Before that time is up, nothing is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preceded(Linked):
    """They came at the row's time or before, at most `within` before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeastEvery:
    """From the start of the period to its end no longer time passes without a row."""

    gap: timedelta


@dataclass(frozen=True, slots=True)
class Unbroken:
    """In each chain no number is missing, and each record names the leaf hash of the one before it.

    Asked of every record, whatever the population: its rows are those that are counted.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMost:
    """No more rows than `count`: of each value at `per`, if it is said, and in any time as long as `within`, if it is.

    Each row beyond that is a deviation.
    """

    count: int
    per: str | None = None
    within: timedelta | None = None


Check = Each | NoRow | Followed | Preceded | AtLeastEvery | Unbroken | AtMost

_LINK: Final = ("by", "key", "by_key", "within", "at_least", "distinct", "other_than")


def parse(place: str, document: Any) -> Check:
    """Return the check that an object of a file says.

    Raises:
        ControlError: it says none, or two.
    """
    read = Members(place, document, [*_PARSED, "per", "within"])
    said = [name for name in _PARSED if name in read]
    if len(said) != 1:
        raise ControlError(f"{place}: exactly one is wanted of {', '.join(_PARSED)}")
    if said != ["at_most"] and (more := {"per", "within"} & read.document.keys()):
        raise read.wrong(min(more), f"does not belong to `{said[0]}`")
    return _PARSED[said[0]](read)


def _link(read: Members) -> dict[str, Any]:
    if "other_than" in read and "distinct" not in read:
        raise read.wrong("other_than", "is compared with `distinct`, which is not said")
    return {
        "by": population.parse(f"{read.place}: by", read.document.get("by"), of_records=True),
        "key": read.path("key"),
        "by_key": read.path("by_key"),
        "within": read.duration("within"),
        "at_least": read.number("at_least", least=1, most=100) if "at_least" in read else 1,
        "distinct": read.path("distinct") if "distinct" in read else None,
        "other_than": read.path("other_than") if "other_than" in read else None,
    }


def _true(read: Members, name: str, check: Check) -> Check:
    read.yes(name)
    return check


def _at_most(read: Members) -> Check:
    per = read.path("per") if "per" in read else None
    within = read.duration("within") if "within" in read else None
    return AtMost(count=read.number("at_most"), per=per, within=within)


_PARSED: Final[Mapping[str, Callable[[Members], Check]]] = {
    "each": lambda read: Each(conditions=condition.parse_all(read, "each")),
    "none": lambda read: _true(read, "none", NoRow()),
    "followed": lambda read: Followed(**_link(Members(f"{read.place}: followed", read.document["followed"], _LINK))),
    "preceded": lambda read: Preceded(**_link(Members(f"{read.place}: preceded", read.document["preceded"], _LINK))),
    "at_least_every": lambda read: AtLeastEvery(gap=read.duration("at_least_every")),
    "unbroken": lambda read: _true(read, "unbroken", Unbroken()),
    "at_most": _at_most,
}


def text(check: Check) -> str:
    """Return a check as a person reads it, in one line."""
    match check:
        case Each():
            return "each: " + "; ".join(each.text for each in check.conditions)
        case NoRow():
            return "none"
        case Linked():
            kind = "followed" if isinstance(check, Followed) else "preceded"
            values = f" distinct {check.distinct}" if check.distinct else " rows"
            other = f", other than {check.other_than}" if check.other_than else ""
            key = f"{check.key} = {check.by_key}"
            within = duration(check.within)
            return f"{kind} within {within} by at least {check.at_least}{values}{other} of {check.by.query} with {key}"
        case AtLeastEvery():
            return f"at least every {duration(check.gap)}"
        case Unbroken():
            return "unbroken"
        case AtMost():
            per = f" per {check.per}" if check.per else ""
            return f"at most {check.count}{per}" + (f" within {duration(check.within)}" if check.within else "")


def duration(span: timedelta) -> str:
    """Return a duration as a file says it, in its largest whole unit."""
    minutes = span // timedelta(minutes=1)
    for unit, size in (("d", 1440), ("h", 60)):
        if minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"
