"""One process that is kept running: started, told, stopped.

What becomes of the others when it dies, a supervisor knows.
"""

import asyncio
import logging
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_LOG = logging.getLogger(__name__)
DEATHS: Final = 8
WITHIN: Final = 60.0
"""So many deaths of one child in so many seconds are too many."""

PATIENCE: Final = 20.0
"""Seconds a child has to stop before it is killed."""


@dataclass(slots=True)
class Child:
    """One process that is kept running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    spare: bool = False  # whether the service goes on without it
    replaced: bool = False  # whether it ends because somebody wants a fresh one
    process: asyncio.subprocess.Process | None = None
    deaths: deque[float] = field(default_factory=deque)
    since: float = 0.0  # Unix seconds
    starts: int = 0

    async def start(self) -> asyncio.subprocess.Process:
        """Start it, and return once there is a process.

        Raises:
            OSError: there is none to be had.
        """
        # Its own session: a terminal's Ctrl-C reaches the supervisor alone, which stops children in order.
        self.process = await asyncio.create_subprocess_exec(
            *self.command,
            env=self.environment,
            pass_fds=self.descriptors,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            cwd=Path(__file__).parents[1],
        )
        self.since, self.starts = time.time(), self.starts + 1
        return self.process

    def died_too_often(self, now: float) -> bool:
        """Count a death at `now`, of a clock that only grows; return whether there are too many."""
        self.deaths.append(now)
        while self.deaths[0] < now - WITHIN:
            self.deaths.popleft()
        return len(self.deaths) >= DEATHS

    def runs(self, pid: int) -> bool:
        """Tell whether it is process `pid`, and has not ended."""
        return self.process is not None and self.process.pid == pid and self.process.returncode is None

    def tell(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(number)

    async def stop(self, number: int = signal.SIGTERM, patience: float = PATIENCE) -> None:
        """Have it end, and return once it has; after `patience` seconds it is killed."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(number)
        try:
            await asyncio.wait_for(self.process.wait(), patience)
        except TimeoutError:
            _LOG.warning("%s does not stop, and is killed", self.name)
            self.process.kill()
            await self.process.wait()
