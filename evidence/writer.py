"""One chain, many callers: drafts in, positions out once they are on disk.

What is appended in one turn of the loop is encoded and hashed at its end, one after the other, without
awaiting: nothing can come between a position and its record, and code that stays in the processor's caches
takes a third of the time. Records that wait together share one fdatasync, which runs beside the loop. After
any failed, or overdue, write or sync the writer takes nothing more: what is on disk is then a question
for recovery, at the next start, and never for the page cache.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from time import monotonic

from evidence import holding, journal, record
from evidence.chain import Appended, Build, Chain, Taken, utc_now
from evidence.chain_sync import ChainSync
from evidence.errors import BackPressureError, JournalError
from evidence.record import Draft
from evidence.spool import Spool, Spooled

PATIENCE = 0.002  # seconds a sync waits for records that are to be expected: a sync costs more CPU than all else

_Builds = list[tuple[Build, "asyncio.Future[Appended]"]]  # what is to be taken in, and who waits for it
_Batch = list[tuple[Taken, "asyncio.Future[Appended]"]]  # records, and who waits for each


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Beyond which a writer takes nothing. A limit of 0 is none."""

    spool_size: int = 0  # bytes that are not in the store yet
    spool_age: float = 0.0  # seconds the oldest of them has waited
    free: int = 0  # bytes that must be left on the disk
    sync: float = 0.0  # seconds a sync may take: a disk that hangs must not hang who asks


class _Coming:
    """How many are about to append: a context that counts who is inside."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def __enter__(self) -> None:
        self.number += 1

    def __exit__(self, *_: object) -> None:
        self.number -= 1


class Writer:
    """The one writer of a chain. Belongs to the event loop that first appends."""

    def __init__(self, chain: Chain, *, limits: Limits, ticks: Callable[[], float]) -> None:
        self.failure: str | None = None
        self.stuck = False  # a sync is overdue, and cannot be stopped
        self.spool = Spool()
        self._chain, self._limits, self._ticks = chain, limits, ticks
        self._full: str | None = None
        self._builds: _Builds = []
        self._pending: _Batch = []
        self._together = 1  # records of the last batch
        self._coming = _Coming()
        self._syncing = False
        self._waiting: asyncio.TimerHandle | None = None
        self._sync = ChainSync(chain)
        self._at_rest = asyncio.Event()  # no sync runs that has still time to end
        self._at_rest.set()
        self._earlier = _found(chain, ticks())  # counts once it is known how much of it is in the store already

    @classmethod
    def open(  # noqa: PLR0913 - what it is handed
        cls,
        journals: Path,
        *,
        retention_class: str,
        version: str,
        clock: Callable[[], datetime] = utc_now,
        limits: Limits | None = None,
        ticks: Callable[[], float] = monotonic,
    ) -> "Writer":
        """Continue a chain of `retention_class` that nobody holds, or begin one, and record that.

        Raises:
            DamagedJournalError: something acknowledged was altered on disk.
            JournalError: the disk does not take the first record.
        """
        chain = Chain.open(journals, retention_class=retention_class, version=version, clock=clock)
        try:
            return cls(chain, limits=limits or Limits(), ticks=ticks)
        except OSError as error:
            chain.close(whole=False)
            raise JournalError(f"journal cannot be measured: {error.strerror}") from error

    @property
    def chain(self) -> str:
        """Return the chain's name."""
        return self._chain.name

    @property
    def directory(self) -> Path:
        """Return where the journal of the chain lies."""
        return self._chain.directory

    @property
    def queued(self) -> int:
        """Return how many records wait to be written to disk."""
        return len(self._builds) + len(self._pending)

    def sealed(self, next_seq: int) -> None:
        """Take in that every record before `next_seq` is in the store, under a seal that was read back."""
        if self._earlier:
            self.spool.add_earlier(batch for batch in self._earlier if batch.next_seq > next_seq)
            self._earlier = []
        self.spool.sealed(next_seq)

    def append(self, build: Build, *, always: bool = False) -> asyncio.Future[Appended]:
        """Take in the draft that `build` makes of its position; the future ends once it is on disk.

        `build` is called before the loop waits again, in the order of calls, and must not await. If it raises, nothing
        was taken in, and the future says so. `always`: also where there is no room, for the few records that the
        service itself writes.

        The future raises:
            JournalError: it may not be on disk.
            MalformedError: the draft has no canonical form.
            RecordTooLargeError: the record would be too large.

        Raises:
            BackPressureError: there is no room for now.
            JournalError: this writer failed before and takes nothing more.
        """
        if self.failure is not None:
            raise JournalError(self.failure)
        if not always and (full := self.full) is not None:
            raise BackPressureError(full)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Appended] = loop.create_future()
        self._builds.append((build, future))
        if len(self._builds) == 1:
            loop.call_soon(self._take_in)
        return future

    def _take_in(self) -> None:
        """Give positions, and one time, to what was appended in this turn."""
        builds, self._builds = self._builds, []
        take_in, pending, time = self._chain.take_in, self._pending, self._chain.now()
        for build, future in builds:
            try:
                pending.append((take_in(build, time=time), future))
            except Exception as error:  # noqa: BLE001 - whatever a draft is made by raises is its caller's
                if not future.done():
                    future.set_exception(error)
        if pending:
            self._schedule()

    def coming(self) -> "_Coming":
        """Say that whoever is inside will append in a moment, so that one sync may do for it and others."""
        return self._coming

    @property
    def unsealed(self) -> int:
        """Return how many records wait for the store; until the sealer has spoken, those of this start alone."""
        first = self._earlier[-1].next_seq if self._earlier else self.spool.next_seq
        return self._chain.next_seq - first

    @property
    def age(self) -> float:
        """Return for how many seconds the oldest of them has waited."""
        return self.spool.age(self._ticks())

    @property
    def retention_class(self) -> str:
        """Return the class of the chain."""
        return self._chain.retention_class

    @property
    def full(self) -> str | None:
        """Return why there is no room, or None where there is."""
        if self._limits.spool_size and self.spool.size >= self._limits.spool_size:
            return f"{self.spool.size} bytes of the journal wait for the store"
        return self._full

    def look(self) -> None:
        """Look at what changes slowly: how long the oldest record has waited, how much room the disk has.

        To be called now and then. A disk that does not say is taken for a full one. Whose chain was lost to another
        writer takes nothing more: the sealer carries over what it took.
        """
        if (reason := holding.abandoned(self._chain.directory)) in holding.LOST:
            self.failure = self.failure or f"chain {self.chain} is lost to another writer: {reason}"
        age = self.spool.age(self._ticks())
        free = _free(self._chain.directory) if self._limits.free else 0
        if self._limits.spool_age and age >= self._limits.spool_age:
            self._full = f"the journal has waited {age:.0f} seconds for the store"
        elif self._limits.free and free < self._limits.free:
            self._full = f"{free} bytes are left on the disk of the journal"
        else:
            self._full = None

    def _schedule(self) -> None:
        """Sync soon: at once where nobody else is to be expected, else when they are there, `PATIENCE` at most.

        Who came together before will come together again, as callers ask anew once they are answered.
        """
        if self._syncing:
            return
        if not self._coming.number and len(self._pending) >= self._together:
            self._flush()
        elif self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(PATIENCE, self._flush)

    def _cease_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _flush(self) -> None:
        """Write what waits, and sync it beside the loop; what arrives meanwhile is the next batch."""
        self._cease_waiting()
        self._syncing = True
        batch, self._pending = self._pending, []
        self._together = len(batch)
        try:
            size = self._chain.write([taken for taken, _ in batch])
        except OSError as error:
            self._fail(batch, f"journal cannot be written: {error.strerror}")
            return
        self.spool.add(Spooled(next_seq=batch[-1][0][1].position.seq + 1, size=size, since=self._ticks()))
        limit, loop = self._limits.sync, asyncio.get_running_loop()
        overdue = loop.call_later(limit, self._overdue, batch) if limit else None
        self._at_rest.clear()
        self._sync.start(lambda error: self._synced(error, batch, overdue))

    def _overdue(self, batch: _Batch) -> None:
        """Give up on a sync that takes too long. Whether its records are on disk, recovery will say."""
        self.stuck = True
        self._at_rest.set()
        self._fail(batch, f"the disk has not synced the journal for {self._limits.sync:g} seconds")

    def _synced(self, error: BaseException | None, batch: _Batch, overdue: asyncio.TimerHandle | None) -> None:
        self.stuck = False
        self._at_rest.set()
        if overdue is not None:
            overdue.cancel()
        if error is not None:
            # What the kernel could not write is gone from its books: never sync or read this file again.
            self._fail(batch, f"journal cannot be synced: {getattr(error, 'strerror', None) or error}")
            self._sync.beside(self._chain.abandon)  # on a disk that just failed, and may now hang
            return
        for (_, appended), future in batch:
            if not future.done():
                future.set_result(appended)
        self._syncing = False
        if self._pending:
            self._schedule()

    def _fail(self, batch: _Batch, reason: str) -> None:
        self.failure = self.failure or reason
        for _, future in (*batch, *self._pending, *self._builds):
            if not future.done():
                future.set_exception(JournalError(reason))
        self._pending.clear()
        self._builds.clear()

    async def close(self) -> None:
        """Wait for what was taken in, record that the chain is closed, and let go of it."""
        if waiting := [future for _, future in (*self._pending, *self._builds)]:
            await asyncio.wait(waiting)
        await self._at_rest.wait()
        if not self.stuck:
            closing = self._sync.beside(self._close)
            with suppress(TimeoutError):  # a disk that hangs now holds the chain until this process is gone
                await asyncio.wait_for(asyncio.shield(closing), self._limits.sync or None)
        self._sync.close(stuck=self.stuck)  # who holds the file cannot be waited for; the chain stays held

    def _close(self) -> None:
        if self.failure is None:
            with suppress(OSError):  # a chain that could not be closed is one that was not
                self._chain.append(Draft(type=record.CLOSED, tenant="system", body={"reason": "stopped"}))
        self._chain.close(whole=self.failure is None)


def _found(chain: Chain, now: float) -> list[Spooled]:
    """Return what earlier starts left in the journal, a batch for each file: the sealer will say what is sealed."""
    paths = journal.files(chain.directory)
    earlier = [
        Spooled(next_seq=journal.first_seq(following), size=path.stat().st_size, since=now)
        for path, following in pairwise(paths)
    ]
    return [*earlier, Spooled(next_seq=chain.next_seq, size=chain.written, since=now)]


def _free(directory: Path) -> int:
    try:
        found = os.statvfs(directory)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def record_once(
    journals: Path,
    drafts: list[Draft],
    *,
    retention_class: str,
    version: str,
    clock: Callable[[], datetime] = utc_now,
) -> list[Appended]:
    """Put a few records on disk on a chain that nobody holds, or a new one, and let go of it.

    For who has something to say now and then. The sealer of this node takes it from there.

    Raises:
        JournalError: the disk does not take them.
        MalformedError: a draft has no canonical form.
        RecordTooLargeError: a record would be too large.
    """
    chain = Chain.open(journals, retention_class=retention_class, version=version, clock=clock)
    try:
        appended = chain.append(*drafts, Draft(type=record.CLOSED, tenant="system", body={"reason": "stopped"}))
    except OSError as error:
        chain.close(whole=False)
        raise JournalError(f"journal cannot be written: {error.strerror}") from error
    chain.close()
    return appended[:-1]
