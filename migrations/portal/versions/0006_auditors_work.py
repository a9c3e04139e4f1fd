"""Tests that auditors ran, samples, notes, conclusions, exports."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

from app.schema import PORTAL

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "audit_run",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), nullable=False),
        sa.Column("control", sa.String(64), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("period_start", sa.String(32), nullable=False),
        sa.Column("period_end", sa.String(32), nullable=False),
        sa.Column("auditor", sa.String(256), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("problem", sa.String(300), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_run_engagement", "audit_run", ["engagement"], schema=PORTAL)
    op.create_table(
        "audit_run_result",
        sa.Column("run", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_run.id"), primary_key=True),
        sa.Column("test", sa.String(128), primary_key=True),
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), nullable=False),
        sa.Column("control", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("deviations", sa.BigInteger, nullable=False),
        sa.Column("population", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_run_result_engagement", "audit_run_result", ["engagement"], schema=PORTAL)
    op.create_table(
        "audit_sample",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), nullable=False),
        sa.Column("control", sa.String(64), nullable=False),
        sa.Column("test", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("population_sha256", sa.String(64), nullable=False),
        sa.Column("population", sa.BigInteger, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("auditor", sa.String(256), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_sample_engagement", "audit_sample", ["engagement"], schema=PORTAL)
    op.create_table(
        "audit_item",
        sa.Column("sample", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_sample.id"), primary_key=True),
        sa.Column("position", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        schema=PORTAL,
    )
    op.create_table(
        "audit_note",
        sa.Column("about", sa.String(160), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), nullable=False),
        sa.Column("control", sa.String(64), nullable=False),
        sa.Column("sample", sa.String(32), nullable=False),
        sa.Column("position", sa.String(64), nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("auditor", sa.String(256), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_note_engagement", "audit_note", ["engagement"], schema=PORTAL)
    op.create_table(
        "audit_conclusion",
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), primary_key=True),
        sa.Column("control", sa.String(64), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("conclusion", sa.String(32), nullable=False),
        sa.Column("by_rule", sa.String(32), nullable=False),
        sa.Column("run", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("auditor", sa.String(256), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_table(
        "audit_export",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), nullable=False),
        sa.Column("framework", sa.String(64), nullable=False),
        sa.Column("format", sa.String(16), nullable=False),
        sa.Column("period_start", sa.String(32), nullable=False),
        sa.Column("period_end", sa.String(32), nullable=False),
        sa.Column("auditor", sa.String(256), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("deleted_at", sa.BigInteger, nullable=True),
        sa.Column("problem", sa.String(300), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("report", sa.String(64), nullable=False),
        sa.Column("manifest", sa.String(64), nullable=False),
        sa.Column("vouched_by", sa.String(48), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_export_engagement", "audit_export", ["engagement"], schema=PORTAL)
