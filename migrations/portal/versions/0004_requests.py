"""Requests, threads, the evidence attached to them, and what auditors were shown."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

from app.schema import PORTAL

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "audit_request",
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("reference", sa.String(32), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("control", sa.String(64), nullable=False),
        sa.Column("due", sa.String(10), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("side", sa.String(8), nullable=False),
        sa.Column("by", sa.String(256), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.UniqueConstraint("engagement", "reference"),
        schema=PORTAL,
    )
    request = [f"{PORTAL}.audit_request.engagement", f"{PORTAL}.audit_request.number"]
    op.create_table(
        "audit_message",
        sa.Column("engagement", sa.String(32), primary_key=True),
        sa.Column("request", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("side", sa.String(8), nullable=False),
        sa.Column("by", sa.String(256), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
        sa.ForeignKeyConstraint(["engagement", "request"], request),
        schema=PORTAL,
    )
    op.create_table(
        "audit_evidence",
        sa.Column("engagement", sa.String(32), primary_key=True),
        sa.Column("request", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("key", sa.String(256), nullable=False),
        sa.Column("effective_from", sa.String(10), nullable=False),
        sa.Column("effective_to", sa.String(10), nullable=False),
        sa.Column("collected", sa.String(32), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("tool", sa.String(200), nullable=False),
        sa.Column("policy_commit", sa.String(64), nullable=False),
        sa.Column("by", sa.String(256), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
        sa.ForeignKeyConstraint(["engagement", "request"], request),
        schema=PORTAL,
    )
    op.create_table(
        "audit_access",
        sa.Column("decision_id", sa.String(48), primary_key=True),
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), nullable=False),
        sa.Column("auditor", sa.String(256), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("object", sa.String(256), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        schema=PORTAL,
    )
