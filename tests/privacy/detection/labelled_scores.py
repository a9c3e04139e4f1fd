"""How much of a labelled part a detector finds, and how much of what it finds is right, kind by kind."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.privacy.detection import document
from app.privacy.detection.detector import Detector
from app.privacy.detection.finding import Finding
from tests.privacy.detection import labelled


@dataclass(slots=True)
class Scores:
    """Counts by kind.

    Attributes:
        put: spans that are there.
        found: of them, those whose letters and digits all lie in findings of their kind.
        claimed: findings.
        right: of them, those that touch a span of their kind.
    """

    put: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    claimed: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)

    def recall(self, kind: str | None = None) -> float:
        return self.found[kind] / self.put[kind] if kind else self.found.total() / self.put.total()

    def precision(self, kind: str | None = None) -> float:
        return self.right[kind] / self.claimed[kind] if kind else self.right.total() / self.claimed.total()


def scored(
    part: str, detector: Detector, *, names: bool, find: Callable[..., tuple[Finding, ...]] = document.find_in
) -> Scores:
    """Return the scores on names, or on everything else."""
    scores = Scores()
    for example in labelled.examples(part):
        found = [
            each
            for each in find(example.value, detector, language=example.language)
            if (each.kind in labelled.NAMES) == names and not each.in_name
        ]
        put = [each for each in example.spans if (each.kind in labelled.NAMES) == names]
        for span in put:
            scores.put[span.kind] += 1
            scores.found[span.kind] += _holds(example, span, [each for each in found if _meet(each, span)])
        for each in found:
            scores.claimed[str(each.kind)] += 1
            scores.right[str(each.kind)] += any(_meet(each, span) for span in put)
    return scores


def _meet(finding: Finding, span: labelled.Span) -> bool:
    same = finding.path == span.path and finding.kind == span.kind
    return same and finding.start < span.end and span.start < finding.end


def _holds(example: labelled.Example, span: labelled.Span, found: Iterable[Finding]) -> bool:
    text = labelled.at(example.value, span.path)
    held = {place for each in found for place in range(each.start, each.end)}
    return all(place in held for place in range(span.start, span.end) if text[place].isalnum())
