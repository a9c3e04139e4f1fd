"""Secrets that no expression tells from words: private keys, and what is assigned to a name such as `password`.

Knows nothing of persons.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from app.privacy.detection.context import Text
from app.privacy.detection.finding import Finding, Kind, Lane

_BEGIN: Final = re.compile(r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----")
_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s\\:,.()-]{0,16384}+")
_NAMES: Final = (
    r"pass(?:word|wd|phrase|code|wort)?|pwd|kennwort|contraseña|mot[ _-]?de[ _-]?passe|secret(?:[_-]?(?:key|access[_-]?"
    r"key))?|(?:api|access|auth|private|secret|signing|encryption|account|shared)[_-]?key|apikey|(?:access|auth|api|id|"
    r"refresh|session|bearer|bot|csrf)?[_-]?token|client[_-]?secret|credentials?|connection[_-]?string|authorization"
)
_ASSIGNED: Final = re.compile(
    rf"(?<![A-Za-z])(?:[A-Za-z0-9]{{1,32}}[_.-]){{0,4}}(?:pg|my|db|ssh|ftp|smtp|ldap|admin|root|user|app)?(?P<name>{_NAMES})(?:[_-][a-z0-9]{{1,16}}){{0,2}}"
    r"(?:\\?[\"'`])?(?:\s{0,3}(?:=>|:=|=|:)\s{0,3}|\s(?:is|ist|est|es)\s(?:now\s)?:?\s?)"
    r"(?:\\?(?P<quote>[\"'`])(?P<quoted>[^\"'`\r\n]{4,512})|(?P<bare>[^\s\"'`,;<>{}()\[\]|&]{6,512}))",
    re.IGNORECASE,
)
_NOT_SECRET: Final = re.compile(
    r"\$|%[({]|\{|\.\.\.|\*{3}|<|\{\{|x{4,}|process\.|os\.|env|null|none|true|false|undefined|required|optional|string|str|bearer$"
    r"|changeme$|your|example$|redacted|example\.|(?:bearer|basic|token) |settings\.|config\.|self\.|this\.",
    re.IGNORECASE,
)
_LONGEST_WORD: Final = 6
_SCORE: Final = 0.93
_LEAST_BITS: Final = 2.8  # of a character, in what stands without quotes


class Credentials:
    """Finds secrets in texts, code and settings."""

    def find(self, text: Text) -> Iterator[Finding]:
        """Yield private keys from `BEGIN` to `END`, and what is assigned."""
        yield from _private_keys(text)
        for match in _ASSIGNED.finditer(text.value):
            part = "quoted" if match["quoted"] else "bare"
            value = match[part].rstrip("\\" if part == "quoted" else ".,:!?\\")
            if _is_secret(value, quoted=part == "quoted"):
                yield _secret(match.start(part), match.start(part) + len(value))


def entropy(text: str) -> float:
    """Return the bits of one character of a text, 0 to about 6."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _private_keys(text: Text) -> Iterator[Finding]:
    """Yield keys in PEM; one without an end lasts as long as base64 does."""
    place = 0
    while begin := _BEGIN.search(text.value, place):
        end = _END.search(text.value, begin.end(), begin.end() + 65_536)
        rest = _BASE64.match(text.value, begin.end())
        place = end.end() if end else rest.end() if rest else begin.end()
        yield _secret(begin.start(), place)


def _is_secret(value: str, *, quoted: bool) -> bool:
    """Say whether a value is one: no placeholder, no call, and without quotes not a word."""
    if len(value) < 4 or _NOT_SECRET.match(value):  # noqa: PLR2004
        return False
    if quoted:
        return not value.isalpha() or len(value) > _LONGEST_WORD if " " not in value else any(map(str.isdigit, value))
    mixed = any(map(str.isdigit, value)) or any(not each.isalnum() and each not in "._-/" for each in value)
    return mixed and entropy(value) > min(_LEAST_BITS, math.log2(len(value)) - 0.7)


def _secret(start: int, end: int) -> Finding:
    return Finding(start=start, end=end, kind=Kind.SECRET, score=_SCORE, lane=Lane.PATTERNS)
