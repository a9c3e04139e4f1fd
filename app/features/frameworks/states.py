"""How tests, controls and criteria stand, by the worst of it, from what was found last. Pure.

Owns the order of what is worse, and what there is to show of a criterion. Knows neither tables nor pages.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final

from app.features.frameworks.standing import ResultShown
from frameworks.applicability import EVERYTHING, Organisation
from frameworks.catalog import Catalog
from frameworks.control import Control
from frameworks.control_test import ControlTest, Kind
from frameworks.results import Outcome


class State(StrEnum):
    """How something stands, the worst first. All but the first and the last are outcomes of tests."""

    UNCOVERED = "uncovered"
    DEVIATIONS = "deviations"
    NOT_TESTED = "not_tested"
    STALE = "stale"
    EFFECTIVE = "effective"
    DID_NOT_OCCUR = "did_not_occur"
    NOT_APPLICABLE = "not_applicable"


_ORDER: Final = tuple(State)

WORDS: Final[Mapping[State, str]] = {
    State.UNCOVERED: "not covered",
    State.DEVIATIONS: "deviations",
    State.NOT_TESTED: "not tested",
    State.STALE: "stale",
    State.EFFECTIVE: "effective",
    State.DID_NOT_OCCUR: "did not occur",
    State.NOT_APPLICABLE: "not applicable",
}
"""What each is called."""

TONES: Final[Mapping[State, str]] = {
    State.UNCOVERED: "bad",
    State.DEVIATIONS: "bad",
    State.NOT_TESTED: "warn",
    State.STALE: "warn",
    State.EFFECTIVE: "good",
    State.DID_NOT_OCCUR: "none",
    State.NOT_APPLICABLE: "none",
}
"""Which of four tones each is shown in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What tests of one kind show of a criterion; no state where there is no such test."""

    kind: Kind
    tests: tuple[str, ...]
    state: State | None


@dataclass(frozen=True, kw_only=True)
class States:
    """How everything stands at a time.

    Attributes:
        controls: all of them, by id.
        latest: what each test showed last, by its id.
        unsettled: the tests with findings that are not dealt with.
        now: the time.
        organisation: who says what applies.
    """

    controls: Mapping[str, Control]
    latest: Mapping[str, ResultShown]
    unsettled: AbstractSet[str]
    now: datetime
    organisation: Organisation = EVERYTHING

    @cached_property
    def _serving(self) -> Mapping[str, tuple[Control, ...]]:
        found: dict[str, tuple[Control, ...]] = {}
        for control in self.controls.values():
            for criterion in control.criteria:
                found[criterion] = (*found.get(criterion, ()), control)
        return found

    def serving(self, criterion: str) -> tuple[Control, ...]:
        """Return the controls of a criterion, `<framework>/<id>`."""
        return self._serving.get(criterion, ())

    def applies(self, criterion: str) -> bool:
        """Tell whether a criterion applies to the organisation."""
        framework, _, item = criterion.partition("/")
        return self.organisation.applies(framework, item)

    @cached_property
    def outcomes(self) -> Mapping[str, Outcome]:
        """Return how each test stands that was ever done, by its id; what is too old is stale."""
        tests = (test for control in self.controls.values() for test in control.tests)
        return {each.id: Outcome(self.of_test(each).value) for each in tests if each.id in self.latest}

    def of_test(self, test: ControlTest) -> State:
        """Return how a test stands: a finding that is not dealt with outlasts a newer result that shows nothing."""
        result = self.latest.get(test.id)
        if test.id in self.unsettled:
            return State.DEVIATIONS
        if result is None:
            return State.NOT_TESTED
        if self.now - result.tested_at > timedelta(test.stale_after):
            return State.STALE
        return State(Outcome(result.outcome).value)

    def of_control(self, control: Control) -> State:
        """Return how a control stands; one without a test covers nothing."""
        return worst(self.of_test(each) for each in control.tests)

    def of_criterion(self, criterion: str) -> State:
        """Return how a criterion stands; one that applies and that no control serves is not covered."""
        if not self.applies(criterion):
            return State.NOT_APPLICABLE
        return worst(self.of_control(each) for each in self.serving(criterion))

    def tests(self, criterion: str) -> tuple[ControlTest, ...]:
        """Return the tests of all controls of a criterion."""
        return tuple(each for control in self.serving(criterion) for each in control.tests)

    def evidence(self, criterion: str) -> tuple[Evidence, ...]:
        """Return what each kind of test shows of a criterion."""
        tests = self.tests(criterion)
        return tuple(self._evidence(kind, [each for each in tests if each.kind is kind]) for kind in Kind)

    def _evidence(self, kind: Kind, tests: Sequence[ControlTest]) -> Evidence:
        state = worst(map(self.of_test, tests)) if tests else None
        return Evidence(kind=kind, tests=tuple(each.id for each in tests), state=state)

    def count(self, catalog: Catalog) -> dict[State, int]:
        """Return of how many criteria of a framework each state is."""
        found = dict.fromkeys(State, 0)
        for item in catalog.items:
            found[self.of_criterion(f"{catalog.id}/{item}")] += 1
        return found


def worst(states: Iterable[State]) -> State:
    """Return the worst of some states; of none, that nothing covers it."""
    return min(states, key=_ORDER.index, default=State.UNCOVERED)
