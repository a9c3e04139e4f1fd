"""Labelled texts and documents, made from a seed: where personal data stand in them is known, as they were put there.

Two parts share neither templates nor names: `tuning`, by which recognisers may be judged while they are written, and
`held_out`, a third of all, which only says how good they are. `python -m tests.privacy.detection.labelled` writes them.
"""

import json
import random
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.privacy.detection.labelled_values import NOISE, STRUCTURED

NAMES = frozenset({"PERSON", "LOCATION"})
LANGUAGES = {"us": "en", "gb": "en", "in": "en", "de": "de", "fr": "fr", "es": "es", "nl": "nl", "pl": "pl", "it": "it"}
ROUNDS = {"tuning": 10, "held_out": 6}
_MARK = re.compile(r"«(\w+)»")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What was put at a place."""

    path: str
    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text or a JSON value, and what was put there."""

    value: Any
    spans: tuple[Span, ...]
    shape: str
    locale: str

    @property
    def language(self) -> str:
        return LANGUAGES[self.locale]

    def size(self) -> int:
        """Return its characters."""
        return len(self.value if isinstance(self.value, str) else json.dumps(self.value, ensure_ascii=False))


@dataclass(slots=True)
class _Filler:
    """Puts values in place of marks; the same name where a template repeats it."""

    rng: random.Random
    locale: str
    names: Mapping[str, Mapping[str, tuple[str, ...]]]
    spans: list[Span] = field(default_factory=list)
    last: tuple[str, str] = ("", "")

    def fill(self, template: Any, path: str = "") -> Any:
        if isinstance(template, Mapping):
            return {name: self.fill(each, f"{path}/{name}") for name, each in template.items()}
        if isinstance(template, list):
            return [self.fill(each, f"{path}/{place}") for place, each in enumerate(template)]
        return self._text(template, path) if isinstance(template, str) else template

    def _text(self, template: str, path: str) -> Any:
        parts, size, at = [], 0, 0
        for mark in _MARK.finditer(template):
            kind, value = self._value(mark[1])
            before = template[at : mark.start()]
            parts += [before, value]
            size += len(before)
            if kind:
                self.spans.append(Span(path=path, start=size, end=size + len(value), kind=kind))
            size += len(value)
            at = mark.end()
        text = "".join([*parts, template[at:]])
        return int(text) if template == "«card_number»" else text

    def _value(self, mark: str) -> tuple[str, str]:
        if mark in NOISE:
            return "", NOISE[mark](self.rng)
        if mark == "card_number":
            return "CARD", re.sub(r"\D", "", STRUCTURED["card"][1](self.rng, self.locale))
        if mark in STRUCTURED:
            kind, make = STRUCTURED[mark]
            return kind, make(self.rng, self.locale)
        names = self.names[self.locale if self.locale in self.names else "us"]
        if mark in {"person", "given", "low"} or (mark == "surname" and not self.last[1]):
            self.last = (self.rng.choice(names["given"]), self.rng.choice(names["surname"]))
        whole = " ".join(self.last)
        written = {"person": whole, "low": whole.lower(), "given": self.last[0], "surname": self.last[1]}
        if mark in written:
            return "PERSON", written[mark]
        return ("LOCATION" if mark == "place" else ""), self.rng.choice(names[mark])


@cache
def examples(part: str) -> tuple[Example, ...]:
    """Return one of the two parts, always the same."""
    return tuple(_examples(part))


def given(part: str) -> Any:
    """Return the names and templates of a part."""
    return yaml.safe_load(Path(__file__).with_name(f"{part}.yaml").read_text("utf-8"))


def at(value: Any, path: str) -> str:
    """Return the text at a path (RFC 6901) of a value; a number is its decimal text."""
    for part in path.split("/")[1:]:
        value = value[int(part) if isinstance(value, list) else part.replace("~1", "/").replace("~0", "~")]
    return str(value)


def _examples(part: str) -> Iterator[Example]:
    source = given(part)
    rng = random.Random(f"{part} 1")
    for _ in range(ROUNDS[part]):
        for each in source["templates"]:
            locale = rng.choice(each["locales"].split())
            filler = _Filler(rng, locale, source["names"])
            value = filler.fill(each["template"])
            yield Example(value=value, spans=tuple(filler.spans), shape=each["shape"], locale=locale)


if __name__ == "__main__":
    for name in ROUNDS:
        for example in examples(name):
            spans = [[each.path, each.start, each.end, each.kind] for each in example.spans]
            row = {"part": name, "shape": example.shape, "locale": example.locale, "value": example.value}
            sys.stdout.write(json.dumps(row | {"spans": spans}, ensure_ascii=False) + "\n")
