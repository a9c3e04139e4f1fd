"""What follows from an auditor's work: phases of collection, the conclusion that the rule gives, and what is softer.

Pure. Knows no table and no page; what tests show: `frameworks.testing`.
"""

import hashlib
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

from frameworks.results import Outcome

_SECONDS: Final = len("2026-11-22T14:00:00")

TOLERATED: Final = 20
"""One deviation in so many records of a population is an exception; more of them make a control ineffective."""


class Phase(StrEnum):
    """What is tested when: what happened, once the period is over; how something is set up, while it lasts."""

    EVENTS = "events"
    CONFIGURATION = "configuration"


class WorkState(StrEnum):
    """How far something is that is done beside the request. `interrupted`: who had it in hand is gone."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def over(self) -> bool:
        """Tell whether nothing more will come of it."""
        return self in {WorkState.DONE, WorkState.FAILED, WorkState.INTERRUPTED}


class ItemResult(StrEnum):
    """What looking at one record came to."""

    AS_EXPECTED = "as_expected"
    EXCEPTION = "exception"
    UNCLEAR = "unclear"


class Conclusion(StrEnum):
    """What an auditor concludes on a control, from the softest to the hardest."""

    EFFECTIVE = "effective"
    EXCEPTIONS = "effective_with_exceptions"
    NOT_TESTED = "not_tested"
    INEFFECTIVE = "ineffective"


_HARDNESS: Final = tuple(Conclusion)


def softer(conclusion: Conclusion, rule: Conclusion) -> bool:
    """Tell whether a conclusion says less against a control than the rule does: that wants a written reason."""
    return _HARDNESS.index(conclusion) < _HARDNESS.index(rule)


def by_rule(outcomes: Iterable[tuple[Outcome, int, int]], items: Iterable[ItemResult], unlooked: int = 0) -> Conclusion:
    """Return the conclusion on a control that the rule gives.

    Args:
        outcomes: of each of its tests in the newest run: what it showed, deviations, and records of its population.
        items: the newest result of each record that was looked at.
        unlooked: how many records of samples nobody has looked at yet.
    """
    found = [each for each in outcomes if each[0] is not Outcome.DID_NOT_OCCUR]  # nothing occurred: nothing is said
    results = frozenset(items)
    if any(deviations * TOLERATED > count for outcome, deviations, count in found if outcome is Outcome.DEVIATIONS):
        return Conclusion.INEFFECTIVE
    if not found or unlooked or _open(frozenset(each[0] for each in found), results):
        return Conclusion.NOT_TESTED
    deviates = ItemResult.EXCEPTION in results or any(each[0] is Outcome.DEVIATIONS for each in found)
    return Conclusion.EXCEPTIONS if deviates else Conclusion.EFFECTIVE


def _open(outcomes: Collection[Outcome], results: Collection[ItemResult]) -> bool:
    return bool({Outcome.NOT_TESTED, Outcome.STALE} & set(outcomes)) or ItemResult.UNCLEAR in results


def seconds(moment: str) -> str:
    """Return a time of the log without fractions of a second, as policies compare it."""
    return f"{moment[:_SECONDS]}Z"


def drawn_id(engagement: str, test: str, population_sha256: str) -> str:
    """Return the id of the sample that is drawn for an engagement from the population of a test."""
    return hashlib.sha256(f"{engagement}|{test}|{population_sha256}".encode()).hexdigest()[:32]


def about_control(engagement: str, control: str, note: str) -> str:
    """Return what a note about a control is kept under; all its versions have it."""
    return f"{engagement}/{control}/{note}"


def about_item(sample: str, position: str) -> str:
    """Return what a note about a record of a sample is kept under; no engagement's id has a colon."""
    return f"{sample}:{position}"
