"""What both lanes promise: findings of a text, sorted, disjoint, within it.

Also what becomes of findings that overlap. Knows no kind of personal data.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from app.privacy.detection.finding import Finding

_LEAST_REST: Final = 2  # letters or digits that make a rest worth a finding of its own


class Detector(Protocol):
    """Finds personal data in a text. It never raises, whatever the text holds."""

    def find(self, text: str, *, language: str = "en") -> tuple[Finding, ...]:
        """Return what stands in `text`: sorted, not overlapping, offsets in code points.

        Args:
            text: of any length; what it costs grows with it, so callers bound it.
            language: BCP 47, its first part alone is looked at; one that the detector does not know changes little.
        """
        ...


@dataclass(frozen=True, slots=True)
class Lanes:
    """Several detectors as one.

    Attributes:
        detectors: each is asked.
    """

    detectors: tuple[Detector, ...]

    def find(self, text: str, *, language: str = "en") -> tuple[Finding, ...]:
        """Return what any of them finds."""
        return disjoint([each for one in self.detectors for each in one.find(text, language=language)], text)


def disjoint(findings: Iterable[Finding], text: str) -> tuple[Finding, ...]:
    """Return `findings` of one text without overlaps, sorted.

    The surest wins, then the longest. Of the others stays what the winners leave of them, without the spaces and marks
    at its ends: a stretch that somebody found is never left out because another finding took a part of it.
    """
    taken: list[Finding] = []  # sorted and disjoint at any time
    for each in sorted(findings, key=lambda one: (-one.score, one.start - one.end, one.start, one.kind)):
        at = bisect_right(taken, each.start, key=lambda one: one.end)
        until = bisect_left(taken, each.end, key=lambda one: one.start)
        if at == until:
            taken.insert(at, each)
        elif at < until:
            taken[at:until] = _with_rests(taken[at:until], each, text)
    return tuple(taken)


def _with_rests(winners: list[Finding], loser: Finding, text: str) -> list[Finding]:
    """Return `winners` with what they leave of `loser` between them."""
    edges = [loser.start, *(edge for each in winners for edge in (each.start, each.end)), loser.end]
    rests = [_trimmed(text, start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    left = [replace(loser, start=rest[0], end=rest[1]) for rest in rests if rest]
    return sorted([*winners, *left], key=lambda one: one.start)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return a stretch without spaces and marks at its ends, or nothing where little is left."""
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return (start, end) if sum(map(str.isalnum, text[start:end])) >= _LEAST_REST else None
