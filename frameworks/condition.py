"""A condition on one row: a path into it, and what stands there. Compiled to a closure, as it is asked of millions.

A path is names of members joined by dots. Where a list stands on the way, the rest of the path is taken of each entry
that is an object and has it, and what is there is the list of what was found. Values are compared with their kind:
`true` is not `1`. A missing path fails every operator but `exists: false`, `lacks` and `empty: true`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from frameworks.errors import ControlError
from frameworks.members import LONGEST, MOST, Members

Holds = Callable[[Mapping[str, Any]], bool]
"""Tells whether a condition holds of a row's document."""

Walk = Callable[[Mapping[str, Any]], Any]
"""Returns what stands at a path of a row's document, or `MISSING`."""


class Missing:
    """What stands where nothing stands."""


MISSING: Final = Missing()
"""The only one of its kind."""


class Op(StrEnum):
    """What is asked of what stands at the path.

    * `equals` it is this value, `differs` it is there and another;
    * `in` it is one of these values;
    * `has` it is a list with this value, `lacks` it is a list without it, or is not there;
    * `exists` whether it is there; `null` is;
    * `at_most`, `at_least` it is a number and the value is, or both are texts (times are): no more, no less;
    * `same_as` it equals what stands at another path, `other_than` both are there and differ;
    * `empty` true: it is not there, or is null, "", [] or {}; false: it is there and none of these.
    """

    EQUALS = "equals"
    DIFFERS = "differs"
    IN = "in"
    HAS = "has"
    LACKS = "lacks"
    EXISTS = "exists"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    SAME_AS = "same_as"
    OTHER_THAN = "other_than"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One of them, as a file says it; `value` of `in` is a tuple, of `same_as` and `other_than` a path."""

    path: str
    op: Op
    value: Any

    @property
    def text(self) -> str:
        """Return it in one line, such as `body.result.failed lacks reviewed`."""
        value = ", ".join(map(_shown, self.value)) if self.op is Op.IN else _shown(self.value)
        return f"{self.path} {self.op.replace('_', ' ')} {value}"


def parse(place: str, document: Any) -> Condition:
    """Return the condition that an object of a file says.

    Raises:
        ControlError: it says none.
    """
    read = Members(place, document, ["path", *Op])
    path = read.path("path")
    said = [Op(name) for name in read.document if name != "path"]
    if len(said) != 1:
        raise ControlError(f"{place}: beside `path` one operator is wanted, of {', '.join(Op)}")
    return Condition(path=path, op=said[0], value=_value(read, said[0]))


def parse_all(read: Members, name: str) -> tuple[Condition, ...]:
    """Return the conditions that a member lists.

    Raises:
        ControlError: it does not list conditions.
    """
    return tuple(parse(f"{read.place}: {name}[{number}]", each) for number, each in enumerate(read.entries(name)))


def _value(read: Members, op: Op) -> Any:
    match op:
        case Op.EQUALS | Op.DIFFERS | Op.HAS | Op.LACKS:
            return _scalar(read, op, read.document[op])
        case Op.IN:
            return tuple(_scalar(read, op, each) for each in read.entries(op))
        case Op.EXISTS | Op.EMPTY:
            if not isinstance(value := read.document[op], bool):
                raise read.wrong(op, "is `true` or `false`")
            return value
        case Op.AT_MOST | Op.AT_LEAST:
            value = read.document[op]
            return read.text(op) if isinstance(value, str) else read.number(op, least=-(2**53), most=2**53)
        case Op.SAME_AS | Op.OTHER_THAN:
            return read.path(op)


def _scalar(read: Members, name: str, value: Any) -> Any:
    if value is None or type(value) in {bool, int}:
        return value
    if isinstance(value, str) and len(value) <= LONGEST and value.isprintable():
        return value
    raise read.wrong(name, f"wants text, a whole number, `true`, `false` or `null`, in lists at most {MOST}")


def walk(path: str) -> Walk:
    """Return what takes from a document what stands at `path`."""
    names = tuple(path.split("."))

    def taken(document: Any) -> Any:
        value = document
        try:
            for name in names:  # nearly always there are only objects on the way
                value = value[name]
        except KeyError:
            return MISSING
        except TypeError:
            return _walked(document, names)
        return value

    return taken


def _walked(document: Any, names: Sequence[str]) -> Any:
    for number, name in enumerate(names):
        if isinstance(document, list):
            return _of_each(document, names[number:])
        document = document.get(name, MISSING) if isinstance(document, dict) else MISSING
    return document


def _of_each(entries: Sequence[Any], names: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for each in entries:
        value = _walked(each, names) if isinstance(each, dict) else MISSING
        if isinstance(value, list):
            found.extend(value)
        elif value is not MISSING:
            found.append(value)
    return found


def equal(one: Any, other: Any) -> bool:
    """Tell whether two values are the same, their kind included."""
    return type(one) is type(other) and bool(one == other)


def holds_all(conditions: Sequence[Condition]) -> Holds:
    """Return what tells whether all of them hold of a document."""
    lists: dict[str, set[str]] = {}
    others = []
    for each in conditions:  # that a list has none of many is asked of all rows, and is asked at once
        if each.op is Op.LACKS and isinstance(each.value, str):
            lists.setdefault(each.path, set()).add(each.value)
        else:
            others.append(holds(each))
    compiled = (*others, *(_lacking(walk(path), frozenset(values)) for path, values in lists.items()))
    if len(compiled) == 1:
        return compiled[0]
    return lambda document: all(each(document) for each in compiled)


def _lacking(at: Walk, values: frozenset[str]) -> Holds:
    def lacks(document: Mapping[str, Any]) -> bool:
        found = at(document)
        if isinstance(found, list):
            return not any(type(each) is str and each in values for each in found)
        return found is MISSING

    return lacks


def holds(condition: Condition) -> Holds:
    """Return what tells whether a condition holds of a document."""
    at, value = walk(condition.path), condition.value
    if condition.op in {Op.SAME_AS, Op.OTHER_THAN}:
        other, wanted = walk(value), condition.op is Op.SAME_AS
        return lambda document: (
            MISSING not in (both := (at(document), other(document))) and equal(both[0], both[1]) is wanted
        )
    asked = _ASKED[condition.op]
    return lambda document: asked(at(document), value)


def _among(value: Any, values: Sequence[Any]) -> bool:
    return any(equal(value, each) for each in values)


def _empty(found: Any) -> bool:
    return found is MISSING or found is None or found in ("", [], {})


_ASKED: Final[Mapping[Op, Callable[[Any, Any], bool]]] = {
    Op.EQUALS: equal,
    Op.DIFFERS: lambda found, value: found is not MISSING and not equal(found, value),
    Op.IN: _among,
    Op.HAS: lambda found, value: isinstance(found, list) and _among(value, found),
    Op.LACKS: lambda found, value: found is MISSING or (isinstance(found, list) and not _among(value, found)),
    Op.EXISTS: lambda found, value: (found is not MISSING) is value,
    Op.AT_MOST: lambda found, value: type(found) is type(value) and bool(found <= value),
    Op.AT_LEAST: lambda found, value: type(found) is type(value) and bool(found >= value),
    Op.EMPTY: lambda found, value: _empty(found) is value,
}


def _shown(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
