"""Where in a JSON text something stands, as an editor counts: lines and characters from 1.

Owns finding the place of what a file of a bundle was refused for. What is refused, and why, is known to those who
parse; they see values, which have no place.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.pdp.errors import MalformedRequestError
from app.pdp.strict_json import MAX_DEPTH, parse

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


@dataclass(slots=True)
class _Container:
    """An object or array that is not closed yet, and the name or index of the member that comes."""

    is_object: bool
    member: str = ""
    index: int = 0
    wants_name: bool = True

    @property
    def name(self) -> str:
        return self.member if self.is_object else str(self.index)


@dataclass(frozen=True, slots=True)
class _Token:
    """A name, a scalar or an opening bracket; `path` leads to the value that it is, or that it names."""

    path: tuple[str, ...]
    start: int
    text: str
    is_name: bool


def place_of(data: bytes, path: Sequence[str]) -> str:
    """Return `line:column` of the member at `path`, names and indexes, or of the nearest above it that is there."""
    text = data.decode(errors="replace")
    starts: dict[tuple[str, ...], int] = {}
    for token in _tokens(text):
        starts.setdefault(token.path, token.start)
    found = (starts[above] for length in range(len(path), -1, -1) if (above := tuple(path[:length])) in starts)
    return _counted(text, next(found, 0))


def place_of_breach(data: bytes, code: str) -> str:
    """Return `line:column` of the first thing in `data` for which `strict_json.parse` refuses it with `code`."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return _counted(valid := data[: error.start].decode(), len(valid))
    is_breach: Callable[[_Token], bool] = _Scalar(code)
    if code == "too_deep":
        is_breach = _is_too_deep
    elif code == "duplicate_name":
        is_breach = _Twice()
    elif code == "not_json" and (wrong := _syntax_error(text)) is not None:
        return _counted(text, wrong)
    return _counted(text, next((token.start for token in _tokens(text) if is_breach(token)), 0))


def _counted(text: str, position: int) -> str:
    before = text[:position]
    return f"{before.count(chr(10)) + 1}:{position - before.rfind(chr(10))}"


def _syntax_error(text: str) -> int | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos
    except ValueError:  # an integer of thousands of digits is JSON
        return None
    return None


def _tokens(text: str) -> Iterator[_Token]:
    """Yield what stands in `text`, whether or not it is JSON as a whole."""
    around: list[_Container] = []
    for found in _TOKEN.finditer(text):
        symbol, inner = found[0], around[-1] if around else None
        if symbol in {"}", "]"}:
            del around[-1:]
        elif symbol == ",":
            if inner:
                inner.index, inner.wants_name = inner.index + 1, True
        elif symbol != ":":
            is_name = inner is not None and inner.is_object and inner.wants_name
            if inner and is_name:
                inner.member, inner.wants_name = _unquoted(symbol), False
            yield _Token(tuple(each.name for each in around), found.start(), symbol, is_name)
            if symbol in {"{", "["}:
                around.append(_Container(symbol == "{"))


def _unquoted(token: str) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token


def _is_too_deep(token: _Token) -> bool:
    return token.text in {"{", "["} and len(token.path) >= MAX_DEPTH


class _Twice:
    """Tells whether a name stands in its object for the second time."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, ...]] = set()

    def __call__(self, token: _Token) -> bool:
        known = token.is_name and token.path in self._seen
        if token.is_name:
            self._seen.add(token.path)
        return known


class _Scalar:
    """Tells whether a token is by itself what is refused with a code."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __call__(self, token: _Token) -> bool:
        if token.text in {"{", "["}:
            return False
        try:
            parse(token.text.encode(errors="replace"), max_bytes=1 << 20)
        except MalformedRequestError as error:
            return error.code == self._code
        return False
