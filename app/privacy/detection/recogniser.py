"""What one recogniser looks for: a bounded expression, a check, and words around it that make it sure or rule it out.

Those that come with the service and those that an installation adds are of one form. Knows no file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from app.privacy.detection.checksums import Check
from app.privacy.detection.context import Text
from app.privacy.detection.finding import Finding, Lane

THRESHOLD: Final = 0.4
"""Below this, what was found is no finding."""


_FAR, _CLOSER = 0.2, 0.3


def surer(score: float, near: float) -> float:
    """Return a score by how close its word stands: where two kinds are said, the closer one is meant.

    Args:
        score: with a word not far before.
        near: see `Text.near`; more than 0.
    """
    return max(THRESHOLD, min(score - _FAR + _CLOSER * near, 0.99))


class Source(Protocol):
    """Something that finds candidates in a text."""

    def find(self, text: Text) -> Iterator[Finding]:
        """Yield candidates, which may overlap."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """A kind of personal data by its form.

    Attributes:
        name: unique among recognisers.
        kind: of what is found.
        expression: bounded; where it has a group `value`, that alone is found.
        score: 0 to 1, how sure it is by form and check.
        near_score: how sure with a word of `context` near it.
        context: lower case; words of five letters and more count inside longer words, as German writes them.
        unless: words directly before it that say that it is something else.
        check: has to hold; see `checksums`.
        languages: in which it is looked for; empty for all.
        digits: it cannot match without a digit, so a text without one is not looked at.
    """

    name: str
    kind: str
    expression: re.Pattern[str]
    score: float
    near_score: float
    context: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    check: Check | None = None
    languages: frozenset[str] = frozenset()
    digits: bool = False

    def find(self, text: Text) -> Iterator[Finding]:
        """Yield what has the form, holds the check, and is sure enough with the words around it."""
        if self._is_idle(text):
            return
        place = 0
        while match := self.expression.search(text.value, place):
            start, end = match.span("value") if "value" in self.expression.groupindex else match.span()
            held = self.check(text.value[start:end]) if self.check else end - start
            place = start + held if held else match.start() + 1
            near = text.near(self.context, start, start + held)
            score = max(self.score, surer(self.near_score, near)) if near else self.score
            if not held or score < THRESHOLD:
                continue
            if self.unless and not near and text.close_before(self.unless, start):
                continue
            yield Finding(start=start, end=start + held, kind=self.kind, score=score, lane=Lane.PATTERNS)

    def _is_idle(self, text: Text) -> bool:
        """Say whether nothing can be found: the wrong language, no digit, or no word without which it is not sure."""
        return (
            (self.digits and not text.has_digits)
            or (bool(self.languages) and text.language not in self.languages)
            or (self.score < THRESHOLD and not text.speaks_of(self.context))
        )
