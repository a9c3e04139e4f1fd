"""Audit firms, their auditors, engagements, and who takes part in them."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

from app.schema import PORTAL

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "audit_firm",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("idp", sa.JSON, nullable=False),
        sa.Column("mfa", sa.JSON, nullable=False),
        sa.Column("networks", sa.JSON, nullable=False),
        sa.Column("max_sessions", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        schema=PORTAL,
    )
    op.create_table(
        "audit_auditor",
        sa.Column("id", sa.String(256), primary_key=True),
        sa.Column("firm", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_firm.id"), nullable=False),
        sa.Column("name_id", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_auditor_firm", "audit_auditor", ["firm"], schema=PORTAL)
    op.create_table(
        "audit_engagement",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("firm", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_firm.id"), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("frameworks", sa.JSON, nullable=False),
        sa.Column("period_start", sa.String(32), nullable=False),
        sa.Column("period_end", sa.String(32), nullable=False),
        sa.Column("starts", sa.String(32), nullable=False),
        sa.Column("ends", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_engagement_firm", "audit_engagement", ["firm"], schema=PORTAL)
    op.create_table(
        "audit_member",
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), primary_key=True),
        sa.Column("auditor", sa.String(256), sa.ForeignKey(f"{PORTAL}.audit_auditor.id"), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_member_auditor", "audit_member", ["auditor"], schema=PORTAL)
