"""What is asked, and what is answered, as values (AuthZEN 1.0, sections 5 and 6).

Owns the forms. Reads an answer strictly: what is no decision is never taken for an allow. Knows no HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

from omega_client.errors import UnusableAnswerError

_T = TypeVar("_T")


class Durability(StrEnum):
    """Where the record has to be before the answer."""

    JOURNAL = "journal"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A subject or a resource."""

    type: str
    id: str
    properties: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as it is sent."""
        return {"type": self.type, "id": self.id, "properties": dict(self.properties)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May `subject` do `action` to `resource`?"""

    subject: Entity
    action: str
    resource: Entity
    context: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as it is sent."""
        return {
            "subject": self.subject.document(),
            "action": {"name": self.action},
            "resource": self.resource.document(),
            "context": dict(self.context),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A gate that did not pass."""

    id: str
    message: str
    severity: str
    enforcement: str
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where the record of a decision stands, and the log's signed word for it where that was asked for."""

    chain: str
    seq: int
    leaf_hash: str
    durability: Durability
    receipt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The policies that decided: their revision, and the digest of all of them."""

    revision: str
    bundle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A decision. Of an item of a batch that was no question there is no record: it is a deny with `error`."""

    decision: bool
    decision_id: str = ""
    reasons: tuple[Reason, ...] = ()
    obligations: tuple[Mapping[str, Any], ...] = ()
    diagnostics: tuple[Mapping[str, str], ...] = ()
    policy: Policy | None = None
    evidence: Evidence | None = None
    error: str = ""

    @property
    def obligation_types(self) -> frozenset[str]:
        """Return the types of what the caller has to do."""
        return frozenset(each["type"] for each in self.obligations)

    @classmethod
    def parse(cls, value: Any) -> "Evaluation":
        """Read one answer.

        Raises:
            UnusableAnswerError: it is none.
        """
        members = _typed(value, dict)
        decision = _member(members, "decision", bool)
        context = _typed(members.get("context", {}), dict)
        if not decision and "error" in context and "decision_id" not in context:
            return cls(decision=False, error=str(_typed(context["error"], dict).get("message", "")))
        evidence = _member(context, "evidence", dict)
        return cls(
            decision=decision,
            decision_id=_member(context, "decision_id", str),
            reasons=tuple(_reason(each) for each in _member(context, "reasons", list)),
            obligations=tuple(_obligation(each) for each in _member(context, "obligations", list)),
            diagnostics=tuple(_typed(each, dict) for each in _member(context, "diagnostics", list)),
            policy=_policy(_member(context, "policy", dict)),
            evidence=_evidence(evidence),
        )

    @classmethod
    def parse_all(cls, value: Any, count: int) -> "tuple[Evaluation, ...]":
        """Read the answer to so many questions at once (section 7); a receipt in it is that of each.

        Raises:
            UnusableAnswerError: it is none, or has not one answer for each.
        """
        members = _typed(value, dict)
        evidence = _typed(_typed(members.get("context", {}), dict).get("evidence", {}), dict)
        receipt = _member(evidence, "receipt", str) if "receipt" in evidence else None
        evaluations = tuple(cls.parse(each) for each in _member(members, "evaluations", list))
        if len(evaluations) != count:
            raise UnusableAnswerError(f"{len(evaluations)} answers to {count} questions")
        return tuple(each.with_receipt(receipt) for each in evaluations)

    def with_receipt(self, receipt: str | None) -> "Evaluation":
        """Return the same, with this receipt where there is evidence."""
        return self if self.evidence is None else replace(self, evidence=replace(self.evidence, receipt=receipt))


def _reason(value: Any) -> Reason:
    members = _typed(value, dict)
    texts = {name: _member(members, name, str) for name in ("id", "message", "severity", "enforcement")}
    return Reason(**texts, controls=tuple(_typed(each, str) for each in _member(members, "controls", list)))


def _obligation(value: Any) -> dict[str, Any]:
    members = _typed(value, dict)
    _member(members, "type", str)
    return members


def _policy(members: dict[str, Any]) -> Policy:
    return Policy(revision=_member(members, "revision", str), bundle=_member(members, "bundle", str))


def _evidence(members: dict[str, Any]) -> Evidence:
    try:
        durability = Durability(_member(members, "durability", str))
    except ValueError:
        raise UnusableAnswerError("the answer names no durability that is known") from None
    return Evidence(
        chain=_member(members, "chain", str),
        seq=_member(members, "seq", int),
        leaf_hash=_member(members, "leaf_hash", str),
        durability=durability,
        receipt=_member(members, "receipt", str) if "receipt" in members else None,
    )


def _member(members: Mapping[str, Any], name: str, kind: type[_T]) -> _T:
    if name not in members:
        raise UnusableAnswerError(f"the answer has no `{name}`")
    return _typed(members[name], kind)


def _typed(value: Any, kind: type[_T]) -> _T:
    if type(value) is not kind:
        raise UnusableAnswerError(f"the answer has another type where it should have `{kind.__name__}`")
    return value
