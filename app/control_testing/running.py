"""Controls tested: the rows of a period handed to their tests, and the configuration while the period is open."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from app import keys
from app.control_testing.configuration import configuration
from app.control_testing.errors import PeriodError
from app.control_testing.log_rows import Log, Told, rows
from app.settings import Settings
from evidence.reader import Reader
from evidence.store import open_store
from frameworks.population import Configuration
from frameworks.testing import Controlled, Period, Result, Row, Testing

_FIRST: Final = datetime(1971, 1, 1, tzinfo=UTC)


def log_of(settings: Settings) -> Log:
    """Return the log of a node.

    Raises:
        KeyFileError: its keys cannot be read.
        StoreError: its store cannot be opened.
    """
    store = open_store(settings.store, read_only=True)
    return Log(reader=Reader(store, keys.load(settings.keys).log.verifier), journals=settings.journals)


def run(  # noqa: PLR0913 - what is tested, over what, for whom
    settings: Settings,
    controls: Iterable[Controlled],
    period: Period,
    *,
    now: datetime,
    tenant: str | None = None,
    sink: Callable[[str, Row], None] | None = None,
    told: Told = lambda _done, _all: None,
) -> list[Result]:
    """Return the result of every test of `controls`, in their order.

    A period that ends at `now` is open: tests of the configuration are made as well, of what is in force now. In one
    that has ended they are not tested: what is so today says nothing of then.

    Raises:
        PeriodError: the period is none, or ends in the future.
        ControlTestingError: not all of its records are there any more, or the configuration cannot be read.
        EvidenceError: the log does not hold, or the store does not answer.
        KeyFileError: the node's keys cannot be read.
    """
    check(period, now)
    testing = Testing(controls, period, now=now, sink=sink, tenant=tenant)
    for row in rows(log_of(settings), period, testing.reach, now=now, told=told):
        testing.take(row)
    if period.end == now:
        for name in Configuration:
            if testing.wants(name):
                testing.take_configuration(name, configuration(name, settings, now))
    return testing.finish()


def days(first: date, last: date) -> Period:
    """Return the period of whole days, UTC, `last` included."""
    start, end = (datetime.combine(day, time.min, UTC) for day in (first, last))
    return Period(start=start, end=end + timedelta(days=1))


def check(period: Period, now: datetime) -> None:
    """Refuse a period of which nothing can be said.

    Raises:
        PeriodError: it is none, or ends in the future.
    """
    if not _FIRST <= period.start < period.end:
        raise PeriodError(f"a period begins in {_FIRST.year} or later, and ends after that")
    if period.end > now:
        raise PeriodError(f"the period ends at {period.end:%Y-%m-%dT%H:%M:%SZ}: test it once that has passed")
