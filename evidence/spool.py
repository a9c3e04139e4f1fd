"""What a chain has on disk and not yet in the store: how much, since when, and who waits for it to be there.

Counts alone: reads no disk, asks no store. Belongs to one event loop.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """Records that reached the disk together: those before `next_seq`, `size` bytes, at `since` (seconds)."""

    next_seq: int
    size: int
    since: float


class Spool:
    """The spool of one chain."""

    def __init__(self) -> None:
        self.size = 0  # bytes
        self._batches: deque[Spooled] = deque()
        self._sealed = 0  # the first number that is not in the store
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()

    @property
    def next_seq(self) -> int:
        """Return the first number that is not known to be in the store."""
        return self._sealed

    def add(self, batch: Spooled) -> None:
        """Take in what was written; batches come in order."""
        self._batches.append(batch)
        self.size += batch.size

    def add_earlier(self, batches: Iterable[Spooled]) -> None:
        """Take in what was written before everything else, in order."""
        earlier = list(batches)
        self._batches.extendleft(reversed(earlier))
        self.size += sum(batch.size for batch in earlier)

    def age(self, now: float) -> float:
        """Return for how many seconds the oldest record has waited."""
        return now - self._batches[0].since if self._batches else 0.0

    def sealed(self, next_seq: int) -> None:
        """Take in that every record before `next_seq` is in the store, under a seal that was read back."""
        self._sealed = max(self._sealed, next_seq)
        while self._batches and self._batches[0].next_seq <= self._sealed:
            self.size -= self._batches.popleft().size
        while self._waiting and self._waiting[0][0] < self._sealed:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)

    @property
    def awaited(self) -> bool:
        """Return whether anybody waits."""
        return any(not future.done() for _, _, future in self._waiting)

    def wait(self, seq: int) -> asyncio.Future[None]:
        """Return a future that ends once record `seq` is in the store."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if seq < self._sealed:
            future.set_result(None)
        else:
            heapq.heappush(self._waiting, (seq, next(self._order), future))
        return future
