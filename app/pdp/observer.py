"""Who watches decisions being made: told of each one once it is on record, and never asked.

Knows no metrics and no traces. What it is told holds no fact, no person, no payload.
"""

from typing import NamedTuple, Protocol

from app.pdp.model import Decision, Durability


class Evaluated(NamedTuple):
    """One decision on record, and when it came how far, in nanoseconds of `Observer.now`.

    Attributes:
        action: what was asked about, None where no policy has it: it may be anybody's free text.
        decision: the decision.
        decision_id: the place of its record.
        durability: where the record has come to.
        started: the request was taken in.
        decided: the policy had spoken.
        handed: the record was handed to the log.
        recorded: it was where it had to be.
    """

    action: str | None
    decision: Decision
    decision_id: str
    durability: Durability
    started: int
    decided: int
    handed: int
    recorded: int


class Observer(Protocol):
    """Watches a decision point. Must not raise, and must not take long: every decision waits for it."""

    def now(self) -> int:
        """Return nanoseconds on a clock of its own."""

    def evaluated(self, evaluated: Evaluated) -> None:
        """Take in a decision."""


class Unobserved:
    """Nobody watches."""

    def now(self) -> int:
        """Return no time."""
        return 0

    def evaluated(self, evaluated: Evaluated) -> None:
        """Take no notice."""
