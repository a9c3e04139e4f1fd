"""A text, and the words around a place in it. Knows no kind of personal data."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

BEFORE: Final = 64
"""How far before a place a word speaks of it, in characters."""
BEHIND: Final = 24
"""How far behind."""
_CLOSE: Final = 24
_WORD: Final = re.compile(r"[^\W\d_]+")
_FILLERS: Final = frozenset({"to", "from", "is", "was", "no", "nr", "number", "num", "id"})
_LEAST_INSIDE: Final = 5
_BEHIND: Final = 0.2


@dataclass(frozen=True)
class Text:
    """A text, and what several recognisers ask of it.

    It has no slots, because it remembers what it has worked out.

    Attributes:
        value: the text.
        language: the first part of its tag, such as `en`.
    """

    value: str
    language: str = "en"

    @cached_property
    def lower(self) -> str:
        """The text in lower case, character by character: offsets stay what they are."""
        whole = self.value.lower()
        if len(whole) == len(self.value):
            return whole
        return "".join(low if len(low := each.lower()) == 1 else each for each in self.value)

    @cached_property
    def has_digits(self) -> bool:
        """Whether a digit stands in it."""
        return any(digit in self.value for digit in "0123456789")

    def speaks_of(self, words: tuple[str, ...]) -> bool:
        """Say whether one of `words` (lower case) stands anywhere in the text."""
        return any(word in self.lower for word in words)

    def near(self, words: tuple[str, ...], start: int, end: int) -> float:
        """Return how close one of `words` stands to a place: 0 for not near, 1 for directly before it.

        It has to stand in the line of the place or the one before it; behind it counts little.
        """
        before = "\n".join(self.lower[max(0, start - BEFORE) : start].rsplit("\n", 2)[-2:])
        behind = self.lower[end : end + BEHIND].partition("\n")[0]
        close = 0.0
        for word in words:
            if (place := _last(before, word)) >= 0:
                close = max(close, 1 - (len(before) - place) / (BEFORE + 1))
            if not close and _last(behind, word) >= 0:
                close = _BEHIND
        return close

    def close_before(self, words: tuple[str, ...], start: int) -> bool:
        """Say whether one of `words` stands directly before a place, or before words such as `to` and `is`."""
        said = _WORD.findall(self.lower[max(0, start - _CLOSE) : start].rpartition("\n")[2])
        while said and said[-1] in _FILLERS:
            said.pop()
        return bool(said) and said[-1] in words


def _last(stretch: str, word: str) -> int:
    """Return where `word` last ends as a word of `stretch`, or inside one if it has five letters and more; else -1."""
    at = stretch.rfind(word)
    while at >= 0:
        end = at + len(word)
        if len(word) >= _LEAST_INSIDE or not (stretch[at - 1 : at].isalpha() or stretch[end : end + 1].isalpha()):
            return end
        at = stretch.rfind(word, 0, at)
    return -1
