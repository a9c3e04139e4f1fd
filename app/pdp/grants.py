"""Overrides that were granted, as the decision point meets them.

Owns what a grant looks like to policies and in the record, and the port they come by. Whether one is valid is decided
in `lib/override.rego`, at the time of the decision; who granted it and where it is kept is no business of it.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol

import jsonschema_rs

from app.pdp.errors import MalformedRequestError
from app.pdp.model import EvaluationRequest

MOST: Final = 8
"""Grants that one decision is shown; more would not fit beside the request."""

_TEXT: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": 256}
_TIME: Final[dict[str, Any]] = {
    "type": "string",
    "format": "date-time",
    "pattern": "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$",
}
_NUMBER: Final[dict[str, Any]] = {"type": "integer", "minimum": 1, "maximum": 100_000}


def _object(**members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [*members], "properties": members, "additionalProperties": False}


_ENTITY: Final = _object(type=_TEXT, id=_TEXT)

GRANT: Final = _object(
    id=_TEXT,
    kind={"type": "string", "enum": ["request", "break_glass"]},
    action=_TEXT,
    gate=_TEXT,
    subject=_ENTITY,
    resource=_ENTITY,
    by=_TEXT,
    role=_TEXT,
    expires_at=_TIME,
    hours=_NUMBER,
    minutes=_NUMBER,
    approvals={"type": "array", "maxItems": 16, "items": _object(person=_TEXT, role=_TEXT, at=_TIME)},
    **{"from": _TIME},
)
"""JSON Schema of a grant in `input.environment.overrides`."""

_VALIDATOR: Final = jsonschema_rs.Draft202012Validator(
    {"type": "array", "minItems": 1, "maxItems": MOST, "items": GRANT}, validate_formats=True, offline=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's yes, in one role, at one time (RFC 3339, UTC, seconds)."""

    person: str
    role: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One override: `subject` may pass `gate` of `action` for `resource`, both (type, id).

    `kind` is `request` or `break_glass`; `by`, in `role`, asked for it or broke the glass at `begins`. `hours` is how
    long it lasts, `minutes` how long a broken glass stays open unconfirmed.
    """

    id: str
    tenant: str
    kind: str
    action: str
    gate: str
    subject: tuple[str, str]
    resource: tuple[str, str]
    by: str
    role: str
    begins: str
    expires_at: str
    hours: int
    minutes: int
    approvals: tuple[Approval, ...]

    @property
    def scope(self) -> "Scope":
        """Return what it is looked up by."""
        return (self.tenant, self.action, self.subject, self.resource)

    def document(self) -> dict[str, Any]:
        """Return it as policies see it, and as the record keeps it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "action": self.action,
            "gate": self.gate,
            "subject": {"type": self.subject[0], "id": self.subject[1]},
            "resource": {"type": self.resource[0], "id": self.resource[1]},
            "by": self.by,
            "role": self.role,
            "from": self.begins,
            "expires_at": self.expires_at,
            "hours": self.hours,
            "minutes": self.minutes,
            "approvals": [{"person": each.person, "role": each.role, "at": each.at} for each in self.approvals],
        }


Scope = tuple[str, str, tuple[str, str], tuple[str, str]]
"""Tenant, action, subject, resource: what of a request a grant must match to the letter."""


class Grants(Protocol):
    """The grants this process knows of."""

    def of(self, tenant: str, request: EvaluationRequest) -> tuple[Grant, ...]:
        """Return those in whose scope `request` is, in a fixed order, at most `MOST`; looks things up, and no more."""

    async def use(self, grant: Grant) -> bool:
        """Count one use of `grant`, and tell whether it could still be used; once this returns, the count is durable.

        Of two who take the last use at the same time, one gets True. Anything that goes wrong is False.
        """


class NoGrants:
    """Nothing is granted."""

    def of(self, tenant: str, request: EvaluationRequest) -> tuple[Grant, ...]:  # noqa: ARG002 - whatever is asked
        """Return nothing."""
        return ()

    async def use(self, grant: Grant) -> bool:  # noqa: ARG002 - there is none
        """Say no."""
        return False


def scope_of(tenant: str, request: EvaluationRequest) -> Scope:
    """Return what the grants of a request are looked up by."""
    subject, resource = request.subject, request.resource
    return (tenant, request.action, (subject.type, subject.id), (resource.type, resource.id))


def as_grants(value: Any) -> tuple[dict[str, Any], ...]:
    """Return the grants in a value of JSON, as they were recorded.

    Raises:
        MalformedRequestError: they are none.
    """
    if not _VALIDATOR.is_valid(value):
        raise MalformedRequestError("member_type", "`environment/overrides` must be a list of grants")
    return tuple(value)
