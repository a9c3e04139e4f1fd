"""What a framework scores, by the outcomes of tests and by findings."""

from dataclasses import dataclass

import pytest

from app.features.frameworks.scoring import Score, score
from frameworks.testing import Outcome

GOOD, BAD, IDLE, OLD, NONE = (
    Outcome.EFFECTIVE,
    Outcome.DEVIATIONS,
    Outcome.DID_NOT_OCCUR,
    Outcome.STALE,
    Outcome.NOT_TESTED,
)


@dataclass
class Test:
    __test__ = False
    id: str


@dataclass
class Control:
    id: str
    criteria: tuple
    tests: tuple


ONE = Control("one", ("f/1",), (Test("one/a"), Test("one/b")))
TWO = Control("two", ("f/1", "f/2"), (Test("two/a"),))
BARE = Control("bare", ("f/3",), ())


@pytest.mark.parametrize(
    ("outcomes", "unsettled", "counts"),
    [
        ({"one/a": GOOD, "one/b": GOOD, "two/a": GOOD}, (), (2, 0, 0, 2)),
        ({"one/a": GOOD, "one/b": IDLE, "two/a": IDLE}, (), (1, 1, 0, 2)),
        ({"one/a": GOOD, "one/b": BAD, "two/a": GOOD}, (), (1, 0, 1, 2)),
        ({"one/a": GOOD, "one/b": GOOD, "two/a": BAD}, (), (0, 0, 2, 2)),
        ({"one/a": GOOD, "one/b": GOOD, "two/a": GOOD}, {"two/a"}, (0, 0, 2, 2)),
        ({"one/a": GOOD, "one/b": OLD, "two/a": GOOD}, (), (1, 0, 0, 3)),
        ({"one/a": NONE, "one/b": BAD, "two/a": GOOD}, (), (1, 0, 1, 2)),
        ({"one/a": GOOD, "two/a": GOOD}, (), (1, 0, 0, 3)),
        ({}, (), (0, 0, 0, 4)),
    ],
    ids=[
        "all effective",
        "nothing happened",
        "one test of one control",
        "a control of two criteria",
        "a finding is open",
        "a result is stale",
        "deviations are worse than not tested",
        "a test was not made",
        "nothing was tested",
    ],
)
def test_the_worst_control_of_a_criterion_decides(outcomes, unsettled, counts):
    controls = {each.id: each for each in (ONE, TWO, BARE)}
    found = score(["f/1", "f/2", "f/3", "f/4"], controls, outcomes, unsettled)
    effective, idle, deviating, unknown = counts
    assert found == Score(effective=effective, idle=idle, deviating=deviating, unknown=unknown)
    assert found.criteria == 4
