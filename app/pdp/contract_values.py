"""Values made up after a contract: valid ones, at the edges too, the same for the same seed.

Owns how a value of a schema is made, and texts of a pattern. What a rule may ask for is handed in; what a document is
made of, `contract_inputs` knows.
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as patterns  # type: ignore[attr-defined]
from typing import Any, Final

from app.pdp.errors import NoInputsError

NOW: Final = datetime(2026, 11, 22, 14, 0, 0, tzinfo=UTC)
"""The time at which cases are decided."""

_DAY: Final = 86_400
_SECONDS: Final = (0, 1, 2, 60, 119, 120, 121, 300, 301, 900, 901, 3_600, 43_200, 86_399, 86_400, 86_401)
_DAYS: Final = (7, 30, 31, 44, 45, 46, 89, 90, 91, 364, 365, 366, 2_555, 2_556, 7_000)
_STEPS: Final = (*_SECONDS, *(_DAY * days for days in _DAYS))
_LETTERS: Final = "abcxyzABCXYZ019_-.:/+*!~ "
_BEYOND: Final = "\u00e9\u4e2d\U0001f600"
_UNNAMED: Final = ("claims", "allow", "admin", "$ref", "\u00e9", "passed")
_DATE: Final = len("2026-11-22")
_TRIES: Final = 1_000
_OFTEN: Final = 0.7
_TRUE: Final = 0.6
_SELDOM: Final = 0.3
_NULL: Final = 0.2


def instant(seconds: int) -> str:
    """Return the time `seconds` after `NOW` as facts have it."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_time(text: str) -> bool:
    """Tell whether a text that looks like a time is one: there is no 31st of February."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def type_of(schema: Mapping[str, Any]) -> str:
    """Return the one type of a schema beside `null`."""
    kind: Any = schema.get("type", "string")
    found: str = next(each for each in kind if each != "null") if isinstance(kind, list) else kind
    return found


def is_text_of(schema: Mapping[str, Any], text: str) -> bool:
    """Tell whether a text is one that `schema` takes, as far as its form is known here."""
    if "enum" in schema or "const" in schema:
        return text in schema.get("enum", [schema.get("const")])
    if not schema.get("minLength", 0) <= len(text) <= schema["maxLength"]:
        return False
    if schema.get("format") == "date-time" and not is_time(text):
        return False
    return "pattern" not in schema or _pattern(schema["pattern"]).search(text) is not None


def leaves(value: Any) -> Iterator[Any]:
    """Yield every scalar in a value, and every name."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield name
            yield from leaves(member)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


class Generator:
    """Makes values. `known` are those that rules may ask for, of data or in the rules themselves; `told`, of cases."""

    def __init__(self, random: Random, known: Iterable[Any], told: Iterable[Any] = ()) -> None:
        self.random = random
        cases = list(told)
        given = [*known, *cases]
        self.told = frozenset(each for each in cases if isinstance(each, str))
        self.texts: Sequence[str] = sorted({each for each in given if isinstance(each, str)})
        self.numbers: Sequence[float] = sorted({each for each in given if type(each) in {int, float}})
        self._fitting: dict[int, tuple[Mapping[str, Any], Sequence[str]]] = {}

    def value(self, schema: Mapping[str, Any]) -> Any:
        """Return a value that `schema` takes.

        Raises:
            NoInputsError: it has a pattern for which no text is found.
        """
        if isinstance(schema.get("type"), list) and self.random.random() < _NULL:
            return None
        match type_of(schema):
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema)
            case "boolean":
                return schema.get("const", self.random.random() < _TRUE)
            case "integer" | "number" as kind:
                return self._number(schema, kind)
        return self._text(schema)

    def unnamed(self, document: Any, schema: Mapping[str, Any]) -> Any:
        """Return `document` with facts that `schema` does not name, which never reach a policy."""
        if not isinstance(document, dict) or "properties" not in schema:
            return document
        more = {name: self.unnamed(value, schema["properties"].get(name, {})) for name, value in document.items()}
        if self.random.random() < _SELDOM:
            name = self.random.choice(_UNNAMED)
            if name not in schema["properties"]:
                more[name] = self.random.choice([True, None, {"role": "owner"}, [[]], 1e300, "x" * 50])
        return more

    def fitting(self, schema: Mapping[str, Any]) -> Sequence[str]:
        """Return the known texts that `schema` takes."""
        if id(schema) not in self._fitting:
            found = [text for text in self.texts if is_text_of(schema, text)]
            self._fitting[id(schema)] = (schema, found)  # with the schema: while it lives, nothing else has its id
        return self._fitting[id(schema)][1]

    def fresh(self, schema: Mapping[str, Any]) -> str:
        """Return a text that `schema` takes and that is, in all likelihood, new.

        Raises:
            NoInputsError: none is found.
        """
        if schema.get("format") in {"date", "date-time"}:
            text = instant(self.random.randrange(-_DAY, _DAY))
            return text if schema["format"] == "date-time" else text[:_DATE]
        for _ in range(_TRIES):
            text = self._free(schema)
            if is_text_of(schema, text):
                return text
        raise NoInputsError(f"no text is found for the pattern `{schema.get('pattern')}`")

    def _free(self, schema: Mapping[str, Any]) -> str:
        if "pattern" in schema:
            return self._matching(_parsed(schema["pattern"]))
        most = min(schema["maxLength"], 12)
        return "".join(self.random.choices(_LETTERS + _BEYOND, k=self.random.randint(1, max(1, most))))

    def _object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            name: self.value(member)
            for name, member in schema["properties"].items()
            if name in required or self.random.random() < _OFTEN
        }

    def _array(self, schema: Mapping[str, Any]) -> list[Any]:
        least, most = schema.get("minItems", 0), schema["maxItems"]
        length = max(least, min(most, self.random.choice([0, 1, 1, 2, 2, 3, 4])))
        items = [self.value(schema["items"]) for _ in range(length)]
        if not schema.get("uniqueItems"):
            return items
        items = [item for place, item in enumerate(items) if item not in items[:place]]
        for _ in range(_TRIES):
            if len(items) >= least:
                return items
            item = self.value(schema["items"])
            items += [item] if item not in items else []
        raise NoInputsError(f"no {least} items are found that differ")

    def _number(self, schema: Mapping[str, Any], kind: str) -> float:
        if "enum" in schema or "const" in schema:
            stated: int = self.random.choice(schema.get("enum", [schema.get("const")]))
            return stated
        least, most = schema["minimum"], schema["maximum"]
        near = [each + step for each in self.numbers for step in (-1, 0, 0, 1)]
        choices = [least, most, least + 1, most - 1, self.random.randint(int(least), int(most)), *near]
        value: float = self.random.choice([each for each in choices if least <= each <= most])
        if kind == "integer":
            return int(value)
        return value + self.random.choice([0, 0, 0.5, -0.25]) if least + 1 <= value <= most - 1 else value

    def _text(self, schema: Mapping[str, Any]) -> Any:
        if "enum" in schema or "const" in schema:
            return self.random.choice(schema.get("enum", [schema.get("const")]))
        if schema.get("format") == "date-time":
            return instant(self.random.choice([-1, -1, -1, 1]) * self.random.choice(_STEPS))
        fitting = self.fitting(schema)
        if fitting and self.random.random() < _OFTEN:
            return self.random.choice(fitting)
        return self.fresh(schema)

    def _matching(self, parts: Iterable[Any]) -> str:
        return "".join(self._part(kind, of) for kind, of in parts)

    def _part(self, kind: Any, of: Any) -> str:
        """Return a text for one part of a pattern; what looks around is left to whoever checks the whole text."""
        match kind:
            case kinds.MAX_REPEAT | kinds.MIN_REPEAT:
                least, most, inner = of
                times = self.random.randint(least, min(int(most), least + 8))
                return "".join(self._matching(inner) for _ in range(times))
            case kinds.SUBPATTERN:
                return self._matching(of[3])
            case kinds.BRANCH:
                return self._matching(self.random.choice(of[1]))
            case kinds.LITERAL | kinds.IN | kinds.NOT_LITERAL | kinds.ANY:
                return self._character(kind, of)
        return ""

    def _character(self, kind: Any, of: Any) -> str:
        match kind:
            case kinds.LITERAL:
                return chr(of)
            case kinds.RANGE:
                return chr(self.random.randint(*of))
            case kinds.IN:
                return self._character(*self.random.choice(of))
        return self.random.choice(_LETTERS)  # a class, or all but some: a text that does not fit is not kept


@cache
def _pattern(text: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):  # `[[` will be a set in a set one day
            return re.compile(text)
    except re.error:
        raise NoInputsError(f"the pattern `{text}` is of a syntax that no texts can be made for") from None


@cache
def _parsed(text: str) -> Any:
    _pattern(text)
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        return patterns.parse(text)
