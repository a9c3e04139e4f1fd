"""The log as one worker writes it: a chain for each retention class, and the line to the sealer.

Opens what it is told to open; knows nothing of decisions.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.sealing_line import WorkerEnd
from app.settings import Settings
from evidence.chain import Appended, Build
from evidence.errors import NotLockedError, RetentionError
from evidence.record import Draft
from evidence.writer import Limits, Writer, record_once


def record_now(settings: Settings, draft: Draft) -> Appended:
    """Put one record of the node's own on disk, on a chain of the default class that nobody holds.

    Raises:
        EvidenceError: the disk does not take it.
    """
    retention_class = next(iter(settings.retention))
    [appended] = record_once(settings.journals, [draft], retention_class=retention_class, version=version("omega"))
    return appended


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where chains lie and what they are made with: the directory, the software's version, limits, the clock."""

    journals: Path
    version: str
    limits: Limits
    clock: Callable[[], datetime]


class LockableChain:
    """One chain: what `app.pdp.recording.Chain` asks for."""

    def __init__(self, writer: Writer, line: WorkerEnd, patience: float) -> None:
        self.writer = writer
        self._line, self._patience = line, patience

    def append(self, build: Build, *, always: bool = False) -> asyncio.Future[Appended]:
        """See `Writer.append`."""
        return self.writer.append(build, always=always)

    def coming(self) -> AbstractContextManager[None]:
        """See `Writer.coming`."""
        return self.writer.coming()

    async def locked(self, appended: Appended) -> None:
        """Return once a record is in the store, under a seal that was read back.

        Raises:
            NotLockedError: it is not there in time.
        """
        waiting = self.writer.spool.wait(appended.position.seq)
        self._line.ask(self.writer.chain, hurry=True)
        try:
            await asyncio.wait_for(waiting, self._patience)
        except TimeoutError:
            raise NotLockedError(f"record {appended.position.decision_id} is not in the store yet") from None


class NodeLog:
    """The chains of one worker. Belongs to one event loop."""

    def __init__(self, place: Place, *, classes: Mapping[str, object], line: socket.socket, patience: float) -> None:
        """Hold no chain yet; `classes` are those that are kept, the default first, `patience` is in seconds."""
        self._place, self._classes, self._patience = place, classes, patience
        self._default = next(iter(classes))
        self._chains: dict[str, LockableChain] = {}
        self._line = WorkerEnd(line, self._sealed)

    def open(self, retention_classes: Iterable[str]) -> list[LockableChain]:
        """Hold a chain of each of these classes, and of the default; return those that are new. Blocking.

        Raises:
            RetentionError: a class has no time to be kept for.
            DamagedJournalError: something acknowledged was altered on disk.
            JournalError: the disk does not take the first record.
        """
        wanted = {self._default, *retention_classes}
        if unknown := sorted(wanted - self._classes.keys()):
            raise RetentionError(f"retention class `{unknown[0]}` has no days in OMEGA_RETENTION")
        place, opened = self._place, dict[str, LockableChain]()
        for retention_class in sorted(wanted - self._chains.keys()):
            writer = Writer.open(
                place.journals,
                retention_class=retention_class,
                version=place.version,
                clock=place.clock,
                limits=place.limits,
            )
            opened[retention_class] = LockableChain(writer, self._line, self._patience)
        self._chains = self._chains | opened  # a new dictionary: the loop may be walking over the old one meanwhile
        return list(opened.values())

    def chain(self, retention_class: str | None) -> LockableChain:
        """Return the chain of a class that was opened (None: the default).

        Raises:
            RetentionError: it was not.
        """
        name = retention_class or self._default
        try:
            return self._chains[name]
        except KeyError:
            raise RetentionError(f"there is no chain of class `{name}`") from None

    def chains(self) -> list[LockableChain]:
        """Return all chains."""
        return list(self._chains.values())

    @property
    def failure(self) -> str | None:
        """Return why a chain takes nothing more, for good; None while all are well."""
        return next((chain.writer.failure for chain in self._chains.values() if chain.writer.failure), None)

    @property
    def stuck(self) -> bool:
        """Return whether a disk has not come back from a sync."""
        return any(chain.writer.stuck for chain in self._chains.values())

    @property
    def full(self) -> str | None:
        """Return why a chain takes nothing for now; None while all have room."""
        return next((full for chain in self._chains.values() if (full := chain.writer.full)), None)

    def look(self) -> None:
        """Look for room, and ask how far the store has come. To be called now and then."""
        for chain in self._chains.values():
            chain.writer.look()
            self._line.ask(chain.writer.chain, hurry=chain.writer.spool.awaited)

    def standing(self) -> list[dict[str, Any]]:
        """Return how each chain stands, as JSON values: records and bytes that wait, and since when in seconds."""
        return [
            {
                "chain": writer.chain,
                "class": writer.retention_class,
                "queued": writer.queued,
                "unsealed": writer.unsealed,
                "unsealed_bytes": writer.spool.size,
                "age": round(writer.age, 1),
                "fault": writer.failure or writer.full,
            }
            for writer in (chain.writer for chain in self._chains.values())
        ]

    async def close(self) -> None:
        """Put on disk what was taken in, and let go of every chain."""
        for chain in self._chains.values():
            await chain.writer.close()
        self._line.close()

    def _sealed(self, name: str, next_seq: int) -> None:
        for chain in self._chains.values():
            if chain.writer.chain == name:
                chain.writer.sealed(next_seq)
