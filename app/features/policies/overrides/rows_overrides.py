"""The tables of overrides, and how rows are read. Every row names the decision that permitted it; times: Unix seconds.

`used` alone is changed without a permit, by `granting`: before there is a decision there is none.
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, Index, Text, and_
from sqlmodel import Field, Session, col, select

from app.db import ProductRow
from app.features.policies.overrides.override_request import Given, Kind, Override


class OverrideRow(ProductRow, table=True):
    """An override. `running` is the hash of its scope until it has ended: of each scope one at a time is running.

    `ends` is when it has ended at the latest; only the newest approval can move it.
    """

    __tablename__ = "override"
    __table_args__ = (Index("ix_override_scope", "action", "gate", "resource_id"),)

    id: str = Field(primary_key=True, max_length=32)
    tenant: str = Field(max_length=256)
    kind: str = Field(max_length=16)
    action: str = Field(max_length=128)
    gate: str = Field(max_length=64)
    subject_type: str = Field(max_length=64)
    subject_id: str = Field(max_length=256)
    resource_type: str = Field(max_length=64)
    resource_id: str = Field(max_length=256)
    by: str = Field(max_length=128)
    role: str = Field(max_length=64)
    reason: str = Field(sa_type=Text)
    ticket: str = Field(max_length=64)
    at: int = Field(sa_type=BigInteger)
    hours: int
    minutes: int
    uses: int
    used: int = 0
    last_used: int | None = Field(default=None, sa_type=BigInteger)
    running: str | None = Field(default=None, unique=True, max_length=64)
    ends: int = Field(sa_type=BigInteger, index=True)
    revoked: int | None = Field(default=None, sa_type=BigInteger)
    revoked_by: str | None = Field(default=None, max_length=128)
    review_due: int | None = Field(default=None, sa_type=BigInteger)
    reviewed: int | None = Field(default=None, sa_type=BigInteger)
    reviewed_by: str | None = Field(default=None, max_length=128)
    review: str | None = Field(default=None, sa_type=Text)
    justified: bool | None = None
    decision_id: str = Field(max_length=48)
    changed_by_decision: str = Field(max_length=48)


class OverrideApprovalRow(ProductRow, table=True):
    """That a person agreed. `folded` is their id in small letters: once is once."""

    __tablename__ = "override_approval"

    override_id: str = Field(foreign_key="override.id", primary_key=True, max_length=32)
    folded: str = Field(primary_key=True, max_length=128)
    person: str = Field(max_length=128)
    role: str = Field(max_length=64)
    at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(unique=True, max_length=48)


def of_rows(row: OverrideRow, approvals: Sequence[OverrideApprovalRow]) -> Override:
    """Return the override that rows hold."""
    given = sorted(approvals, key=lambda each: (each.at, each.folded))
    return Override(
        id=row.id,
        tenant=row.tenant,
        kind=Kind(row.kind),
        action=row.action,
        gate=row.gate,
        subject=(row.subject_type, row.subject_id),
        resource=(row.resource_type, row.resource_id),
        by=row.by,
        role=row.role,
        reason=row.reason,
        ticket=row.ticket,
        at=row.at,
        hours=row.hours,
        minutes=row.minutes,
        uses=row.uses,
        used=row.used,
        last_used=row.last_used,
        approvals=tuple(Given(person=each.person, role=each.role, at=each.at) for each in given),
        revoked=row.revoked,
        review_due=row.review_due,
        reviewed=row.reviewed,
    )


def find(session: Session, override_id: str, *, locked: bool = False) -> tuple[OverrideRow, Override] | None:
    """Return a row and what it means, or None; `locked`: nobody else changes it until the transaction ends."""
    statement = select(OverrideRow).where(col(OverrideRow.id) == override_id)
    row = session.exec(statement.with_for_update() if locked else statement).first()
    return None if row is None else (row, of_rows(row, _approvals(session, [row.id])))


def listed(session: Session, *conditions: ColumnElement[bool], most: int = 200) -> list[Override]:
    """Return the overrides that meet all conditions, newest first."""
    statement = select(OverrideRow).where(*conditions).order_by(col(OverrideRow.at).desc()).limit(most)
    rows = session.exec(statement).all()
    approvals = _approvals(session, [row.id for row in rows])
    return [of_rows(row, [each for each in approvals if each.override_id == row.id]) for row in rows]


def of_scope(override: Override) -> ColumnElement[bool]:
    """Return the condition that a row is of the same scope."""
    return and_(
        col(OverrideRow.tenant) == override.tenant,
        col(OverrideRow.action) == override.action,
        col(OverrideRow.gate) == override.gate,
        col(OverrideRow.subject_type) == override.subject[0],
        col(OverrideRow.subject_id) == override.subject[1],
        col(OverrideRow.resource_type) == override.resource[0],
        col(OverrideRow.resource_id) == override.resource[1],
    )


def scope_hash(override: Override) -> str:
    """Return what stands for a scope where there is room for one text."""
    parts = (override.tenant, override.action, override.gate, *override.subject, *override.resource)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _approvals(session: Session, ids: Sequence[str]) -> Sequence[OverrideApprovalRow]:
    return session.exec(select(OverrideApprovalRow).where(col(OverrideApprovalRow.override_id).in_(ids))).all()
