"""When a test is due, and which period it is then made over. Pure.

Every node finds the same times by itself: they are counted from 1970-01-01T00:00:00Z, so that tests of one frequency
are made in one pass. A period is as long as the frequency, and reaches back further by as long as a row may wait for
what has to follow it, or as nothing may come: what has been wrong only since now is then in it. Periods overlap, so
that what is sealed late is seen by the next run; a deviation that is known is none that is new.
"""

from datetime import datetime, timedelta
from typing import Final

from app.jobs.schedule import Every as Schedule
from frameworks.checks import AtLeastEvery, AtMost, Followed
from frameworks.control_test import ControlTest, Every, Kind
from frameworks.testing import Period

_HOUR: Final = 3_600
_DAY: Final = 24 * _HOUR

SECONDS: Final = {
    Every.HOUR: _HOUR,
    Every.DAY: _DAY,
    Every.WEEK: 7 * _DAY,
    Every.MONTH: 30 * _DAY,
    Every.QUARTER: 91 * _DAY,
    Every.YEAR: 365 * _DAY,
}
"""How often a test of each frequency is made."""

OVERLAP: Final = timedelta(hours=1)
"""By which periods overlap."""


def due(test: ControlTest, last: datetime | None, said: datetime | None, now: datetime) -> bool:
    """Return whether a test has to be made.

    Args:
        test: by a machine, as often as it says; of what persons state, each day and when something was stated.
        last: when it was made last, None where it never was.
        said: when a person last stated something about it.
        now: the time.
    """
    if last is None:
        return True
    if test.kind is not Kind.MACHINE and said is not None and said > last:
        return True
    seconds = SECONDS[test.every] if test.kind is Kind.MACHINE else _DAY
    return Schedule(seconds=seconds).latest(now.timestamp()) > last.timestamp()


def period(test: ControlTest, began: datetime, now: datetime) -> Period:
    """Return the period that a machine's test is made over at `now`: never from before the log `began`."""
    back = timedelta(seconds=SECONDS[test.every]) + OVERLAP + _horizon(test)
    return Period(start=max(began, now - back), end=now)


def _horizon(test: ControlTest) -> timedelta:
    """Return how long before a run something may lie that only this run can find wrong."""
    match test.check:
        case Followed(within=within):
            return within
        case AtLeastEvery(gap=gap):
            return gap
        case AtMost(within=timedelta() as within):
            return within
        case _:
            return timedelta()
