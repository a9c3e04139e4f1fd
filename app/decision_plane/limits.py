"""How often a caller may ask, as policy data say. 429 Too Many Requests: RFC 6585, section 4.

Counts in this worker alone: each of several has its share of what the node allows. Knows no protocol.
"""

from collections.abc import Callable
from math import ceil
from typing import Final

from app.decision_plane.buckets import Buckets, Rate
from app.decision_plane.http import ProblemError
from app.decision_plane.refusals import Refusals
from app.errors import problem
from app.pdp.callers import Caller as Registered
from app.pdp.callers import Limits as Allowed
from app.pdp.enforce import Caller

UNREGISTERED: Final = Allowed(per_second=1, burst=10)
"""What a caller may that has a token and stands in no policy data: it gets denials alone, and each is a record."""

_DAY: Final = 86_400
_MOST_CALLERS: Final = 65_536  # whose requests are counted
_MOST_LIMITS: Final = 4_096  # different ones
_RECORDED: Final = 1 / 60  # a second: how often it is recorded that a caller was over its limit

Rates = tuple[tuple[str, Rate], ...]


class ThrottledError(ProblemError):
    """The caller is over its limit; `suppressed` is the number to be recorded, or None where nothing is."""

    def __init__(self, caller: Caller, limit: str, wait: float, suppressed: int | None) -> None:
        super().__init__(problem("too_many_requests"), [(b"retry-after", b"%d" % max(1, ceil(wait)))])
        self.caller, self.limit, self.suppressed = caller, limit, suppressed


class Limits:
    """Counts the requests of each caller of each tenant."""

    def __init__(self, clock: Callable[[], float], *, workers: int = 1) -> None:
        """Count seconds by `clock`; allow one part in `workers` of what policy data allow."""
        self._workers = workers
        self._known: dict[Allowed, Rates] = {}
        self._buckets = Buckets(clock, _MOST_CALLERS)
        self._records = Refusals(clock, per_second=_RECORDED, burst=1.0)

    def take(self, caller: Caller, registered: Registered | None) -> None:
        """Count one request of `caller`, as which policy data have `registered`.

        Raises:
            ThrottledError: it is one too many.
        """
        for limit, rate in self._rates(registered):
            taken = self._buckets.take((caller.tenant, caller.subject, limit), rate)
            if taken.wait:
                raise ThrottledError(caller, limit, taken.wait, self._records.take(caller))

    def charge(self, caller: Caller, registered: Registered | None, number: int) -> None:
        """Count `number` questions more that came in one request: they are answered, and paid by those to come."""
        for limit, rate in self._rates(registered):
            self._buckets.charge((caller.tenant, caller.subject, limit), rate, number)

    def _rates(self, registered: Registered | None) -> Rates:
        allowed = registered.limits if registered is not None else UNREGISTERED
        rates = self._known.get(allowed)
        if rates is None:
            if len(self._known) >= _MOST_LIMITS:  # of policies that were in force once
                self._known.clear()
            rates = self._known[allowed] = self._shared(allowed)
        return rates

    def _shared(self, allowed: Allowed) -> Rates:
        """Return this worker's share of what is allowed."""
        rates = []
        if allowed.per_second is not None and allowed.burst is not None:
            rates.append(("per_second", self._rate(allowed.per_second, allowed.burst)))
        if allowed.per_day is not None:
            rates.append(("per_day", self._rate(allowed.per_day / _DAY, allowed.per_day)))
        return tuple(rates)

    def _rate(self, per_second: float, burst: int) -> Rate:
        return Rate(per_second=per_second / self._workers, burst=max(1.0, burst / self._workers))
