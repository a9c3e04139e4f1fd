"""How tests, controls and criteria stand, and what is missing."""

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from app.features.frameworks import gaps
from app.features.frameworks.standing import ResultShown
from app.features.frameworks.states import TONES, WORDS, State, States, worst
from frameworks.applicability import Organisation, Stated
from frameworks.catalog import load
from frameworks.control_test import Kind
from frameworks.results import Outcome
from tests.features.frameworks.seeded import AT, CONTROLS


def shown(test, outcome=Outcome.EFFECTIVE, days=0.5):
    """Return what a test showed so many days ago."""
    at = AT - timedelta(days)
    return ResultShown(
        test=test,
        control=test.partition("/")[0],
        kind="machine",
        outcome=outcome.value,
        tested_at=at,
        period_start=at,
        period_end=at,
        query="{}",
        population=1,
        population_sha256="",
        first="",
        last="",
        first_time="",
        last_time="",
        revisions=(),
        deviation_count=0,
        deviations=(),
        decision_id="",
    )


def states(*results, unsettled=(), **change):
    controls = MappingProxyType({each.id: each for each in CONTROLS})
    latest = {each.test: each for each in results}
    made = {"controls": controls, "latest": latest, "unsettled": frozenset(unsettled), "now": AT}
    return States(**(made | change))


def test_of(name):
    return next(test for control in CONTROLS for test in control.tests if test.id == name)


test_of.__test__ = False


@pytest.mark.parametrize(
    ("results", "unsettled", "state"),
    [
        pytest.param((), (), State.NOT_TESTED, id="never done"),
        pytest.param((shown("tenants/apart"),), (), State.EFFECTIVE, id="done today"),
        pytest.param((shown("tenants/apart", days=3),), (), State.EFFECTIVE, id="as old as it may be"),
        pytest.param((shown("tenants/apart", days=3.001),), (), State.STALE, id="older"),
        pytest.param((shown("tenants/apart", Outcome.DEVIATIONS, days=4),), (), State.STALE, id="old deviations"),
        pytest.param((shown("tenants/apart", Outcome.DID_NOT_OCCUR),), (), State.DID_NOT_OCCUR, id="nothing happened"),
        pytest.param((shown("tenants/apart"),), ("tenants/apart",), State.DEVIATIONS, id="a finding outlasts it"),
        pytest.param((), ("tenants/apart",), State.DEVIATIONS, id="a finding, and the results are gone"),
    ],
)
def test_a_test_stands_as_it_was_last_shown(results, unsettled, state):
    assert states(*results, unsettled=unsettled).of_test(test_of("tenants/apart")) is state


def test_a_control_is_no_better_than_the_worst_of_its_tests():
    found = states(shown("access-review/reviewed"), shown("access-review/attested", Outcome.DEVIATIONS))
    controls = found.controls
    assert found.of_control(controls["access-review"]) is State.DEVIATIONS
    assert found.of_control(controls["bare"]) is State.UNCOVERED
    assert found.of_criterion("soc2/CC6.2") is State.DEVIATIONS
    assert found.of_criterion("soc2/CC9.9") is State.UNCOVERED


def test_the_worst_comes_first():
    assert [worst(list(State)[number:]) for number in range(len(State))] == list(State)
    assert worst([]) is State.UNCOVERED
    assert set(WORDS) == set(TONES) == set(State)


def test_each_kind_of_evidence_by_itself():
    found = states(shown("access-review/reviewed")).evidence("soc2/CC6.2")
    assert [(each.kind, each.tests, each.state) for each in found] == [
        (Kind.MACHINE, ("access-review/reviewed",), State.EFFECTIVE),
        (Kind.ATTESTATION, ("access-review/attested",), State.NOT_TESTED),
        (Kind.INSPECTION, ("access-review/inspected",), State.NOT_TESTED),
    ]
    assert [each.state for each in states().evidence("soc2/CC6.1")] == [State.NOT_TESTED, None, None]


def test_outcomes_are_of_what_was_done():
    assert states(shown("tenants/apart", days=9), shown("gone/test")).outcomes == {"tenants/apart": Outcome.STALE}


def test_states_are_counted():
    counted = states(shown("tenants/apart")).count(load()["soc2"])
    assert (counted[State.EFFECTIVE], sum(counted.values())) == (1, 61)


NOT_THIS = Organisation(
    name="Example",
    stated=MappingProxyType({"soc2": {"CC6.1": Stated(applicable=False, justification="we have no systems")}}),
)


def test_what_does_not_apply_stands_apart_and_is_no_gap():
    found = states(organisation=NOT_THIS)
    assert found.of_criterion("soc2/CC6.1") is State.NOT_APPLICABLE
    named = [("soc2/CC6.1", "systems"), ("soc2/CC9.9", "nothing")]
    assert [(each.kind, each.criteria) for each in gaps.of(named, found)] == [(gaps.Kind.NO_CONTROL, ("soc2/CC9.9",))]


def test_gaps_are_each_once_the_worst_first():
    named = [
        (f"soc2/{item}", item) for item in ("CC1.1", "CC1.2", "CC1.3", "CC1.5", "CC2.1", "CC6.1", "CC6.2", "CC6.3")
    ]
    found = states(
        shown("old/news", days=9),
        shown("idle/hands", Outcome.DID_NOT_OCCUR),
        shown("access-review/reviewed", Outcome.DEVIATIONS),
        shown("access-review/attested"),
        shown("access-review/inspected"),
        shown("tenants/apart"),
    )
    assert [(each.kind.value, each.what, each.criteria, each.severity) for each in gaps.of(named, found)] == [
        ("no_control", "", ("soc2/CC2.1",), ""),
        ("no_test", "bare", ("soc2/CC1.5",), "low"),
        ("deviations", "access-review/reviewed", ("soc2/CC6.2", "soc2/CC6.3"), "high"),
        ("not_tested", "new/never", ("soc2/CC1.3",), "high"),
        ("stale", "old/news", ("soc2/CC1.1",), "high"),
    ]


def test_where_everything_is_effective_there_is_no_gap():
    tests = [test.id for control in CONTROLS for test in control.tests]
    found = states(*(shown(each) for each in tests))
    assert gaps.of([("soc2/CC6.2", "access"), ("soc2/CC1.1", "values")], found) == []
    assert replace(found, latest={}).of_criterion("soc2/CC6.2") is State.NOT_TESTED
