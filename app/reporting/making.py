"""A report of a node's log: the log opened, read once, and everything that is stated taken from it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from app.control_testing.log_rows import Log as RowsOf
from app.control_testing.log_rows import rows
from app.reporting.gathering import Asked, Log, gather
from app.reporting.report import Report
from app.reporting.sealed_store import SealedStore
from app.reporting.spill import Spill
from frameworks.testing import Period, Row

Told = Callable[[int, int], None]
"""Is told how many of how many segments are read."""


def make(  # noqa: PLR0913 - what a report is made of
    asked: Asked, store: SealedStore, journals: Path, *, now: datetime, spill: Spill | None, told: Told
) -> Report:
    """Return the report.

    Args:
        asked: what it is about.
        store: the log's.
        journals: those of this node, for what is not sealed yet; they may be missing.
        now: decides alone whether a record that is gone was allowed to go.
        spill: where populations are kept, where they are wanted.
        told: hears how far it is.

    Raises:
        ReportError: it cannot be made of this.
        ControlTestingError: records of the period have expired.
        EvidenceError: the log does not hold, or the store does not answer.
    """
    newest = store.newest_checkpoint()
    log = Log(
        name=store.key.origin,
        verifier=str(store.key),
        checkpoint=None if newest is None else newest[0],
        sealed=store.sealed(),
        sealed_at=store.sealed_at,
    )

    def found(reach: Period) -> Iterable[Row]:
        return rows(RowsOf(reader=store.reader, journals=journals), asked.period, reach, now=now, told=told)

    return gather(asked, log, found, spill)
