"""The values a decision is made of: what is asked, and what is answered.

Knows neither Rego nor HTTP. Names follow the OpenID AuthZEN Authorization API 1.0.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Enforcement(StrEnum):
    """What a failed gate does."""

    BLOCKING = "blocking"
    MONITORING = "monitoring"
    DRAFT = "draft"  # evaluated and recorded; no caller is told


class Severity(StrEnum):
    """How much a failed gate matters to an officer; it does not change the decision."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Durability(StrEnum):
    """Where a record is when the answer leaves; the later, the more it takes to lose it."""

    JOURNAL = "journal"  # on this node's disk
    LOCKED = "locked"  # in the write-once store, under a seal that was read back

    def or_more(self, other: "Durability") -> "Durability":
        """Return the stricter of the two."""
        return Durability.LOCKED if Durability.LOCKED in {self, other} else Durability.JOURNAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How the records of an action are kept: at least how durable, and in which retention class (None: the default)."""

    durability: Durability = Durability.JOURNAL
    retention: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A subject or a resource (AuthZEN 1.0, sections 5.1 and 5.2)."""

    type: str
    id: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """One question to the PDP: may `subject` do `action` to `resource`? `action_properties` say how it is done."""

    subject: Entity
    action: str
    resource: Entity
    context: dict[str, Any]
    action_properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the PDP alone states: the time (RFC 3339, UTC, seconds), the tenant, who asks.

    `overrides` are the grants whose scope this request may be in, as `grants.Grant.document` writes them.
    """

    time: str
    tenant: str
    caller: str
    overrides: tuple[dict[str, Any], ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as policies see it; `overrides` is there only where there are some."""
        stated: dict[str, Any] = {"time": self.time, "tenant": self.tenant, "caller": self.caller}
        return stated | {"overrides": list(self.overrides)} if self.overrides else stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A gate that did not pass, as its METADATA describes it."""

    id: str
    message: str
    severity: Severity
    enforcement: Enforcement
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A gate that failed and denied nothing, and the id of the grant that says so."""

    gate: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Why no policy answered: a code, and a path of names the contract knows. Never a value."""

    code: str
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer. An error is a deny with diagnostics; there is no third value."""

    allow: bool
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    obligations: tuple[dict[str, Any], ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    overrides: tuple[Override, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the decision as it stands in the record: canonical profile, sorted, no floats.

        A gate that failed without a violation is a draft. `overrides` is there only where some were used.
        """
        stated: dict[str, Any] = {
            "allow": self.allow,
            "passed": list(self.passed),
            "failed": list(self.failed),
            "violations": [
                {
                    "id": violation.id,
                    "message": violation.message,
                    "severity": violation.severity.value,
                    "enforcement": violation.enforcement.value,
                    "controls": list(violation.controls),
                }
                for violation in self.violations
            ],
            "obligations": list(self.obligations),
            "diagnostics": [{"code": found.code, "path": found.path} for found in self.diagnostics],
        }
        if self.overrides:
            stated["overrides"] = [{"gate": each.gate, "id": each.id} for each in self.overrides]
        return stated

    def told(self) -> dict[str, Any]:
        """Return the decision as whoever asked is told of it: without gates that are drafts."""
        shown = {violation.id for violation in self.violations}
        drafts = {gate for gate in self.failed if gate not in shown}
        return self.document() | {"failed": [gate for gate in self.failed if gate not in drafts]}
