"""A chain that this process holds: the next position, the record before it, and the file they go to.

Blocking, and of one thread at a time. `evidence.writer` shares syncs between callers; who has a few records to write
and nobody to share with uses this alone.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from evidence import form, holding, journal, record
from evidence.errors import DamagedJournalError, JournalError
from evidence.holding import Reason
from evidence.record import Draft, Position, Record

Build = Callable[[Position], Draft]


def utc_now() -> datetime:
    """Return the time of the machine's clock."""
    return datetime.now(UTC)


class Appended(NamedTuple):
    """A record that is on disk: where, and its leaf hash in hex."""

    position: Position
    leaf: str


Taken = tuple[bytes, Appended]  # a record's bytes, and what it will be once they are on disk


class Chain:
    """The one writer of a chain."""

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
        self.name = directory.name
        self.retention_class = retention_class
        self.epoch = epoch
        self.next_seq = next_seq
        self.directory = directory
        self._lock, self._clock = lock, clock
        self._prev = prev
        self._last = next_seq - 1  # the last record that was written
        self._file = _create(directory, next_seq)
        self.written = self._set_aside = 0  # bytes of the file: with records, and in all

    @classmethod
    def open(
        cls, journals: Path, *, retention_class: str, version: str, clock: Callable[[], datetime] = utc_now
    ) -> "Chain":
        """Continue a chain of `retention_class` that nobody holds, or begin one, and record that.

        Raises:
            DamagedJournalError: something acknowledged was altered on disk.
            JournalError: the disk does not take the first record.
        """
        try:
            journals.mkdir(mode=0o700, parents=True, exist_ok=True)
            journal.sync_directory(journals.parent)
            directory, lock = holding.take(journals, form.retention_class(retention_class), clock)
            with ExitStack() as undo:
                undo.callback(os.close, lock)
                chain, torn = cls._recover(directory, lock, retention_class, clock)
                undo.pop_all()
                undo.callback(chain.close, whole=False)
                chain._record_opening(version, torn)  # noqa: SLF001 - its own class
                undo.pop_all()
        except OSError as error:
            raise JournalError(f"journal cannot be opened: {error.strerror}") from error
        return chain

    @classmethod
    def _recover(
        cls, directory: Path, lock: int, retention_class: str, clock: Callable[[], datetime]
    ) -> "tuple[Chain, journal.Recovered]":
        found = journal.recover(directory)
        epoch, next_seq, prev = 1, 0, form.HASH_ZERO
        if found.last is not None:
            last = Record.parse(found.last)
            if (last.chain, last.retention_class) != (directory.name, retention_class):
                raise DamagedJournalError(f"journal of chain {directory.name} holds records of chain {last.chain}")
            epoch, next_seq, prev = last.epoch + 1, last.seq + 1, record.leaf(found.last)
        chain = cls(
            directory, lock, retention_class=retention_class, epoch=epoch, next_seq=next_seq, prev=prev, clock=clock
        )
        return chain, found

    def _record_opening(self, version: str, torn: journal.Recovered) -> None:
        """Put the first records of this epoch on disk, before anybody can append."""
        drafts = [Draft(type=record.OPENED, tenant="system", body={"version": version})]
        if torn.dropped_bytes:
            body = {"dropped_bytes": torn.dropped_bytes, "dropped_sha256": torn.dropped_sha256}
            drafts.append(Draft(type="recovery", tenant="system", body=body))
        self.append(*drafts)

    def append(self, *drafts: Draft) -> list[Appended]:
        """Put `drafts` on disk, one after the other.

        Raises:
            MalformedError: a draft has no canonical form.
            RecordTooLargeError: a record would be too large.
            OSError: the disk does not take them; recovery will say what it took.
        """
        batch = [self.take_in(partial(_as_it_is, draft)) for draft in drafts]
        self.write(batch)
        try:
            self.sync()
        except OSError:
            self.abandon()
            raise
        return [appended for _, appended in batch]

    def now(self) -> str:
        """Return the time of the chain's clock, in the log's form."""
        return form.time_text(self._clock())

    def take_in(self, build: Build, orphan_of: Mapping[str, Any] | None = None, *, time: str | None = None) -> Taken:
        """Give the next position to what `build` makes of it, at `time` (None: now).

        If it raises, nothing was taken in.

        Raises:
            MalformedError: the draft has no canonical form.
            RecordTooLargeError: the record would be too large.
        """
        position = Position(self.name, self.next_seq)
        data = record.encode(
            build(position),
            position,
            epoch=self.epoch,
            prev=self._prev,
            time=time or self.now(),
            retention_class=self.retention_class,
            orphan_of=orphan_of,
        )
        self._prev = record.leaf(data)
        self.next_seq += 1
        return data, Appended(position, self._prev)

    def write(self, batch: list[Taken]) -> int:
        """Hand `batch` to the kernel, in order; return how many bytes it took. Raises OSError."""
        data = b"".join([journal.frame(payload, self.written) for payload, _ in batch])
        if self.written + len(data) > self._set_aside:
            os.posix_fallocate(self._file, self.written, len(data) + journal.SET_ASIDE)
            self._set_aside = self.written + len(data) + journal.SET_ASIDE
        journal.write_all(self._file, data, self.written)
        self.written += len(data)
        self._last = batch[-1][1].position.seq
        return len(data)

    def sync(self) -> None:
        """Have the disk take what was written, and begin a new file if this one is full. Not while anybody writes.

        Raises:
            OSError: nothing may be written or synced after that.
        """
        os.fdatasync(self._file)
        if self.full:
            self._begin_file()

    @property
    def full(self) -> bool:
        """Return whether `sync` will begin a new file: its work is then more than an fdatasync of `descriptor`."""
        return self.written >= journal.MAX_FILE

    @property
    def descriptor(self) -> int:
        """Return the descriptor of the file that is written to."""
        return self._file

    def _begin_file(self) -> None:
        following = _create(self.directory, self._last + 1)
        os.ftruncate(self._file, self.written)
        os.close(self._file)
        self._file, self.written, self._set_aside = following, 0, 0

    def abandon(self) -> None:
        """Have nobody continue this chain, because its disk failed."""
        with suppress(OSError):  # a disk that takes no sync may take no name either
            holding.abandon(self.directory, Reason.DISK)

    def close(self, *, whole: bool = True) -> None:
        """Let go of the chain. `whole`: every write came through, so what was set aside can be given back.

        What a disk does not take back stays, and means nothing.
        """
        with suppress(OSError):
            if whole:
                os.ftruncate(self._file, self.written)
        for descriptor in (self._file, self._lock):
            with suppress(OSError):  # closed all the same
                os.close(descriptor)


def _as_it_is(draft: Draft, _: Position) -> Draft:
    return draft


def _create(directory: Path, seq: int) -> int:
    """Open the file whose first record will be `seq`; one that a crash left empty serves again."""
    flags = os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(directory / journal.file_name(seq), flags, 0o600)
    journal.sync_directory(directory)
    return descriptor
