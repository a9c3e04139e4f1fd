"""How the processes of a node leave their numbers for each other: a small file each, written every second.

Whoever is asked for the metrics of the node reads them all. A file that cannot be written or read is no number, and
no process waits for it or ends because of it. Nothing is synced: numbers are worth nothing after a crash.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.telemetry.catalogue import PUBLISHED
from app.telemetry.numbers import Numbers, Snapshot, parse

LATE: Final = 30.0
"""Seconds after which numbers are too old to be shown."""

_PAUSE: Final = 1.0  # seconds between two files
_MOST: Final = 4 << 20  # bytes of one file
_SUFFIX: Final = ".json"


class Publisher:
    """Leaves the numbers of one process in a directory."""

    def __init__(
        self,
        directory: Path,
        process: str,
        *,
        look: Callable[[Numbers], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Publish `numbers`, which `look` brings up to date each time, under the name of the process."""
        self.numbers = Numbers()
        self._path, self._look, self._clock = directory / f"{process}{_SUFFIX}", look, clock
        self._turn = asyncio.Lock()
        self._started, self._last = clock(), 0.0

    def publish(self) -> None:
        """Write the file now."""
        self._write(self._text())

    def publish_sometimes(self) -> None:
        """Write the file if it is time; for a process that comes by often."""
        now = self._clock()
        if not 0 <= now - self._last < _PAUSE:
            self._last = now
            self.publish()

    async def publish_beside(self) -> None:
        """Write the file on another thread, so that a disk that hangs holds up nobody but who waits for this."""
        async with self._turn:
            await asyncio.to_thread(self._write, self._text())

    async def keep(self) -> None:
        """Write the file every second, for ever."""
        while True:
            await self.publish_beside()
            await asyncio.sleep(_PAUSE)

    def _text(self) -> str:
        self._look(self.numbers)
        return json.dumps({"started": self._started} | self.numbers.document())

    def _write(self, text: str) -> None:
        draft = self._path.with_name(f".{self._path.stem}.{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            draft.write_text(text, "utf-8")
            draft.replace(self._path)


def forget(directory: Path) -> None:
    """Remove what processes of an earlier start have left; those of another service come back within a second."""
    with suppress(OSError):
        for path in directory.iterdir():
            path.unlink()


def snapshots(directory: Path, now: float) -> list[Snapshot]:
    """Return what every process has left, by name; of one that is late only when it last did.

    `now` is in Unix seconds.
    """
    found = []
    for path in sorted(directory.glob(f"[!.]*{_SUFFIX}")):
        with suppress(OSError, ValueError):
            time_ = path.stat().st_mtime
            late = now - time_ > LATE
            document = {"started": time_, "values": [], "series": []} if late else json.loads(_read(path))
            found.append(_with_time(parse(path.stem, time_, document)))
    return found


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST)


def _with_time(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, values={**snapshot.values, (PUBLISHED.name, ()): snapshot.time})
