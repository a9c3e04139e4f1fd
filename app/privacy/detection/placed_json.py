"""Where the values of a JSON text begin, by their paths. Knows no findings."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}:,]|[^\s\[\]{}:,"]++')
_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)")


def places(text: str) -> Mapping[tuple[str, bool], int]:
    """Return where each scalar and each name begins, by path (RFC 6901) and whether it is the name of the member.

    Args:
        text: JSON that a parser has read; of two members with the same name, the last counts.
    """
    return dict(_places(text))


def _places(text: str) -> Iterator[tuple[tuple[str, bool], int]]:
    path: list[str | int] = []
    named = False
    for match in _TOKEN.finditer(text):
        written = match[0]
        match written[0]:
            case "{" | "[":
                path.append("" if written == "{" else 0)
                named = written == "{"
            case "}" | "]":
                path.pop()
                named = False
            case ",":
                last = path[-1]
                named = isinstance(last, str)
                if isinstance(last, int):
                    path[-1] = last + 1
            case ":":
                named = False
            case _ if named:
                path[-1] = unescaped(written[1:-1])
                yield (_pointer(path), True), match.start() + 1
            case _:
                yield (_pointer(path), False), match.start() + written.startswith('"')


def offset_in(text: str, start: int, characters: int) -> int:
    """Return where the character of a string stands in JSON, which may write some of them with escapes.

    Args:
        text: the whole JSON.
        start: of the string, behind its quote.
        characters: of the string before the one that is looked for.
    """
    at = start
    for _ in range(characters):
        escape = _ESCAPE.match(text, at)
        pair = escape and escape[0][1:3] in {"ud", "uD"} and _ESCAPE.match(text, escape.end())
        at = pair.end() if pair and escape and escape[0][3] in "89abAB" else escape.end() if escape else at + 1
    return at


def unescaped(text: str) -> str:
    """Return the characters of a JSON string without its quotes."""
    return str(json.loads(f'"{text}"'))


def _pointer(path: list[str | int]) -> str:
    return "".join(f"/{str(each).replace('~', '~0').replace('/', '~1')}" for each in path)
