"""Which requests that are none are worth a record: so many of each caller, and no more."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.pdp.enforce import Caller

_MOST_CALLERS: Final = 1_024  # whose refusals are counted


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float
    suppressed: int = 0


class Refusals:
    """How many malformed requests of a caller are worth a record: a token bucket each."""

    def __init__(self, clock: Callable[[], float], *, per_second: float = 1.0, burst: float = 5.0) -> None:
        self._clock, self._per_second, self._burst = clock, per_second, burst
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def take(self, caller: Caller) -> int | None:
        """Return how many refusals went unrecorded since the last, if this one is to be recorded; else None."""
        now = self._clock()
        name = (caller.tenant, caller.subject)
        bucket = self._buckets.pop(name, None) or _Bucket(self._burst, now)
        self._buckets[name] = bucket
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.filled_at) * self._per_second)
        bucket.filled_at = now
        if bucket.tokens < 1:
            bucket.suppressed += 1
            return None
        suppressed, bucket.suppressed = bucket.suppressed, 0
        bucket.tokens -= 1
        return suppressed
