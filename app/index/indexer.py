"""Keeps the index in step with the store: reads what it lacks, lets go of what is older than the window.

Runs after the seal and beside it. What it has done so far stands in the tables alone, so it can be killed at any
time; any number of indexers may work on one database, one transaction after the other.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Engine, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from app import schema
from app.db import BUSY_TIMEOUT_MS, DatabaseUrlError, write_transaction
from app.index import entry
from app.index.entry import Row
from app.index.errors import IndexDamagedError, IndexUnavailableError
from app.index.rows import CHAIN, CHECKPOINT, DECISION, FAILURE, SEGMENT
from app.index.sealed_log import Batch, SealedLog
from app.index.window import Window
from evidence.record import Excerpt
from evidence.segment import Seal

LOCK: Final = 0x6F6D6567_61000002
"""Number of the lock under which rows are written where SQLite's one lock is not."""

_PATIENCE_MS: Final = 15_000  # for the indexers of other nodes: a large segment takes a second
_DELETED_AT_ONCE: Final = 100  # segments
_WRITTEN_AT_ONCE: Final = 500  # records
_TABLES: Final = (FAILURE, DECISION, SEGMENT, CHECKPOINT, CHAIN)


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a run has come."""

    checkpoints: int = 0  # that the index holds
    segments: int = 0  # taken in by this run
    records: int = 0


def _now() -> datetime:
    return datetime.now(UTC)


class Indexer:
    """Writes the index of one log. Every method raises `IndexUnavailableError` if the database does not answer."""

    def __init__(
        self, engine: Engine, log: SealedLog, *, length: timedelta, clock: Callable[[], datetime] = _now
    ) -> None:
        """Index `log` into the database of `engine`; records older than `length` by `clock` are left out."""
        self._engine, self._log, self._length, self._clock = engine, log, length, clock
        self.progress: Callable[[Progress], None] = lambda _: None  # called after every segment

    def prepare(self) -> None:
        """Make the tables that are not there yet."""
        with translated():
            schema.upgrade(self._engine, schema.INDEX_MIGRATIONS)

    def published(self) -> int:
        """Return how many checkpoints there are to read."""
        return self._log.published()

    def catch_up(self, going_on: Callable[[], bool] = lambda: True) -> Progress:
        """Take in every checkpoint that is not in the index yet, while `going_on`; then drop what is too old.

        Each segment comes in with all its records, or not at all.

        Raises:
            FindingError: the log does not hold where it was read.
            StoreError: the store does not answer.
            IndexDamagedError: somebody else wrote into the index.
        """
        window = Window.ending(self._clock(), self._length)
        with translated():
            done = Progress(checkpoints=self._next())
            while going_on() and (batch := self._log.batch(done.checkpoints)) is not None:
                if not self._take_batch(batch, window, done, going_on):
                    break
            self._drop_old(window, going_on)
        return done

    def rebuild(self) -> Progress:
        """Forget everything, and read it again. Searches find less meanwhile. Raises as `catch_up` does."""
        with translated(), self._writing() as connection:
            for table in _TABLES:
                connection.execute(delete(table))
        return self.catch_up()

    def _writing(self) -> AbstractContextManager[Connection]:
        """Return a transaction that no other indexer writes beside; on a server others may be at it for a while."""
        patience = _PATIENCE_MS if self._engine.dialect.name == "postgresql" else BUSY_TIMEOUT_MS
        return write_transaction(self._engine, busy_timeout_ms=patience, exclusive=LOCK)

    def _next(self) -> int:
        """Return the first checkpoint that is not in the index."""
        with self._engine.begin() as connection:
            return _next(connection)

    def _take_batch(self, batch: Batch, window: Window, done: Progress, going_on: Callable[[], bool]) -> bool:
        """Take in one checkpoint; return False if told to stop, or if somebody else began anew meanwhile."""
        known = self._known()
        seal = None
        for leaf in batch.leaves:
            if not going_on():
                return False
            seal = None
            if known.get(leaf.chain, 0) <= leaf.segment:
                seal = self._log.seal(leaf)
                records = self._log.records(seal) if window.holds(seal) else None
                if not self._take_segment(seal, records, batch.number):
                    return False
                done.segments += 1
                done.records += 0 if records is None else seal.count
                self.progress(done)
        last: Seal = seal or self._log.seal(batch.leaves[-1])
        with self._writing() as connection:
            if _next(connection) != batch.number:
                return False
            row = entry.checkpoint_row(batch.number, batch.checkpoint, last)
            connection.execute(insert(CHECKPOINT), [row])
        done.checkpoints = batch.number + 1
        self.progress(done)
        return True

    def _known(self) -> dict[str, int]:
        """Return how many segments of each chain are in."""
        with self._engine.begin() as connection:
            return {row.chain: row.segments for row in connection.execute(select(CHAIN.c.chain, CHAIN.c.segments))}

    def _take_segment(self, seal: Seal, records: Iterator[Excerpt] | None, checkpoint: int) -> bool:
        """Write one segment, unless another indexer has; without `records` it is too old, and only counted.

        Return False if somebody else finished this checkpoint, or began anew, meanwhile.
        """
        with self._writing() as connection:
            if _next(connection) != checkpoint:
                return False
            counted = select(CHAIN.c.segments).where(CHAIN.c.chain == seal.chain)
            known = connection.execute(counted).scalar_one_or_none()
            if (known or 0) > seal.segment:
                return True
            if (known or 0) < seal.segment:
                raise IndexDamagedError(f"the index does not know segment {known or 0} of chain {seal.chain}")
            row = entry.chain_row(seal)
            if known is None:
                connection.execute(insert(CHAIN), [row])
            else:
                connection.execute(update(CHAIN).where(CHAIN.c.chain == seal.chain).values(row))
            if records is not None:
                connection.execute(insert(SEGMENT), [entry.segment_row(seal, checkpoint)])
                _write_decisions(connection, (entry.decision_row(record, seal.segment) for record in records))
        return True

    def _drop_old(self, window: Window, going_on: Callable[[], bool]) -> None:
        """Delete what is older than the window, in transactions that hold up nobody for long."""
        old = or_(SEGMENT.c.sealed_at < window.since, SEGMENT.c.retain_until <= window.now)
        columns = (SEGMENT.c.chain, SEGMENT.c.number, SEGMENT.c.first_seq, SEGMENT.c.count)
        while going_on():
            with self._writing() as connection:
                found = connection.execute(select(*columns).where(old).limit(_DELETED_AT_ONCE)).all()
                for row in found:
                    _drop(connection, row.chain, row.number, range(row.first_seq, row.first_seq + row.count))
                if len(found) < _DELETED_AT_ONCE:
                    newest = select(func.max(CHECKPOINT.c.number)).scalar_subquery()
                    passed = and_(CHECKPOINT.c.sealed_at < window.since, CHECKPOINT.c.number < newest)
                    connection.execute(delete(CHECKPOINT).where(passed))
                    return


def _write_decisions(connection: Connection, rows: Iterator[Row]) -> None:
    """Insert rows by the driver's own means: what SQLAlchemy does for each row costs as much as the row itself."""
    while some := list(islice(rows, _WRITTEN_AT_ONCE)):
        _insert(connection, DECISION, some)
        if failures := [failure for row in some for failure in entry.failure_rows(row)]:
            _insert(connection, FAILURE, failures)


def _insert(connection: Connection, table: Table, rows: list[Row]) -> None:
    compiled = insert(table).compile(dialect=connection.dialect)
    given = [tuple(row.values()) for row in rows] if compiled.positional else rows
    connection.exec_driver_sql(str(compiled), given)


def _next(connection: Connection) -> int:
    newest = connection.execute(select(func.max(CHECKPOINT.c.number))).scalar_one()
    return 0 if newest is None else int(newest) + 1


def _drop(connection: Connection, chain: str, number: int, seqs: range) -> None:
    for table in (FAILURE, DECISION):
        of_chain = and_(table.c.chain == chain, table.c.seq >= seqs.start, table.c.seq < seqs.stop)
        connection.execute(delete(table).where(of_chain))
    connection.execute(delete(SEGMENT).where(SEGMENT.c.chain == chain, SEGMENT.c.number == number))


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever the database raises into one error, without what its message may quote."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, schema.SchemaError, DatabaseUrlError, TypeError, ValueError) as error:
        cause = str(error) if isinstance(error, schema.SchemaError | DatabaseUrlError) else type(error).__name__
        raise IndexUnavailableError(f"the index cannot be used: {cause}") from error
