"""Populations and checks in plain words, for people who read no YAML. Pure; says all that the file says."""

from collections.abc import Iterable
from typing import Final

from frameworks.checks import AtLeastEvery, AtMost, Check, Each, Followed, Linked, NoRow, Preceded, Unbroken, duration
from frameworks.condition import Condition, Op
from frameworks.population import Selection

_OPS: Final = {
    Op.EQUALS: "is {}",
    Op.DIFFERS: "is there and is not {}",
    Op.IN: "is one of {}",
    Op.HAS: "has {}",
    Op.LACKS: "does not have {}",
    Op.AT_MOST: "is at most {}",
    Op.AT_LEAST: "is at least {}",
    Op.SAME_AS: "is the same as {}",
    Op.OTHER_THAN: "is another than {}",
}
_TRUTHS: Final = {
    (Op.EXISTS, True): "is there",
    (Op.EXISTS, False): "is not there",
    (Op.EMPTY, True): "is empty or not there",
    (Op.EMPTY, False): "is not empty",
}


def population(selection: Selection) -> str:
    """Return which rows a population has."""
    if selection.configuration:
        said = f"what runs now: {selection.configuration}"
    else:
        types = f"records of the type {_listed(selection.types)}" if selection.types else "records of any type"
        said = types + (f" about {_listed(selection.actions)}" if selection.actions else "")
    return said + (f", where {_all(selection.where)}" if selection.where else "")


def check(found: Check) -> str:  # noqa: PLR0911 - one for each kind
    """Return what is demanded of the rows."""
    match found:
        case Each():
            return f"in each of them {_all(found.conditions)}"
        case NoRow():
            return "there is none of them: each is a deviation"
        case Followed():
            return f"each is followed within {duration(found.within)} by {_others(found)}"
        case Preceded():
            return f"each was preceded within {duration(found.within)} by {_others(found)}"
        case AtLeastEvery():
            return f"no more than {duration(found.gap)} pass without one"
        case Unbroken():
            return "no number is missing in any chain, and each record names the hash of the one before it"
        case AtMost():
            per = f" for each value of {found.per}" if found.per else ""
            within = f" in any {duration(found.within)}" if found.within else ""
            return f"there are at most {found.count} of them{per}{within}"


def _others(link: Linked) -> str:
    wanted = f"{link.at_least} of: {population(link.by)}" if link.distinct is None else _distinct(link)
    return f"at least {wanted}; what belongs together has one {link.key}, there {link.by_key}"


def _distinct(link: Linked) -> str:
    other = f", none of them its own {link.other_than}" if link.other_than else ""
    return f"{link.at_least} with different {link.distinct}{other}, of: {population(link.by)}"


def _all(conditions: Iterable[Condition]) -> str:
    return " and ".join(_condition(each) for each in conditions)


def _condition(one: Condition) -> str:
    if one.op in {Op.EXISTS, Op.EMPTY}:
        return f"{one.path} {_TRUTHS[one.op, one.value]}"
    value = _listed([_shown(each) for each in one.value]) if one.op is Op.IN else _shown(one.value)
    return f"{one.path} {_OPS[one.op].format(value)}"


def _shown(value: object) -> str:
    match value:
        case None:
            return "null"
        case True:
            return "true"
        case False:
            return "false"
        case "":
            return "an empty text"
        case _:
            return str(value)


def _listed(names: Iterable[str]) -> str:
    *head, last = names
    return f"{', '.join(head)} or {last}" if head else last
