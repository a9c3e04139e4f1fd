"""What a gate that denies nothing yet would have denied: counted in the log, one record at a time.

Owns the count. Memory is that of a few examples for each kind of subject, however long the log. Where the gate did not
exist, or was not asked, nothing can be said without deciding again; that many are counted apart.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from evidence.record import Record

EXAMPLES: Final = 5
"""Decision ids that are kept for each kind of subject."""

_KINDS: Final = 64
_OTHERS: Final = "(others)"


@dataclass(slots=True, kw_only=True)
class Denied:
    """What would have been denied to one kind of subject: how often, and some of the decisions."""

    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Promotion:
    """What blocking would have done to the decisions on one action.

    Attributes:
        action: whose decisions.
        gate: of it.
        decisions: how many there were.
        denied: those that were allowed and in which the gate failed, by kind of subject.
        anyway: in how many it failed that were denied for other reasons.
        blocked: in how many it denied, as it was blocking then.
        overridden: in how many of `blocked` an override stood for it.
        unasked: in how many it was not asked; nothing is known of them.
    """

    action: str
    gate: str
    decisions: int = 0
    denied: dict[str, Denied] = field(default_factory=dict)
    anyway: int = 0
    blocked: int = 0
    overridden: int = 0
    unasked: int = 0

    @property
    def would_deny(self) -> int:
        """Return how many allows would have been denies."""
        return sum(each.count for each in self.denied.values())

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        kinds = sorted(self.denied.items(), key=lambda each: (-each[1].count, each[0]))
        return {
            "action": self.action,
            "gate": self.gate,
            "decisions": self.decisions,
            "would_deny": self.would_deny,
            "by_subject": [{"subject": kind, "count": each.count, "examples": each.examples} for kind, each in kinds],
            "denied_anyway": self.anyway,
            "blocked": self.blocked,
            "overridden": self.overridden,
            "not_asked": self.unasked,
        }

    def take(self, record: Record) -> None:
        """Count one decision on the action."""
        result = record.body["result"]
        self.decisions += 1
        if self.gate not in result["failed"]:
            self.unasked += self.gate not in result["passed"]
            return
        words = [each["enforcement"] for each in result["violations"] if each["id"] == self.gate]
        if words == ["blocking"]:
            self.blocked += 1
            self.overridden += any(each["gate"] == self.gate for each in result.get("overrides", ()))
        elif result["allow"]:
            self._deny(record)
        else:
            self.anyway += 1

    def _deny(self, record: Record) -> None:
        kind = record.body["subject"]["type"] or _OTHERS
        known = kind if kind in self.denied or len(self.denied) < _KINDS else _OTHERS
        found = self.denied.setdefault(known, Denied())
        found.count += 1
        if len(found.examples) < EXAMPLES:
            found.examples.append(record.position.decision_id)


def would_have_denied(
    records: Iterable[tuple[Record, bytes]], *, action: str, gate: str, since: str, tenant: str | None = None
) -> Promotion:
    """Return what blocking would have done to the decisions among `records` since a time (RFC 3339, UTC).

    Raises:
        EvidenceError: see `log_scan.decisions`.
    """
    found = Promotion(action=action, gate=gate)
    for record, _ in records:
        if record.body["action"] != action or record.time < since or tenant not in {None, record.tenant}:
            continue
        found.take(record)
    return found
