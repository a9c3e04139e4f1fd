"""Which requests that are none are worth a record: so many of each caller, and no more."""

from collections.abc import Callable
from typing import Final

from app.decision_plane.buckets import Buckets, Rate
from app.pdp.enforce import Caller

_MOST_CALLERS: Final = 1_024  # whose refusals are counted


class Refusals:
    """How many refused requests of a caller are worth a record: a token bucket each."""

    def __init__(self, clock: Callable[[], float], *, per_second: float = 1.0, burst: float = 5.0) -> None:
        self._rate = Rate(per_second=per_second, burst=burst)
        self._buckets = Buckets(clock, _MOST_CALLERS)

    def take(self, caller: Caller) -> int | None:
        """Return how many refusals went unrecorded since the last, if this one is to be recorded; else None."""
        taken = self._buckets.take((caller.tenant, caller.subject), self._rate)
        return None if taken.wait else taken.refused
