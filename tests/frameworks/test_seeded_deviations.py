"""In a year in which everything was done as it should be no shipped control finds anything; what is seeded is found.

A seed is what the service would have recorded: an allowed decision whose gate failed because somebody had set it to be
watched, a record that came late or from the wrong person, one that is missing, a broken chain.
"""

import pytest

from frameworks import testing
from frameworks.testing import Outcome, Row
from tests.frameworks import year
from tests.frameworks.rows import CHAIN, YEAR
from tests.frameworks.seeds import CONTROLS, SEEDS
from tests.frameworks.year import DAY

CLEAN = year.clean(CONTROLS)
RECORDED = year.Recorded(CLEAN)
TESTS = {test.id for each in CONTROLS for test in each.tests}


def results(rows, configured=None, controls=CONTROLS):
    """Return what tests show, by their ids: two months after the year, or with a configuration at its end."""
    tests = testing.Testing(controls, YEAR, now=YEAR.end if configured else YEAR.end + 60 * DAY)
    for row in rows:
        tests.take(row)
    for name, documents in (configured or {}).items():
        tests.take_configuration(name, year.configuration_rows(name, documents))
    return {each.test: each for each in tests.finish()}


def one(test):
    """Return the control of a test."""
    return [each for each in CONTROLS if each.id == test.partition("/")[0]]


def found(shown):
    """Return the ids of the tests that found something."""
    return {name for name, each in shown.items() if each.deviation_count or each.outcome is Outcome.STALE}


def test_in_a_clean_year_no_control_finds_anything():
    shown = results(RECORDED.rows(), year.configured())
    assert {name: shown[name].deviations[0].reason for name in found(shown)} == {}
    outcomes = {each.outcome for each in shown.values()}
    assert outcomes == {Outcome.EFFECTIVE, Outcome.DID_NOT_OCCUR}
    occurred = [each for each in shown.values() if each.outcome is Outcome.EFFECTIVE]
    assert len(occurred) > 0.9 * len(shown)


@pytest.mark.parametrize(("seed", "test"), [each[1:] for each in SEEDS], ids=[each[0] for each in SEEDS])
def test_a_deviation_is_found_by_some_control(seed, test):
    entries = seed(CLEAN)
    assert entries != CLEAN
    assert test in found(results(RECORDED.rows(entries), controls=one(test)))


def without(number):
    return lambda rows: [*rows[:number], *rows[number + 1 :]]


def forged(number, **members):
    """Return what changes a record in the log, behind the back of the service."""

    def changed(rows):
        row = rows[number]
        other = Row(chain=row.chain, seq=row.seq, time=row.time, leaf="f" * 64, document={**row.document, **members})
        return [*rows[:number], other, *rows[number + 1 :]]

    return changed


TAMPERED = [
    ("a record was taken out", without(700)),
    ("a record was changed", forged(700, tenant="other")),
    ("a record names another before it", forged(700, prev="0" * 64)),
    ("a record was put in twice", lambda rows: [*rows[:701], *rows[700:]]),
    ("two records changed places", lambda rows: [*rows[:700], rows[701], rows[700], *rows[702:]]),
]


@pytest.mark.parametrize("tamper", [each[1] for each in TAMPERED], ids=[each[0] for each in TAMPERED])
def test_a_broken_chain_is_found(tamper):
    rows = RECORDED.rows()
    assert rows[700].chain == rows[701].chain == CHAIN
    assert "complete-log/unbroken" in found(results(tamper(rows), controls=one("complete-log/unbroken")))


CONFIGURED = [
    ("the store is worth less", "store", {"kind": "assurance"}, {"rank": 1}, "write-once-storage/now"),
    ("nobody probed the store", "store", {"kind": "assurance"}, {"age_hours": 2000}, "write-once-storage/now"),
    ("retention was shortened", "store", {"class": "aiact1y"}, {"days": 30}, "retention-of-records/classes"),
    ("that of health data was", "store", {"class": "hipaa6y"}, {"days": 400}, "retention-of-records/health"),
    ("a key was not rotated in time", "keys", {"kind": "signing"}, {"age_days": 500}, "key-rotation/age"),
    ("the key that wraps others was not rotated", "keys", {"kind": "kek"}, {"age_days": 500}, "key-rotation/age"),
    ("a job fails", "jobs", {"kind": "job"}, {"state": "failed"}, "scheduled-work/none-failed"),
    ("a rule is merely watched", "policies", {"kind": "gate"}, {"enforcement": "monitoring"}, "rules-in-force/block"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "wanted", "change", "test"), [each[1:] for each in CONFIGURED], ids=[each[0] for each in CONFIGURED]
)
def test_a_deviation_of_the_configuration_is_found(part, wanted, change, test):
    configured = year.configured()
    configured[part] = [each | change if wanted.items() <= each.items() else each for each in configured[part]]
    assert test in found(results([], configured, one(test)))
    assert test not in found(results([], year.configured(), one(test)))


def test_there_are_as_many_as_there_should_be_and_each_says_by_what_it_is_found():
    assert len(SEEDS) + len(TAMPERED) + len(CONFIGURED) >= 40
    assert {each[2] for each in SEEDS} | {each[4] for each in CONFIGURED} <= TESTS
    assert len({each[0] for each in SEEDS}) == len(SEEDS)
