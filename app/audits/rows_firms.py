"""The tables of audit firms, their auditors, engagements, and who takes part in them.

Every row names the decision that last changed it; `changed_at` is in Unix seconds. Nothing here is deleted: a firm is
suspended, an auditor revoked, an engagement ended. What audits leave behind has to say for years who was let in.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from app.audits.database import PortalRow


class FirmRow(PortalRow, table=True):
    """A firm, its identity provider, and what its auditors have to show. See `app.audits.firms.Firm`."""

    __tablename__ = "audit_firm"

    id: str = Field(primary_key=True, max_length=32)
    name: str = Field(max_length=200)
    idp: dict[str, Any] = Field(sa_type=JSON)
    mfa: dict[str, Any] = Field(sa_type=JSON)
    networks: list[str] = Field(sa_type=JSON)
    max_sessions: int
    state: str = Field(max_length=16)
    decision_id: str = Field(max_length=48)
    changed_at: int = Field(sa_type=BigInteger)


class AuditorRow(PortalRow, table=True):
    """A person of a firm, by the name that the firm's identity provider has for them (SAML 2.0 NameID)."""

    __tablename__ = "audit_auditor"

    id: str = Field(primary_key=True, max_length=256)
    firm: str = Field(foreign_key="audit_firm.id", max_length=32, index=True)
    name_id: str = Field(max_length=200)
    name: str = Field(max_length=200)
    state: str = Field(max_length=16)
    decision_id: str = Field(max_length=48)
    changed_at: int = Field(sa_type=BigInteger)


class EngagementRow(PortalRow, table=True):
    """What a firm was engaged for: of which tenant, under which frameworks, for which period; and how long it may look.

    `period_start`, `period_end`, `starts`, `ends` are times as the log writes them, in UTC.
    """

    __tablename__ = "audit_engagement"

    id: str = Field(primary_key=True, max_length=32)
    firm: str = Field(foreign_key="audit_firm.id", max_length=32, index=True)
    title: str = Field(max_length=200)
    tenant: str = Field(max_length=64)
    frameworks: list[str] = Field(sa_type=JSON)
    period_start: str = Field(max_length=32)
    period_end: str = Field(max_length=32)
    starts: str = Field(max_length=32)
    ends: str = Field(max_length=32)
    state: str = Field(max_length=16)
    decision_id: str = Field(max_length=48)
    changed_at: int = Field(sa_type=BigInteger)


class MemberRow(PortalRow, table=True):
    """An auditor takes part in an engagement. The row goes when they no longer do; the log says since when."""

    __tablename__ = "audit_member"

    engagement: str = Field(foreign_key="audit_engagement.id", primary_key=True, max_length=32)
    auditor: str = Field(foreign_key="audit_auditor.id", primary_key=True, max_length=256, index=True)
    role: str = Field(max_length=16)
    decision_id: str = Field(max_length=48)
