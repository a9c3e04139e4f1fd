"""One chain, one writer: drafts in, positions out once they are on disk.

`append` encodes, hashes and frames without awaiting, so that nothing can come between a position and
its record; records that wait together share one fdatasync, which runs in a thread of its own. After
any failed write or sync the writer takes nothing more: what is on disk is then a question for
recovery, at the next start, and never for the page cache.
"""

import asyncio
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from evidence import form, journal, record
from evidence.errors import DamagedJournalError, JournalError, MalformedError
from evidence.record import Draft, Position, Record

_ABANDONED = "abandoned"  # marks a chain whose disk failed: it is sealed as far as it can be read, never continued
_CLASS = "class"

PATIENCE = 0.002  # seconds a sync waits for records that are said to be coming: a sync costs more CPU than all else

Build = Callable[[Position], Draft]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """A record that is on disk: where, and its leaf hash in hex."""

    position: Position
    leaf: str


def utc_now() -> datetime:
    """Return the time of the machine's clock."""
    return datetime.now(UTC)


_Batch = list[tuple["_Taken", "asyncio.Future[Appended]"]]  # records, and who waits for each
_Taken = tuple[bytes, Appended]  # a record's bytes, and what it will be once they are on disk


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

    def __init__(  # noqa: PLR0913 - made by `open` alone
        self,
        directory: Path,
        lock: int,
        *,
        retention_class: str,
        epoch: int,
        next_seq: int,
        prev: str,
        clock: Callable[[], datetime],
    ) -> None:
        self.chain = directory.name
        self.retention_class = retention_class
        self.epoch = epoch
        self.failure: str | None = None
        self._directory, self._lock, self._clock = directory, lock, clock
        self._seq, self._prev = next_seq, prev
        self._pending: _Batch = []
        self._coming = _Coming()
        self._syncing = False
        self._waiting: asyncio.TimerHandle | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="fdatasync")
        self._file = _create(directory, next_seq)
        self._written = self._set_aside = 0  # bytes of the file

    @classmethod
    def open(
        cls, journals: Path, *, retention_class: str, version: str, clock: Callable[[], datetime] = utc_now
    ) -> "Writer":
        """Continue a chain of `retention_class` that nobody holds, or begin one, and record that.

        Raises:
            DamagedJournalError: something acknowledged was altered on disk.
            JournalError: the disk does not take the first record.
        """
        try:
            journals.mkdir(mode=0o700, parents=True, exist_ok=True)
            journal.sync_directory(journals.parent)
            directory, lock = _take(journals, form.retention_class(retention_class), clock)
            writer, torn = cls._recover(directory, lock, retention_class, clock)
            writer._record_opening(version, torn)  # noqa: SLF001 - its own class
        except OSError as error:
            raise JournalError(f"journal cannot be opened: {error.strerror}") from error
        return writer

    @classmethod
    def _recover(
        cls, directory: Path, lock: int, retention_class: str, clock: Callable[[], datetime]
    ) -> "tuple[Writer, journal.Recovered]":
        found = journal.recover(directory)
        epoch, next_seq, prev = 1, 0, form.HASH_ZERO
        if found.last is not None:
            last = Record.parse(found.last)
            if (last.chain, last.retention_class) != (directory.name, retention_class):
                raise DamagedJournalError(f"journal of chain {directory.name} holds records of chain {last.chain}")
            epoch, next_seq, prev = last.epoch + 1, last.seq + 1, record.leaf(found.last)
        writer = cls(
            directory, lock, retention_class=retention_class, epoch=epoch, next_seq=next_seq, prev=prev, clock=clock
        )
        return writer, found

    def _record_opening(self, version: str, torn: journal.Recovered) -> None:
        """Put the first records of this epoch on disk, before anybody can append."""
        drafts = [Draft(type=record.OPENED, tenant="system", body={"version": version})]
        if torn.dropped_bytes:
            body = {"dropped_bytes": torn.dropped_bytes, "dropped_sha256": torn.dropped_sha256}
            drafts.append(Draft(type="recovery", tenant="system", body=body))
        self._write([self._take_in(partial(_as_it_is, draft)) for draft in drafts])
        try:
            os.fdatasync(self._file)
        except OSError:
            self._abandon()
            raise

    def append(self, build: Build) -> asyncio.Future[Appended]:
        """Take in the draft that `build` makes of its position; the future ends once it is on disk.

        `build` is called at once and must not await. If it raises, nothing was taken in.

        Raises:
            JournalError: this writer failed before and takes nothing more.
            MalformedError: the draft has no canonical form.
            RecordTooLargeError: the record would be too large.
        """
        if self.failure is not None:
            raise JournalError(self.failure)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Appended] = loop.create_future()
        self._pending.append((self._take_in(build), future))
        self._schedule()
        return future

    def coming(self) -> "_Coming":
        """Say that whoever is inside will append in a moment, so that one sync may do for it and others."""
        return self._coming

    def _schedule(self) -> None:
        """Sync soon: at once where nobody else is coming, else when they are there, `PATIENCE` at most."""
        if self._syncing:
            return
        if not self._coming.number:
            self._cease_waiting()
            self._syncing = True
            asyncio.get_running_loop().call_soon(self._flush)
        elif self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(PATIENCE, self._flush)

    def _cease_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _take_in(self, build: Build) -> _Taken:
        """Give the next position to what `build` makes of it."""
        position = Position(chain=self.chain, seq=self._seq)
        data = record.encode(
            build(position),
            position,
            epoch=self.epoch,
            prev=self._prev,
            time=form.time_text(self._clock()),
            retention_class=self.retention_class,
        )
        self._prev = record.leaf(data)
        self._seq += 1
        return data, Appended(position=position, leaf=self._prev)

    def _flush(self) -> None:
        """Write what waits, and sync it in the thread; what arrives meanwhile is the next batch."""
        self._cease_waiting()
        self._syncing = True
        batch, self._pending = self._pending, []
        try:
            self._write([taken for taken, _ in batch])
        except OSError as error:
            self._fail(batch, f"journal cannot be written: {error.strerror}")
            return
        synced = asyncio.get_running_loop().run_in_executor(self._executor, os.fdatasync, self._file)
        synced.add_done_callback(lambda done: self._synced(done, batch))

    def _write(self, batch: list[_Taken]) -> None:
        if self._written >= journal.MAX_FILE:
            os.ftruncate(self._file, self._written)
            os.close(self._file)
            self._file, self._written, self._set_aside = _create(self._directory, batch[0][1].position.seq), 0, 0
        data = b"".join([journal.frame(payload, self._written) for payload, _ in batch])
        if self._written + len(data) > self._set_aside:
            os.posix_fallocate(self._file, self._written, len(data) + journal.SET_ASIDE)
            self._set_aside = self._written + len(data) + journal.SET_ASIDE
        journal.write_all(self._file, data, self._written)
        self._written += len(data)

    def _synced(self, done: "asyncio.Future[None]", batch: _Batch) -> None:
        if (error := done.exception()) is not None:
            # What the kernel could not write is gone from its books: never sync or read this file again.
            self._abandon()
            self._fail(batch, f"journal cannot be synced: {getattr(error, 'strerror', None) or error}")
            return
        for (_, appended), future in batch:
            if not future.done():
                future.set_result(appended)
        self._syncing = False
        if self._pending:
            self._schedule()

    def _abandon(self) -> None:
        """Have nobody continue this chain."""
        with suppress(OSError):  # a disk that takes no sync may take no name either
            (self._directory / _ABANDONED).touch()

    def _fail(self, batch: _Batch, reason: str) -> None:
        self.failure = reason
        for _, future in batch + self._pending:
            if not future.done():
                future.set_exception(JournalError(reason))
        self._pending.clear()

    async def close(self) -> None:
        """Wait for what was taken in, and let go of the chain."""
        if waiting := [future for _, future in self._pending]:
            await asyncio.wait(waiting)
        await asyncio.get_running_loop().run_in_executor(None, self._executor.shutdown)
        if self.failure is None:
            os.ftruncate(self._file, self._written)
        os.close(self._file)
        os.close(self._lock)


def _as_it_is(draft: Draft, _: Position) -> Draft:
    return draft


def _create(directory: Path, seq: int) -> int:
    """Open the file whose first record will be `seq`; one that a crash left empty serves again."""
    flags = os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(directory / journal.file_name(seq), flags, 0o600)
    journal.sync_directory(directory)
    return descriptor


def _take(journals: Path, retention_class: str, clock: Callable[[], datetime]) -> tuple[Path, int]:
    """Return a chain of this class that is now locked by us: one nobody holds, else a new one."""
    for directory in sorted(path for path in journals.iterdir() if path.is_dir()):
        if not is_chain(directory.name) or (directory / _ABANDONED).exists() or class_of(directory) != retention_class:
            continue
        if not journal.files(directory):
            continue  # never written, or lost: a number given before must not be given again
        if (lock := journal.try_lock(directory)) is not None:
            return directory, lock
    return _begin(journals, retention_class, clock)


def _begin(journals: Path, retention_class: str, clock: Callable[[], datetime]) -> tuple[Path, int]:
    milliseconds = int(clock().timestamp() * 1000)
    directory = journals / f"{milliseconds:012x}{secrets.token_hex(4)}"
    directory.mkdir(mode=0o700)
    lock = journal.try_lock(directory)
    if lock is None:  # pragma: no cover - nobody continues a chain that has no class yet
        raise JournalError(f"chain {directory.name} was taken while it was begun")
    descriptor = os.open(directory / _CLASS, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(descriptor, retention_class.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    journal.sync_directory(directory)
    journal.sync_directory(journals)
    return directory, lock


def is_chain(name: str) -> bool:
    """Return whether a directory of this name can be a chain's; anything else there is not ours."""
    try:
        form.chain(name)
    except MalformedError:
        return False
    return True


def class_of(directory: Path) -> str | None:
    """Return the retention class of a chain's journal, or None where it was never fully begun."""
    try:
        return form.retention_class((directory / _CLASS).read_text("ascii"))
    except (OSError, UnicodeDecodeError, MalformedError):
        return None
