# ruff: noqa: PLR2004 - chances
"""Facts made up after a contract: valid ones, at the edges too, the same for the same seed.

Owns how a value is made that a contract takes, and whole documents around such values. Evaluates nothing.
"""

import copy
import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as patterns  # type: ignore[attr-defined]
from typing import Any, Final

from app.pdp.bundle import Bundle

Schema = Mapping[str, Any]
Document = dict[str, Any]

NOW: Final = datetime(2026, 11, 22, 14, 0, 0, tzinfo=UTC)
"""The time at which cases are decided."""

_DAY: Final = 86_400
STEPS: Final = [
    *(0, 1, 2, 60, 119, 120, 121, 300, 301, 900, 901, 3_600, 43_200, 86_399, 86_400, 86_401, 604_800, 2_592_000),
    *(_DAY * days for days in (31, 44, 45, 46, 89, 90, 91, 364, 365, 366, 2_555, 2_556, 7_000)),
]
"""Seconds that limits are made of."""

LETTERS: Final = "abcxyzABCXYZ019_-.:/+*!~ "


def instant(seconds: int) -> str:
    """Return the time `seconds` after `NOW` as facts have it."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_time(text: str) -> bool:
    """Tell whether a text that looks like a time is one: there is no 31st of February."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def is_null_allowed(schema: Schema) -> bool:
    """Tell whether a schema takes `null` beside its type."""
    return isinstance(schema.get("type"), list)


def type_of(schema: Schema) -> str:
    """Return the one type of a schema beside `null`."""
    kind: Any = schema.get("type", "string")
    found: str = next(each for each in kind if each != "null") if isinstance(kind, list) else kind
    return found


def at(schema: Schema | None, path: Iterable[str | int]) -> Schema | None:
    """Return what a contract says of the place `path` in a document, or None."""
    for name in path:
        if schema is None:
            return None
        schema = schema.get("items") if isinstance(name, int) else schema.get("properties", {}).get(name)
    return schema


@cache
def pattern_of(text: str) -> re.Pattern[str]:
    """Return a compiled pattern."""
    return re.compile(text)


def is_text_of(schema: Schema, text: str) -> bool:
    """Tell whether a text is one that `schema` takes."""
    if "enum" in schema or "const" in schema:
        return text in schema.get("enum", [schema.get("const")])
    if not schema.get("minLength", 0) <= len(text) <= schema["maxLength"]:
        return False
    if schema.get("format") == "date-time" and not is_time(text):
        return False
    return "pattern" not in schema or pattern_of(schema["pattern"]).search(text) is not None


def leaves(value: Any) -> Iterator[Any]:
    """Yield every scalar in a value, and every name."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from leaves(member)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


class UnmadeError(Exception):
    """A contract asks for a text that nobody here knows how to make."""


class Generator:
    """Makes facts. `known` are values that rules may ask for: of cases, of data, in the rules themselves."""

    def __init__(self, chance: random.Random, known: Iterable[Any]) -> None:
        """Make facts by `chance`: the same for the same seed, contract and known values."""
        known = list(known)
        self.random = chance
        self.texts: Sequence[str] = sorted({each for each in known if isinstance(each, str)})
        self.numbers: Sequence[float] = sorted({each for each in known if type(each) in {int, float}})
        self._fitting: dict[int, tuple[Schema, list[str]]] = {}

    def value(self, schema: Schema) -> Any:
        """Return a value that `schema` takes."""
        if is_null_allowed(schema) and self.random.random() < 0.2:
            return None
        match type_of(schema):
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema)
            case "boolean":
                return schema.get("const", self.random.random() < 0.6)
            case "integer" | "number" as kind:
                return self._number(schema, kind)
        return self._text(schema)

    def unnamed(self, document: Any, schema: Schema) -> Any:
        """Return `document` with facts that `schema` does not name, which never reach a policy."""
        if not isinstance(document, dict) or "properties" not in schema:
            return document
        more = {name: self.unnamed(value, schema["properties"].get(name, {})) for name, value in document.items()}
        if self.random.random() < 0.3:
            name = self.random.choice(["claims", "allow", "admin", "$ref", "é", "passed"])
            if name not in schema["properties"]:
                more[name] = self.random.choice([True, None, {"role": "owner"}, [[]], 1e300, "x" * 50])
        return more

    def _object(self, schema: Schema) -> Document:
        required = schema.get("required", ())
        return {
            name: self.value(member)
            for name, member in schema["properties"].items()
            if name in required or self.random.random() < 0.7
        }

    def _array(self, schema: Schema) -> list[Any]:
        least, most = schema.get("minItems", 0), schema["maxItems"]
        length = max(least, min(most, self.random.choice([0, 1, 1, 2, 2, 3, 4])))
        items = [self.value(schema["items"]) for _ in range(length)]
        if schema.get("uniqueItems"):
            items = [item for place, item in enumerate(items) if item not in items[:place]]
        while len(items) < least:
            item = self.value(schema["items"])
            items += [item] if not schema.get("uniqueItems") or item not in items else []
        return items

    def _number(self, schema: Schema, kind: str) -> Any:
        if "enum" in schema or "const" in schema:
            return self.random.choice(schema.get("enum", [schema.get("const")]))
        least, most = schema["minimum"], schema["maximum"]
        near = [each + step for each in self.numbers for step in (-1, 0, 0, 1)]
        choices = [least, most, least + 1, most - 1, self.random.randint(int(least), int(most)), *near]
        value = self.random.choice([each for each in choices if least <= each <= most])
        if kind == "integer":
            return int(value)
        return value + self.random.choice([0, 0, 0.5, -0.25]) if least + 1 <= value <= most - 1 else value

    def _text(self, schema: Schema) -> Any:
        if "enum" in schema or "const" in schema:
            return self.random.choice(schema.get("enum", [schema.get("const")]))
        if schema.get("format") == "date-time":
            return instant(self.random.choice([-1, -1, -1, 1]) * self.random.choice(STEPS))
        fitting = self.fitting(schema)
        if fitting and self.random.random() < 0.7:
            return self.random.choice(fitting)
        return self.fresh(schema)

    def fitting(self, schema: Schema) -> list[str]:
        """Return the known texts that `schema` takes."""
        if id(schema) not in self._fitting:
            found = [text for text in self.texts if is_text_of(schema, text)]
            self._fitting[id(schema)] = (schema, found)  # with the schema: while it lives, nothing else has its id
        return self._fitting[id(schema)][1]

    def fresh(self, schema: Schema) -> str:
        """Return a text that `schema` takes and that is, in all likelihood, new."""
        if schema.get("format") == "date-time":
            return instant(self.random.randrange(-86_400, 86_400))
        for _ in range(1_000):
            if "pattern" in schema:
                text = self._matching(patterns.parse(schema["pattern"]))
            else:
                most = min(schema["maxLength"], 12)
                text = "".join(
                    self.random.choices(LETTERS + "é\u4e2d\U0001f600", k=self.random.randint(1, max(1, most)))
                )
            if is_text_of(schema, text):
                return text
        raise UnmadeError("no text that keeps a pattern of the contract is found")

    def _matching(self, parts: Any) -> str:
        return "".join(self._part(kind, of) for kind, of in parts)

    def _part(self, kind: Any, of: Any) -> str:
        match kind:
            case kinds.LITERAL:
                text = chr(of)
            case kinds.AT:
                text = ""
            case kinds.IN:
                text = self._one_of(of)
            case kinds.MAX_REPEAT:
                least, most, inner = of
                times = self.random.randint(least, min(int(most), least + 8))
                text = "".join(self._matching(inner) for _ in range(times))
            case kinds.SUBPATTERN:
                text = self._matching(of[3])
            case kinds.BRANCH:
                text = self._matching(self.random.choice(of[1]))
            case _:
                raise UnmadeError(f"a pattern of the contract has `{kind}`")
        return text

    def _one_of(self, choices: Any) -> str:
        kind, of = self.random.choice(choices)
        if kind not in {kinds.LITERAL, kinds.RANGE}:
            raise UnmadeError(f"a pattern of the contract has `{kind}`")
        return chr(of) if kind == kinds.LITERAL else chr(self.random.randint(*of))


_COMMENT: Final = re.compile(r"^\s*#.*$", re.MULTILINE)
_TEXT: Final = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_TABLE: Final = re.compile(r"\bdata\.([a-z][a-z0-9_]*)")
_HOUR: Final = 3_600


def named(bundle: Bundle, files: Iterable[str]) -> set[str]:
    """Return every text that the rules in `files`, or the data they read, are written with."""
    sources = [_COMMENT.sub("", bundle.modules[file]) for file in files]
    tables = {name for source in sources for name in _TABLE.findall(source)} - {"rules", "lib"}
    data = json.loads(bundle.data)
    texts = {text for source in sources for text in _TEXT.findall(source)}
    return texts | {each for name in tables for each in leaves(data.get(name)) if isinstance(each, str)}


def generator(bundle: Bundle, action: str, files: Iterable[str], cases: Iterable[Document]) -> Generator:
    """Return what makes facts for an action out of everything its rules, data and cases are written with."""
    limits = json.loads(bundle.data).get("thresholds", {}).get(action.partition(".")[0], {})
    return Generator(random.Random(action), [*named(bundle, files), *leaves(limits), *leaves(list(cases))])  # noqa: S311


def inputs(
    bundle: Bundle, action: str, files: Iterable[str], cases: Sequence[Document], count: int
) -> Iterator[Document]:
    """Yield `count` documents that the contract of `action` holds for, with facts in some that it does not name.

    Half are made from the contract alone, values at the edges of its bounds, of the limits and of the cases among
    them; half are `cases`, which keep the contract, with up to four facts made anew, so that gates fail one at a time.

    Raises:
        UnmadeError: the contract asks for what cannot be made.
    """
    contract = bundle.actions[action].contract
    maker = generator(bundle, action, files, cases)
    chance = random.Random(f"inputs of {action}")  # noqa: S311 - the same each time
    for number in range(count):
        if number % 2 and cases:
            facts = _varied(chance, maker, contract.schema, chance.choice(cases))
        else:
            facts = maker.value(contract.schema)
        document = _document(chance, maker.unnamed(facts, contract.schema), action)
        if contract.check(document):
            raise UnmadeError("what is made does not keep the contract")
        yield document


def _document(chance: random.Random, facts: Document, action: str) -> Document:
    moved = chance.choice([0, 0, 0, 1, -1]) * chance.choice(
        [1, _HOUR, 3 * _HOUR, 11 * _HOUR, 24 * _HOUR, 50 * _HOUR, 2_000 * _HOUR]
    )
    environment = {"time": instant(moved), "tenant": "default", "caller": action.partition(".")[0]}
    parts = {part: dict(facts.get(part, {})) for part in ("subject", "resource", "context")}
    return parts | {"action": {"name": action}, "environment": environment}


def _varied(chance: random.Random, maker: Generator, schema: Schema, case: Document) -> Document:
    """Return the facts of a case with some of them made anew or, where they may be, left out."""
    facts = copy.deepcopy({part: case[part] for part in ("subject", "resource", "context")})
    for _ in range(chance.choice([0, 1, 1, 1, 2, 3, 4])):
        _vary(chance, maker, schema, facts)
    return facts


def _vary(chance: random.Random, maker: Generator, schema: Schema, value: Document) -> None:
    """Make one fact anew, somewhere below `value`."""
    names = [name for name in schema["properties"] if name in value or chance.random() < 0.1]
    if not names:
        return
    name = chance.choice(names)
    below = schema["properties"][name]
    inner = value.get(name)
    if isinstance(inner, dict) and below.get("properties") and chance.random() < 0.9:
        _vary(chance, maker, below, inner)
    elif isinstance(inner, list) and inner and "properties" in below["items"] and chance.random() < 0.7:
        _vary(chance, maker, below["items"], chance.choice(inner))
    elif name not in schema.get("required", ()) and chance.random() < 0.3:
        value.pop(name, None)
    else:
        value[name] = maker.value(below)
