"""What a payment provider tells of afterwards, in words that are no provider's: one event of one thing.

An event says how its thing stands now, not what happened to it: whoever knows the newest one knows the state.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.features.marketplace.money import Money


class About(StrEnum):
    """What an event tells of."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"


class Status(StrEnum):
    """How it stands."""

    OPEN = "open"  # of a dispute: the bank has taken the money, and listens
    PENDING = "pending"
    CANCELLED = "cancelled"
    SUCCEEDED = "succeeded"  # of a payout: it is at the bank
    FAILED = "failed"
    WON = "won"
    LOST = "lost"


RANK: Final = {
    Status.OPEN: 0,
    Status.PENDING: 0,
    Status.CANCELLED: 1,
    Status.SUCCEEDED: 1,
    Status.WON: 1,
    Status.LOST: 1,
    Status.FAILED: 2,  # a payout that has been at the bank may come back
}
"""Which of two events of the same second is the later one: the one that ends more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event.

    Attributes:
        provider: who tells.
        id: of the event; the same one may come again.
        about: what it tells of, None where it is nothing that anybody here asks for.
        subject: the provider's id of that.
        status: how it stands; None where `about` is.
        amount: of it, where it has one.
        charge: the payment that a refund or a dispute is of.
        account: the developer's account that a payout leaves.
        reason: a word of the provider for why.
        at: when it was told, Unix seconds.
    """

    provider: str
    id: str
    about: About | None
    subject: str
    status: Status | None
    amount: Money | None
    charge: str | None
    account: str | None
    reason: str | None
    at: int

    @property
    def rank(self) -> int:
        """Return how late it is among events of the same second."""
        return 0 if self.status is None else RANK[self.status]
