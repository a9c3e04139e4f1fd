"""Audit firms and their auditors, as whoever signs somebody in or draws a page sees them.

Owns the values and how they are read. Refuses to know what an identity provider answers, and who changes a firm.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlmodel import col, select

from app.audits.database import portal_data
from app.audits.rows_firms import AuditorRow, FirmRow

SLUG: Final = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
"""The ids of firms and engagements: they stand in URLs."""


class FirmState(StrEnum):
    """Whether anybody of a firm may sign in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class AuditorState(StrEnum):
    """Whether this person may sign in."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaAttribute:
    """An attribute of a signed answer that says a second factor was shown: its name, and the value it has to have."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mfa:
    """What counts as a second factor for a firm.

    Attributes:
        accepted_classes: AuthnContext classes (SAML 2.0, section 2.7.2.2) of which the answer has to name one.
        attribute: the attribute that says so instead, if the provider has one.
        max_age_minutes: how long ago the person may have signed in at the provider; None: any time.
        totp: a one-time password is asked for here, where the provider cannot say so.
    """

    accepted_classes: tuple[str, ...] = ()
    attribute: MfaAttribute | None = None
    max_age_minutes: int | None = None
    totp: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Mfa":
        """Return what the column `mfa` says."""
        attribute = stored.get("attribute")
        return cls(
            accepted_classes=tuple(stored.get("accepted_classes", ())),
            attribute=None if attribute is None else MfaAttribute(name=attribute["name"], value=attribute["value"]),
            max_age_minutes=stored.get("max_age_minutes"),
            totp=bool(stored.get("totp")),
        )

    def stored(self) -> dict[str, Any]:
        """Return the column `mfa`."""
        named = self.attribute and {"name": self.attribute.name, "value": self.attribute.value}
        return {
            "accepted_classes": list(self.accepted_classes),
            "attribute": named,
            "max_age_minutes": self.max_age_minutes,
            "totp": self.totp,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """An audit firm. `idp` describes its identity provider; `networks` are CIDR, and without one nobody comes in."""

    id: str
    name: str
    idp: Mapping[str, Any]
    mfa: Mfa
    networks: tuple[str, ...]
    max_sessions: int
    state: FirmState
    decision_id: str
    changed_at: int

    @classmethod
    def of(cls, row: FirmRow) -> "Firm":
        """Return the firm of a row."""
        return cls(
            id=row.id,
            name=row.name,
            idp=row.idp,
            mfa=Mfa.of(row.mfa),
            networks=tuple(row.networks),
            max_sessions=row.max_sessions,
            state=FirmState(row.state),
            decision_id=row.decision_id,
            changed_at=row.changed_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """A person of a firm; `id` is `<firm>/<name id>`."""

    id: str
    firm: str
    name_id: str
    name: str
    state: AuditorState
    decision_id: str
    changed_at: int

    @classmethod
    def of(cls, row: AuditorRow) -> "Auditor":
        """Return the auditor of a row."""
        return cls(
            id=row.id,
            firm=row.firm,
            name_id=row.name_id,
            name=row.name,
            state=AuditorState(row.state),
            decision_id=row.decision_id,
            changed_at=row.changed_at,
        )


def auditor_id(firm: str, name_id: str) -> str:
    """Return the id of an auditor: no slug has a slash in it, so that it says the firm for certain."""
    return f"{firm}/{name_id}"


def find_firm(firm: str) -> Firm | None:
    """Return the firm of this id, in whatever state."""
    with portal_data.reading() as session:
        row = session.get(FirmRow, firm)
        return None if row is None else Firm.of(row)


def find_auditor(firm: str, name_id: str) -> Auditor | None:
    """Return the auditor that the firm's identity provider names so, in whatever state."""
    with portal_data.reading() as session:
        row = session.get(AuditorRow, auditor_id(firm, name_id))
        return None if row is None else Auditor.of(row)


def firms() -> tuple[Firm, ...]:
    """Return every firm, by its name."""
    with portal_data.reading() as session:
        return tuple(Firm.of(row) for row in session.exec(select(FirmRow).order_by(FirmRow.name, FirmRow.id)))


def auditors_of(firm: str) -> tuple[Auditor, ...]:
    """Return the auditors of a firm, by their names."""
    statement = select(AuditorRow).where(col(AuditorRow.firm) == firm).order_by(AuditorRow.name, AuditorRow.id)
    with portal_data.reading() as session:
        return tuple(Auditor.of(row) for row in session.exec(statement))
