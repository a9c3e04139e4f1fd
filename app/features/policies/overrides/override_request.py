"""An override from its request to its end: what it is at a time, and what may follow. Pure.

Owns which state follows from what happened and from the time; nobody has to be there when one ends. Whether a person
may do a step is decided by policy, and whether a grant opens a gate by `lib/override.rego` alone: what stands here is
for people to read, and to refuse a step that cannot follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from app.pdp.grants import Approval, Grant

LAPSES: Final = 7 * 24 * 3_600
"""Seconds after which a request that nobody has approved is none any more."""

APPROVALS: Final = 2
_HOUR, _MINUTE = 3_600, 60


class Kind(StrEnum):
    """How it came about."""

    REQUEST = "request"
    BREAK_GLASS = "break_glass"


class State(StrEnum):
    """What an override is at a time."""

    ASKED = "asked"
    GRANTED = "granted"
    UNCONFIRMED = "unconfirmed"  # broken glass, open for some minutes
    CLOSED = "closed"  # broken glass that nobody confirmed
    LAPSED = "lapsed"  # asked for, and not approved in time
    REVOKED = "revoked"
    EXPIRED = "expired"
    USED_UP = "used_up"


RUNNING: Final = frozenset({State.ASKED, State.GRANTED, State.UNCONFIRMED})
"""The states in which there cannot be another one of the same scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One person's approval, or confirmation, in one role. `at`: Unix seconds."""

    person: str
    role: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What is kept of an override. Times are Unix seconds; `subject` and `resource` are (type, id).

    `by` asked for it, or broke the glass, in `role`; `uses` is how often it may be used, `used` how often it was.
    `review_due` is when somebody has to have looked at it, `reviewed` when somebody did.
    """

    id: str
    tenant: str
    kind: Kind
    action: str
    gate: str
    subject: tuple[str, str]
    resource: tuple[str, str]
    by: str
    role: str
    reason: str
    ticket: str
    at: int
    hours: int
    minutes: int
    uses: int
    used: int = 0
    last_used: int | None = None
    approvals: tuple[Given, ...] = ()
    revoked: int | None = None
    review_due: int | None = None
    reviewed: int | None = None

    @property
    def expires(self) -> int | None:
        """Return when it ends at the latest: its hours begin with the first approval, or when the glass was broken."""
        if self.kind is Kind.BREAK_GLASS:
            return self.at + self.hours * _HOUR
        return min(each.at for each in self.approvals) + self.hours * _HOUR if self.approvals else None

    @property
    def closes(self) -> int:
        """Return when it is over unless somebody agrees: broken glass after minutes, a request after days."""
        if self.kind is Kind.BREAK_GLASS:
            return self.at + self.minutes * _MINUTE
        return min(self.at + LAPSES, self.expires or self.at + LAPSES)

    def state(self, now: int) -> State:
        """Return what it is at `now`."""
        glass = self.kind is Kind.BREAK_GLASS
        agreed = len(self.approvals) >= (1 if glass else APPROVALS)
        if self.revoked is not None:
            return State.REVOKED
        if self.used >= self.uses:
            return State.USED_UP
        if not agreed and now >= self.closes:
            return State.CLOSED if glass else State.LAPSED
        if self.expires is not None and now >= self.expires:
            return State.EXPIRED
        if agreed:
            return State.GRANTED
        return State.UNCONFIRMED if glass else State.ASKED

    def ended(self, now: int) -> int | None:
        """Return when it ended, or None where it has not."""
        match self.state(now):
            case State.REVOKED:
                return self.revoked
            case State.USED_UP:
                return self.last_used
            case State.CLOSED | State.LAPSED:
                return self.closes
            case State.EXPIRED:
                return self.expires
            case _:
                return None

    def grant(self, now: int) -> Grant | None:
        """Return what the decision point is shown, or None where there is nothing to show."""
        if self.expires is None or self.state(now) not in {State.GRANTED, State.UNCONFIRMED}:
            return None
        return Grant(
            id=self.id,
            tenant=self.tenant,
            kind=self.kind.value,
            action=self.action,
            gate=self.gate,
            subject=self.subject,
            resource=self.resource,
            by=self.by,
            role=self.role,
            begins=moment(self.at),
            expires_at=moment(self.expires),
            hours=self.hours,
            minutes=self.minutes,
            approvals=tuple(
                Approval(person=each.person, role=each.role, at=moment(each.at)) for each in self.approvals
            ),
        )


def earlier_approvers(earlier: Sequence[Override], now: int) -> list[dict[str, str]]:
    """Return who approved overrides of the same scope that have ended, and when those ended: facts for policy."""
    return [
        {"person": given.person, "ended_at": moment(ended)}
        for each in earlier
        if (ended := each.ended(now)) is not None
        for given in each.approvals
    ]


def moment(seconds: int) -> str:
    """Return a time (Unix seconds) as policies read it: RFC 3339, UTC, seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
