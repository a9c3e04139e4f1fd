"""Facts made up after a contract: valid ones, at the edges too, the same for the same seed."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as patterns  # type: ignore[attr-defined]

NOW = datetime(2026, 11, 22, 14, 0, 0, tzinfo=UTC)
"""The time at which cases are decided."""

STEPS = [0, 1, 2, 60, 119, 120, 121, 300, 301, 900, 901, 3_600, 43_200, 86_399, 86_400, 86_401, 604_800, 2_592_000]
STEPS += [86_400 * days for days in (31, 44, 45, 46, 89, 90, 91, 364, 365, 366, 2_555, 2_556, 7_000)]
LETTERS = "abcxyzABCXYZ019_-.:/+*!~ "


def instant(seconds):
    """Return the time `seconds` after `NOW` as facts have it."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_time(text):
    """Tell whether a text that looks like a time is one: there is no 31st of February."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def is_null_allowed(schema):
    return isinstance(schema.get("type"), list)


def type_of(schema):
    """Return the one type of a schema beside `null`."""
    kind = schema.get("type", "string")
    return next(each for each in kind if each != "null") if isinstance(kind, list) else kind


def at(schema, path):
    """Return what a contract says of the place `path` in a document, or None."""
    for name in path:
        if schema is None:
            return None
        schema = schema.get("items") if isinstance(name, int) else schema.get("properties", {}).get(name)
    return schema


@cache
def pattern_of(text):
    return re.compile(text)


def is_text_of(schema, text):
    """Tell whether a text is one that `schema` takes."""
    if "enum" in schema or "const" in schema:
        return text in schema.get("enum", [schema.get("const")])
    if not schema.get("minLength", 0) <= len(text) <= schema["maxLength"]:
        return False
    if schema.get("format") == "date-time" and not is_time(text):
        return False
    return "pattern" not in schema or pattern_of(schema["pattern"]).search(text) is not None


def leaves(value):
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


class Generator:
    """Makes facts. `known` are values that rules may ask for: of cases, of data, in the rules themselves."""

    def __init__(self, random, known):
        self.random = random
        known = (
            sorted({each for each in known if isinstance(each, str)}),
            [each for each in known if type(each) in {int, float}],
        )
        self.texts, self.numbers = known[0], sorted(set(known[1]))
        self._fitting = {}

    def value(self, schema):
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

    def unnamed(self, document, schema):
        """Return `document` with facts that `schema` does not name, which never reach a policy."""
        if not isinstance(document, dict) or "properties" not in schema:
            return document
        more = {name: self.unnamed(value, schema["properties"].get(name, {})) for name, value in document.items()}
        if self.random.random() < 0.3:
            name = self.random.choice(["claims", "allow", "admin", "$ref", "é", "passed"])
            if name not in schema["properties"]:
                more[name] = self.random.choice([True, None, {"role": "owner"}, [[]], 1e300, "x" * 50])
        return more

    def _object(self, schema):
        required = schema.get("required", ())
        return {
            name: self.value(member)
            for name, member in schema["properties"].items()
            if name in required or self.random.random() < 0.7
        }

    def _array(self, schema):
        least, most = schema.get("minItems", 0), schema["maxItems"]
        length = max(least, min(most, self.random.choice([0, 1, 1, 2, 2, 3, 4])))
        items = [self.value(schema["items"]) for _ in range(length)]
        if schema.get("uniqueItems"):
            items = [item for place, item in enumerate(items) if item not in items[:place]]
        while len(items) < least:
            item = self.value(schema["items"])
            items += [item] if not schema.get("uniqueItems") or item not in items else []
        return items

    def _number(self, schema, kind):
        if "enum" in schema or "const" in schema:
            return self.random.choice(schema.get("enum", [schema.get("const")]))
        least, most = schema["minimum"], schema["maximum"]
        near = [each + step for each in self.numbers for step in (-1, 0, 0, 1)]
        choices = [least, most, least + 1, most - 1, self.random.randint(int(least), int(most)), *near]
        value = self.random.choice([each for each in choices if least <= each <= most])
        if kind == "integer":
            return int(value)
        return value + self.random.choice([0, 0, 0.5, -0.25]) if least + 1 <= value <= most - 1 else value

    def _text(self, schema):
        if "enum" in schema or "const" in schema:
            return self.random.choice(schema.get("enum", [schema.get("const")]))
        if schema.get("format") == "date-time":
            return instant(self.random.choice([-1, -1, -1, 1]) * self.random.choice(STEPS))
        fitting = self.fitting(schema)
        if fitting and self.random.random() < 0.7:
            return self.random.choice(fitting)
        return self.fresh(schema)

    def fitting(self, schema):
        """Return the known texts that `schema` takes."""
        if id(schema) not in self._fitting:
            found = [text for text in self.texts if is_text_of(schema, text)]
            self._fitting[id(schema)] = (schema, found)  # with the schema: while it lives, nothing else has its id
        return self._fitting[id(schema)][1]

    def fresh(self, schema):
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
        raise AssertionError(f"no text for {schema}")

    def _matching(self, parts):
        return "".join(self._part(kind, of) for kind, of in parts)

    def _part(self, kind, of):
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
                raise AssertionError(f"teach the generator `{kind}`")
        return text

    def _one_of(self, choices):
        kind, of = self.random.choice(choices)
        assert kind in {kinds.LITERAL, kinds.RANGE}, f"teach the generator `{kind}`"
        return chr(of) if kind == kinds.LITERAL else chr(self.random.randint(*of))
