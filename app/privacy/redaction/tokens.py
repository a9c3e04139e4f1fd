"""Tokens in a text, such as `<EMAIL_1>`: how they look, how text that already looks so is told apart, and the way back.

A token has one form, `<` kind `_` number `>`. Where the text itself has that form, or that form with equals signs
behind the `<`, it gets one equals sign more there; restoring takes it away again. So whatever the text was, it comes
back to the character. Pure: knows neither values nor whose they are.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Self

KIND: Final = re.compile(r"[A-Z][A-Z0-9_]{0,31}", re.ASCII)
"""What a kind of personal data is called; see `app.privacy.detection.finding.Kind`."""

MOST: Final = 999_999_999
"""The greatest number of a token."""

_TOKEN: Final = re.compile(r"<(=*)([A-Z][A-Z0-9_]{0,31})_([1-9][0-9]{0,8})>", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Token:
    """Stands for one value, of one kind, of one subject, in one scope."""

    kind: str
    number: int

    def __str__(self) -> str:
        """Return the token as it stands in a text."""
        return f"<{self.kind}_{self.number}>"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the token that `text` is.

        Raises:
            ValueError: it is none.
        """
        found = _TOKEN.fullmatch(text)
        if found is None or found[1]:
            raise ValueError("this is no token")
        return cls(found[2], int(found[3]))


def assembled(pieces: Iterable[str | Token]) -> str:
    """Return the text of these pieces: tokens as they are, and every other run of text escaped as a whole.

    Runs are escaped after what stands side by side was joined, so that no two of them make a token between them.
    """
    return "".join(
        "".join(map(str, run)) if tokens else _escaped("".join(map(str, run)))
        for tokens, run in groupby(pieces, key=lambda piece: isinstance(piece, Token))
    )


def tokens_in(text: str) -> Iterator[Token]:
    """Yield the tokens of a text, in its order."""
    return (Token(found[2], int(found[3])) for found in _TOKEN.finditer(text) if not found[1])


def restored(text: str, value: Callable[[Token], str | None]) -> str:
    """Return the text that was, where `value` returns what a token stands for; None leaves the token as it is."""

    def back(found: re.Match[str]) -> str:
        if found[1]:
            return f"<{found[0][2:]}"
        known = value(Token(found[2], int(found[3])))
        return found[0] if known is None else known

    return _TOKEN.sub(back, text)


def _escaped(text: str) -> str:
    return _TOKEN.sub(lambda found: f"<={found[0][1:]}", text)
