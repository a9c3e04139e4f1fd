"""Decisions of tested populations that auditors had made again."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

from app.schema import PORTAL

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "audit_again",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), nullable=False),
        sa.Column("run", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_run.id"), nullable=False),
        sa.Column("control", sa.String(64), nullable=False),
        sa.Column("test", sa.String(128), nullable=False),
        sa.Column("auditor", sa.String(256), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("problem", sa.String(300), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_again_engagement", "audit_again", ["engagement"], schema=PORTAL)
