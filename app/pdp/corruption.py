"""Facts corrupted one at a time: taken out, made null, made another type, emptied, and changed within their type.

Owns which corruptions there are of what a caller states. Whether one may be allowed is for tests of the policies.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from app.pdp.contract_values import Generator, instant, is_text_of, is_time, leaves, type_of
from app.pdp.strict_json import MAX_INTEGER

ABSENT: Final = ...
UNLIKE: Final = ("absent", "null", "type", "empty")
"""Kinds of change that no rule has to be able to cope with: the contract refuses them, unless it says otherwise."""

_OTHERS: Final[dict[str, list[Any]]] = {
    "text": ["zzz", "", "0", "true", "2026-11-22T14:00:00Z"],
    "number": [0, 1, -1, 1.5, MAX_INTEGER],
    "boolean": [True, False],
    "list": [[], [0], ["zzz"], [[]], [{}]],
    "object": [{}, {"a": 1}, {"zzz": True}],
}
_TYPES: Final[dict[type, str]] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "list",
    dict: "object",
}
_DAY: Final = 86_400
_KNOWN: Final = 40
_MORE: Final = 16
_FEW: Final = 96
_SHIFTS: Final = [
    *(1, 59, 60, 61, 299, 300, 301, 899, 901, 3_599, 3_601, 43_199, 43_201),
    *(_DAY * days for days in (1, 7, 30, 31, 45, 46, 90, 91, 365, 366, 2_556, 9_000)),
]


Document = dict[str, Any]
Schema = Mapping[str, Any]
_Path = tuple[str | int, ...]
_Told = tuple[str, Any] | tuple[str, Any, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One corruption: what becomes of the fact at `path`; `kind` is the word that an explanation uses for it.

    An `alias` differs in capitals alone from another text of the document, which is `of`.
    """

    path: tuple[str | int, ...]
    kind: str
    value: Any
    of: str = ""

    @property
    def place(self) -> str:
        """Return the path as explanations have it: all items of a list are one place."""
        return "/".join("*" if isinstance(name, int) else name for name in self.path)

    def apply(self, document: Document) -> Document:
        """Return `document` with this change; the document itself stays as it is."""
        *way, last = self.path
        result = dict(document)
        place: Any = result
        for name in way:
            place[name] = copy.copy(place[name])
            place = place[name]
        if self.value is ABSENT:
            del place[last]
        else:
            place[last] = self.value
        return result


def changes(document: Document, schema: Schema, generator: Generator) -> Iterator[Change]:
    """Yield every corruption of what a caller states in `document`."""
    stated = [document[part] for part in ("subject", "resource", "context")]
    texts = sorted({each for each in leaves(stated) if isinstance(each, str)})
    for path, value in _facts(document):
        seen = {repr(value)}
        for kind, other, *of in _values(value, at(schema, path), path, texts, generator):
            if repr(other) not in seen:
                seen.add(repr(other))
                yield Change(path, kind, other, *of)


def _facts(document: Document) -> Iterator[tuple[_Path, Any]]:
    for part in ("subject", "resource", "context"):
        yield from _places(document[part], (part,))


def _places(value: Any, path: _Path) -> Iterator[tuple[_Path, Any]]:
    """Yield the path and value of everything in `value`, itself included."""
    yield path, value
    names: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in names:
        yield from _places(value[name], (*path, name))


def _values(value: Any, schema: Schema | None, path: _Path, texts: list[str], generator: Generator) -> Iterator[_Told]:
    """Yield a word and a value for each thing that may become of `value`."""
    yield ("shorter" if isinstance(path[-1], int) else "absent"), ABSENT
    yield "null", None
    mine = _TYPES.get(type(value))
    for kind, others in _OTHERS.items():
        if kind != mine:
            yield from (("type", other) for other in others)
    match mine:
        case "boolean":
            yield "flip", not value
        case "number":
            yield from (("number", other) for other in _numbers(value, schema, generator.numbers))
        case "list":
            yield "empty", []
            yield from _lists(value, schema, generator)
        case "object":
            yield "empty", {}
        case "text":
            yield "empty", ""
            yield from _texts(value, schema, texts, generator)


def _numbers(value: Any, schema: Schema | None, known: Sequence[float]) -> Iterator[Any]:
    yield from [value + 1, value - 1, value + 0.5, -value, value * 2, 0, 1, MAX_INTEGER, -MAX_INTEGER, float(value)]
    yield from (each + step for each in known for step in (-1, 0, 1))
    if schema is not None and "minimum" in schema:
        least, most = schema["minimum"], schema["maximum"]
        yield from [least, most, least - 1, most + 1, least + 1, most - 1, (least + most) // 2]


def _lists(value: list[Any], schema: Schema | None, generator: Generator) -> Iterator[_Told]:
    yield from (("repeated", [*value, each]) for each in value)
    yield "repeated", value + value
    yield "repeated", (value * 65)[:65]
    yield "reordered", value[::-1]
    yield from (("reordered", value[place:] + value[:place]) for place in range(1, len(value)))
    yield from (("shorter", value[:length]) for length in range(1, len(value)))
    if schema is not None and "items" in schema:
        yield from (("longer", [*value, item]) for item in _items(schema["items"], generator))


def _items(schema: Schema, generator: Generator) -> Iterator[Any]:
    """Yield what a list may get more of: every text of a case, and every other known text where those are few.

    So what is found hangs on the action, and not on how many texts stand elsewhere.
    """
    if type_of(schema) == "string" and not {"enum", "const", "format"} & schema.keys():
        known = generator.fitting(schema)
        others = [text for text in known if text not in generator.told]
        yield from (text for text in known if text in generator.told)
        yield from others if len(others) <= _FEW else generator.random.sample(others, _MORE)
        yield from (generator.fresh(schema) for _ in range(3))
    else:
        yield from (generator.value(schema) for _ in range(3 * _MORE))


def _texts(value: str, schema: Schema | None, texts: list[str], generator: Generator) -> Iterator[_Told]:
    schema = schema if schema is not None and type_of(schema) == "string" else {"enum": [value]}
    kind = "time" if schema.get("format") == "date-time" else "text"
    if kind == "time" and is_time(value):
        yield from ((kind, _moved(value, sign * shift)) for shift in _SHIFTS for sign in (1, -1))
        yield from ((kind, instant(sign * shift)) for shift in _SHIFTS for sign in (1, -1))
        yield from ((kind, f"{value[:-1]}{end}") for end in ("", "z", "+00:00", ".5Z", " Z"))
    yield from ((kind, other) for other in (f"{value}x", f"x{value}", value[:-1], value[1:], value * 2, "x" * 9_000))
    yield from ((kind, other) for other in (f" {value}", f"{value} ", f"{value}\n", "*", "none", "null", "unknown"))
    yield from ((kind, other) for other in texts)
    for other in texts:
        spelt = {other.upper(), other.lower(), other.swapcase()} - {*texts}
        if is_text_of(schema, other):
            yield from (("alias", each, other) for each in sorted(spelt) if is_text_of(schema, each))
    if {"enum", "const"} & schema.keys():
        yield from ((kind, other) for other in schema.get("enum", [schema.get("const")]))
    else:
        yield from ((kind, generator.fresh(schema)) for _ in range(3))
        known = [other for other in generator.texts if is_text_of(schema, other)]
        yield from ((kind, other) for other in generator.random.sample(known, min(len(known), _KNOWN)))


def at(schema: Schema | None, path: Iterable[str | int]) -> Schema | None:
    """Return what a contract says of the place `path` in a document, or None."""
    for name in path:
        if schema is None:
            return None
        schema = schema.get("items") if isinstance(name, int) else schema.get("properties", {}).get(name)
    return schema


def _moved(text: str, seconds: int) -> str:
    return (datetime.fromisoformat(text) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
