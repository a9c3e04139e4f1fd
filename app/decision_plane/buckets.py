"""Token buckets: how often something may happen, for each of many names."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often: so many each second in the long run, and at most `burst` at once."""

    per_second: float
    burst: float


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Whether it may happen.

    Attributes:
        wait: seconds until it may, 0 if it may now.
        refused: how often it was not allowed since the last time that it was.
    """

    wait: float
    refused: int


class Buckets:
    """A bucket for each name; of too many, the one that was quiet for longest is forgotten, and so is full again."""

    def __init__(self, clock: Callable[[], float], most: int) -> None:
        """Count seconds by `clock`; keep at most `most` buckets."""
        self._clock, self._most = clock, most
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: Hashable, rate: Rate) -> Taken:
        """Take one, if there is one."""
        bucket = self._filled(name, rate)
        refused = bucket.refused
        if bucket.tokens < 1:
            bucket.refused += 1
            return Taken(wait=(1 - bucket.tokens) / rate.per_second, refused=refused)
        bucket.tokens -= 1
        bucket.refused = 0
        return Taken(wait=0.0, refused=refused)

    def charge(self, name: Hashable, rate: Rate, number: int) -> None:
        """Take `number`, whether they are there or not: what is missing is paid before anything else happens."""
        self._filled(name, rate).tokens -= number

    def _filled(self, name: Hashable, rate: Rate) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(rate.burst, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
        bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.filled_at) * rate.per_second)
        bucket.filled_at = now
        return bucket
