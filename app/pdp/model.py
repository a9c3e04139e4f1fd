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
    """What the PDP alone states: the time (RFC 3339, UTC, seconds), the tenant, who asks."""

    time: str
    tenant: str
    caller: str

    def document(self) -> dict[str, str]:
        """Return it as policies see it."""
        return {"time": self.time, "tenant": self.tenant, "caller": self.caller}


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A gate that did not pass, as its METADATA describes it."""

    id: str
    message: str
    severity: Severity
    enforcement: Enforcement
    controls: tuple[str, ...]


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

    def document(self) -> dict[str, Any]:
        """Return the decision as it stands in the record: canonical profile, sorted, no floats."""
        return {
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
