"""Keeps the checkpoints of one store anchored with one authority: what to ask for, when, and where it goes.

Never in the way of sealing: it reads checkpoints from the store like anybody, and writes beside them. Several nodes
may anchor one log; whoever comes second finds the object there and is content.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from evidence import note
from evidence.anchor_source import Anchor
from evidence.checkpoint import Checkpoint
from evidence.checkpointer import checkpoint_key
from evidence.errors import (
    AlreadyWrittenError,
    AnchorError,
    EvidenceError,
    MalformedError,
    NotFoundError,
    SignatureError,
)
from evidence.store import WormStore

_LOOK = 10.0  # seconds between two looks for a new checkpoint, once it is time
_FIRST_PAUSE = 5.0  # seconds after the first failure; doubled after each further one


class Anchorer:
    """Anchors the newest checkpoint every so often; for one thread.

    Attributes:
        overdue: whether the newest checkpoint has waited for its anchor for more than one interval since it was time.
    """

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        store: WormStore,
        anchor: Anchor,
        *,
        verify: Callable[[bytes], Checkpoint],
        retention: timedelta,
        interval: float,
        clock: Callable[[], datetime],
        ticks: Callable[[], float] = monotonic,
    ) -> None:
        """Prepare; neither store nor authority is asked yet.

        Args:
            store: of the log.
            anchor: who is asked.
            verify: returns the checkpoint of a note, once it is known to be the log's; raises `EvidenceError`.
            retention: how long an anchor is kept.
            interval: seconds between two anchors while there are new checkpoints.
            clock: the time.
            ticks: seconds on a clock that never goes back.
        """
        self._store, self._anchor, self._verify = store, anchor, verify
        self._retention, self._interval, self._clock, self._ticks = retention, interval, clock, ticks
        self._loaded = False
        self._number = -1  # the newest checkpoint that is anchored
        self._due = self._next = ticks()  # since when it is time; when to look again
        self._failures = 0
        self.overdue = False

    @property
    def pause(self) -> float:
        """Return the seconds until `step` has something to do."""
        return max(0.0, self._next - self._ticks())

    @property
    def lag(self) -> float:
        """Return for how many seconds it has been time for an anchor that is not there."""
        return max(0.0, self._ticks() - self._due)

    def step(self) -> str | None:
        """Anchor the newest checkpoint if it is time and it is not anchored; return the key of what was written.

        Raises:
            EvidenceError: it was time, and there is no anchor. The next attempt waits longer, up to the interval.
        """
        if self.pause:
            return None
        try:
            key = self._step()
        except EvidenceError:
            self._next = self._ticks() + min(self._interval, _FIRST_PAUSE * 2 ** min(self._failures, 16))
            self._failures += 1
            self.overdue = self._ticks() - self._due > self._interval
            raise
        self._failures, self.overdue = 0, False
        return key

    def _step(self) -> str | None:
        if not self._loaded:
            self._load()
            self._loaded = True
            if self.pause:
                return None
        number = newest_checkpoint(self._store, at_least=max(0, self._number))
        if number is None or number == self._number:
            self._due = self._ticks()
            self._next = self._due + min(self._interval, _LOOK)
            return None
        key = self._obtain(number)
        self._number = number
        self._due = self._next = self._ticks() + self._interval
        return key

    def _obtain(self, number: int) -> str | None:
        """Anchor checkpoint `number`, unless somebody else has."""
        signed = self._store.get(checkpoint_key(number), limit=note.MAX_NOTE)
        head, key = self._verify(signed), self._anchor.key(number)
        try:
            self._anchor.verify(self._store.get(key), signed, head)
        except NotFoundError:
            data = self._anchor.obtain(signed, head)
        else:
            return None
        try:
            self._store.put(key, data, retain_until=self._clock() + self._retention)
        except AlreadyWrittenError:  # since we looked
            return None
        return key

    def _load(self) -> None:
        """Find what was anchored last, so that a start is no reason to ask again."""
        numbers = [self._anchor.number(key) for key in self._store.keys(self._anchor.prefix)]
        newest = max((number for number in numbers if number is not None), default=None)
        if newest is None:
            return
        try:
            signed = self._store.get(checkpoint_key(newest), limit=note.MAX_NOTE)
            made = self._anchor.verify(self._store.get(self._anchor.key(newest)), signed, self._verify(signed))
        except (NotFoundError, MalformedError, AnchorError, SignatureError):  # it anchors nothing, whoever put it there
            return
        self._number = newest
        self._due = self._ticks() + self._interval - max(0.0, (self._clock() - made).total_seconds())
        self._next = max(self._due, self._ticks())


def newest_checkpoint(store: WormStore, *, at_least: int = 0) -> int | None:
    """Return the number of the newest checkpoint, or None before the first; asks for few, whatever their number.

    Args:
        store: of the log.
        at_least: a checkpoint that is known to be there, or 0.

    Raises:
        StoreError: the store does not answer.
    """
    if not _has(store, at_least):
        return None
    low, step = at_least, 1
    while _has(store, low + step):
        low, step = low + step, step * 2
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _has(store, middle) else (low, middle)
    return low


def _has(store: WormStore, number: int) -> bool:
    try:
        store.get(checkpoint_key(number), limit=note.MAX_NOTE)
    except NotFoundError:
        return False
    return True
