"""How long there is for a request: by law and kind, with its one extension and the one pause that the law knows. Pure.

GDPR, article 12(3): one month from receipt, which is 30 days here, the shorter reading; two further months, 60 days, if
the person is told within the first. CCPA (Cal. Civ. Code, section 1798.130(a)(2)): 45 days, and 45 more once, told
within the first 45. To opt out and to limit (11 CCR, sections 7026(f) and 7027(g)) takes 15 business days at most: 21
days here, as if there were no holidays, and nobody extends them.

A clock stands still in one case. Where the controller has reasonable doubts about who asks, it may ask for what it
needs to confirm that (GDPR, article 12(6)), and until the person has given it the request cannot be answered; article
12(2) has the controller not act on a person whom it cannot identify. So time stands still from when the person was
asked until they were verified, if they were asked without undue delay: within `ASKED_WITHIN`. Asked later, it runs.
It runs as well before anybody was asked, while a request is paused by the controller's own choice, under a legal hold
(the person has to be told within the time all the same, article 12(4)), and while a processor is waited for. CCPA's
runs in all cases, however long verification takes (11 CCR, section 7021(b)).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DAY: Final = 86_400
ASKED_WITHIN: Final = 7 * DAY
"""How long after receipt asking for identification is still without undue delay."""

SOON: Final = 7 * DAY
"""So long before the end somebody is warned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How long there is.

    Attributes:
        law: the provision.
        days: from receipt.
        further: days more, if it is extended; 0 where it cannot be.
        stands_still: whether time stands still while the person has to show who they are.
    """

    law: str
    days: int
    further: int
    stands_still: bool


_GDPR: Final = Limit(law="GDPR, article 12(3)", days=30, further=60, stands_still=True)
_CCPA: Final = Limit(law="CCPA, section 1798.130(a)(2)", days=45, further=45, stands_still=False)
_OPT_OUT: Final = Limit(law="CCPA, 11 CCR 7026(f)", days=21, further=0, stands_still=False)
_LIMIT_USE: Final = Limit(law="CCPA, 11 CCR 7027(g)", days=21, further=0, stands_still=False)
_LIMITS: Final = {"gdpr": _GDPR, "ccpa": _CCPA}
_OTHERWISE: Final = {("ccpa", "object"): _OPT_OUT, ("ccpa", "restrict"): _LIMIT_USE}


class Standing(StrEnum):
    """How it stands with a clock at a time."""

    RUNNING = "running"
    STILL = "still"  # it waits for the person
    SOON = "soon"
    OVERDUE = "overdue"
    MET = "met"
    LATE = "late"  # it was done, after its time


def clock_of(law: str, kind: str) -> Limit:
    """Return how long there is for a request of this kind by this law."""
    return _OTHERWISE.get((law, kind), _LIMITS[law])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the clock of one request depends on. Times are Unix seconds; None is: not yet."""

    limit: Limit
    received_at: int
    identity_asked_at: int | None
    verified_at: int | None
    extended: bool
    ended_at: int | None

    def still(self, now: int) -> int:
        """Return how many seconds the clock stood still by `now`."""
        asked = self.identity_asked_at
        if asked is None or not self.limit.stands_still or asked - self.received_at > ASKED_WITHIN:
            return 0
        ends = [each for each in (self.verified_at, self.ended_at, now) if each is not None]
        return max(0, min(ends) - asked)

    def first_due(self, now: int) -> int:
        """Return when it is due without an extension; until then it can be extended."""
        return self.received_at + self.limit.days * DAY + self.still(now)

    def due(self, now: int) -> int:
        """Return when it is due, as it stands at `now`."""
        return self.first_due(now) + (self.limit.further * DAY if self.extended else 0)

    def left(self, now: int) -> int:
        """Return how many seconds are left; below 0, by how many it is overdue."""
        return self.due(now) - (now if self.ended_at is None else self.ended_at)

    def extensible(self, now: int) -> bool:
        """Tell whether its time may be extended at `now`: once, and as long as the person can be told in time."""
        return not self.extended and self.limit.further > 0 and now <= self.first_due(now)

    def standing(self, now: int) -> Standing:
        """Return how it stands."""
        left = self.left(now)
        if self.ended_at is not None:
            return Standing.LATE if left < 0 else Standing.MET
        if left < 0:
            return Standing.OVERDUE
        if self._stands(now):
            return Standing.STILL
        return Standing.SOON if left <= SOON else Standing.RUNNING

    def _stands(self, now: int) -> bool:
        return self.verified_at is None and self.still(now) > 0
