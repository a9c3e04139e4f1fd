"""What the rule concludes on a control, and what is softer than it."""

import pytest

from app.audits.workbook import Conclusion, ItemResult, WorkState, by_rule, softer
from frameworks.results import Outcome

GOOD, FEW, MANY = (Outcome.EFFECTIVE, 0, 100), (Outcome.DEVIATIONS, 5, 100), (Outcome.DEVIATIONS, 6, 100)
NONE, OLD, UNTESTED = (Outcome.DID_NOT_OCCUR, 0, 0), (Outcome.STALE, 1, 3), (Outcome.NOT_TESTED, 0, 0)
FINE, ODD, UNCLEAR = ItemResult.AS_EXPECTED, ItemResult.EXCEPTION, ItemResult.UNCLEAR

RULES = {
    "nothing was run": ([], [], 0, Conclusion.NOT_TESTED),
    "no deviation": ([GOOD, GOOD], [], 0, Conclusion.EFFECTIVE),
    "no deviation, and records as expected": ([GOOD], [FINE, FINE], 0, Conclusion.EFFECTIVE),
    "what did not occur alone is no effective": ([NONE], [], 0, Conclusion.NOT_TESTED),
    "what did not occur takes nothing from others": ([NONE, GOOD], [], 0, Conclusion.EFFECTIVE),
    "one in twenty deviates": ([GOOD, FEW], [], 0, Conclusion.EXCEPTIONS),
    "more than one in twenty deviates": ([GOOD, MANY], [], 0, Conclusion.INEFFECTIVE),
    "something is missing where there is nothing": ([(Outcome.DEVIATIONS, 1, 0)], [], 0, Conclusion.INEFFECTIVE),
    "a record is an exception": ([GOOD], [FINE, ODD], 0, Conclusion.EXCEPTIONS),
    "a record is unclear": ([GOOD], [UNCLEAR], 0, Conclusion.NOT_TESTED),
    "a record was not looked at yet": ([GOOD], [FINE], 1, Conclusion.NOT_TESTED),
    "a test is stale": ([GOOD, OLD], [], 0, Conclusion.NOT_TESTED),
    "a test was not made": ([GOOD, UNTESTED], [], 0, Conclusion.NOT_TESTED),
    "many deviate, whatever else is open": ([MANY, UNTESTED], [UNCLEAR], 3, Conclusion.INEFFECTIVE),
    "records alone are no test": ([], [FINE], 0, Conclusion.NOT_TESTED),
}


@pytest.mark.parametrize(("outcomes", "items", "unlooked", "wanted"), RULES.values(), ids=RULES)
def test_the_rule(outcomes, items, unlooked, wanted):
    assert by_rule(outcomes, items, unlooked) is wanted


def test_what_is_softer_than_what():
    order = [Conclusion.EFFECTIVE, Conclusion.EXCEPTIONS, Conclusion.NOT_TESTED, Conclusion.INEFFECTIVE]
    assert [(a, b) for a in order for b in order if softer(a, b)] == [
        (a, b) for at, a in enumerate(order) for b in order[at + 1 :]
    ]


def test_what_is_over():
    assert {each for each in WorkState if not each.over} == {WorkState.WAITING, WorkState.RUNNING}
