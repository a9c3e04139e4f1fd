"""The tables of what auditors ask for: requests, what was said about each, evidence given for it.

Every row names the decision that permitted it; times are Unix seconds unless they say otherwise. Nothing is deleted,
and of a request nothing changes but its state.
"""

from sqlalchemy import BigInteger, ForeignKeyConstraint, Text, UniqueConstraint
from sqlmodel import Field

from app.audits.database import PortalRow

_REQUEST = ("audit_request.engagement", "audit_request.number")


class RequestRow(PortalRow, table=True):
    """Something that is asked for, counted from 1 in its engagement. `due` is a day, or empty."""

    __tablename__ = "audit_request"
    __table_args__ = (UniqueConstraint("engagement", "reference"),)

    engagement: str = Field(foreign_key="audit_engagement.id", primary_key=True, max_length=32)
    number: int = Field(primary_key=True)
    reference: str = Field(max_length=32)
    title: str = Field(max_length=200)
    text: str = Field(sa_type=Text)
    control: str = Field(max_length=64)
    due: str = Field(max_length=10)
    state: str = Field(max_length=16)
    side: str = Field(max_length=8)
    by: str = Field(max_length=256)
    at: int = Field(sa_type=BigInteger)
    changed_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class MessageRow(PortalRow, table=True):
    """Something said about a request, counted from 1; `state` is the one it came into by it, or empty."""

    __tablename__ = "audit_message"
    __table_args__ = (ForeignKeyConstraint(["engagement", "request"], _REQUEST),)

    engagement: str = Field(primary_key=True, max_length=32)
    request: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    side: str = Field(max_length=8)
    by: str = Field(max_length=256)
    text: str = Field(sa_type=Text)
    state: str = Field(max_length=16)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48, unique=True)


class EvidenceRow(PortalRow, table=True):
    """A file given for a request, counted from 1. Its bytes lie with the objects that can be deleted, at `key`.

    Three dates are kept apart: the days it speaks of (`effective_from`, `effective_to`), when it was taken from where
    it comes from (`collected`, a time as the log writes it), and `at`, when it was received here.
    """

    __tablename__ = "audit_evidence"
    __table_args__ = (ForeignKeyConstraint(["engagement", "request"], _REQUEST),)

    engagement: str = Field(primary_key=True, max_length=32)
    request: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    name: str = Field(max_length=120)
    size: int = Field(sa_type=BigInteger)
    sha256: str = Field(max_length=64)
    key: str = Field(max_length=256)
    effective_from: str = Field(max_length=10)
    effective_to: str = Field(max_length=10)
    collected: str = Field(max_length=32)
    source: str = Field(max_length=200)
    query: str = Field(sa_type=Text)
    actor: str = Field(max_length=200)
    tool: str = Field(max_length=200)
    policy_commit: str = Field(max_length=64)
    by: str = Field(max_length=256)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48, unique=True)
