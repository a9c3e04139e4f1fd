"""Tests of the configuration in a period that is over: were they made, and what did they show.

No record tells how something was configured at a time, but each run of a test left a record of type `control.tested`.
So such a test is asked of these records: each of them showed no deviation, and none came later than a result is good
for. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from frameworks.checks import AtLeastEvery, Each
from frameworks.condition import Condition, Op
from frameworks.control import Control
from frameworks.control_test import ControlTest
from frameworks.population import Selection
from frameworks.testing import Outcome, Result

TYPE: Final = "control.tested"
"""Of the record that each run of a test leaves."""

_GOOD: Final = (Outcome.EFFECTIVE.value, Outcome.DID_NOT_OCCUR.value)
_IN_TIME: Final = "~in-time"  # ends the name of a second question, as no name of a test ends


def asked_of_records(controls: Iterable[Control]) -> tuple[Control, ...]:
    """Return the controls with tests of the configuration asked of the records of their runs."""
    return tuple(replace(each, tests=tuple(map(_of_runs, each.tests))) for each in controls)


def with_in_time(controls: Iterable[Control]) -> tuple[Control, ...]:
    """Return the controls with one test more for each that is asked of its runs: whether these came in time."""
    return tuple(
        replace(each, tests=(*each.tests, *(_in_time(test) for test in each.tests if _is_of_runs(test))))
        for each in controls
    )


def joined(results: Iterable[Result]) -> list[Result]:
    """Return the results, each with what the second question about it showed, if there was one.

    What nobody tested is not called a deviation, and what was not tested in time is stale.
    """
    found = {each.test: each for each in results}
    late = {name.removesuffix(_IN_TIME): each for name, each in found.items() if name.endswith(_IN_TIME)}
    return [_joined(each, late) for name, each in found.items() if not name.endswith(_IN_TIME)]


def _joined(result: Result, late: Mapping[str, Result]) -> Result:
    gaps = late.get(result.test)
    if gaps is None or result.outcome is Outcome.DEVIATIONS:
        return result
    if not result.population.count:
        return replace(result, outcome=Outcome.NOT_TESTED)
    if not gaps.deviation_count:
        return result
    return replace(result, outcome=Outcome.STALE, deviations=gaps.deviations, deviation_count=gaps.deviation_count)


def _of_runs(test: ControlTest) -> ControlTest:
    if test.population is None or test.population.configuration is None:
        return test
    check = Each(conditions=(Condition(path="body.outcome", op=Op.IN, value=_GOOD),))
    return replace(test, population=_runs(test), check=check)


def _runs(test: ControlTest) -> Selection:
    return Selection(types=(TYPE,), where=(Condition(path="body.test", op=Op.EQUALS, value=test.id),))


def _is_of_runs(test: ControlTest) -> bool:
    return test.population == _runs(test)


def _in_time(test: ControlTest) -> ControlTest:
    return replace(test, id=f"{test.id}{_IN_TIME}", check=AtLeastEvery(gap=timedelta(days=test.stale_after)))
