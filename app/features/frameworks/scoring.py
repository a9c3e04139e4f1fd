"""The score of a framework: how many of its criteria have controls that are all effective. Pure.

A control is judged by the newest result of each of its tests and by its findings. Nothing is called effective that was
not tested, and what did not occur is counted apart.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from app.features.frameworks.declared import Controls, Declared
from frameworks.testing import Outcome


class Standing(IntEnum):
    """How a control, or a criterion, stands; the worst of its parts decides."""

    EFFECTIVE = 0
    UNKNOWN = 1
    DEVIATING = 2


_OF: Final = {
    Outcome.EFFECTIVE: Standing.EFFECTIVE,
    Outcome.DID_NOT_OCCUR: Standing.EFFECTIVE,
    Outcome.DEVIATIONS: Standing.DEVIATING,
    Outcome.STALE: Standing.UNKNOWN,
    Outcome.NOT_TESTED: Standing.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How many criteria of a framework are what."""

    effective: int
    idle: int
    deviating: int
    unknown: int

    @property
    def criteria(self) -> int:
        """Return how many there are."""
        return self.effective + self.idle + self.deviating + self.unknown


def standing(control: Declared, outcomes: Mapping[str, Outcome], unsettled: Collection[str]) -> Standing:
    """Return how a control stands.

    Args:
        control: the control.
        outcomes: of each test that was made and whose result is not stale, by the test's id.
        unsettled: the tests that have findings which are not dealt with.
    """
    each = (
        Standing.DEVIATING if test.id in unsettled else _OF[outcomes.get(test.id, Outcome.NOT_TESTED)]
        for test in control.tests
    )
    return max(each, default=Standing.UNKNOWN)


def score(
    criteria: Iterable[str], controls: Controls, outcomes: Mapping[str, Outcome], unsettled: Collection[str]
) -> Score:
    """Return the score over `criteria` (`<framework>/<item>`); see `standing`.

    A criterion is idle where all its controls stand well and none of their tests had anything to test.
    """
    serving: dict[str, list[Declared]] = {}
    for control in controls.values():
        for criterion in control.criteria:
            serving.setdefault(criterion, []).append(control)
    stands = {control.id: standing(control, outcomes, unsettled) for control in controls.values()}
    counts = {"effective": 0, "idle": 0, "deviating": 0, "unknown": 0}
    for criterion in criteria:
        found = serving.get(criterion, [])
        counts[_word(max((stands[each.id] for each in found), default=Standing.UNKNOWN), found, outcomes)] += 1
    return Score(**counts)


def _word(worst: Standing, controls: Iterable[Declared], outcomes: Mapping[str, Outcome]) -> str:
    match worst:
        case Standing.UNKNOWN:
            return "unknown"
        case Standing.DEVIATING:
            return "deviating"
        case Standing.EFFECTIVE:
            tests = (test.id for control in controls for test in control.tests)
            return "effective" if any(outcomes[test] is Outcome.EFFECTIVE for test in tests) else "idle"
