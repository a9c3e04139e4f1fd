"""Searches that auditors keep."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

from app.schema import PORTAL

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "audit_saved_search",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("engagement", sa.String(32), sa.ForeignKey(f"{PORTAL}.audit_engagement.id"), nullable=False),
        sa.Column("author", sa.String(256), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_saved_search_engagement", "audit_saved_search", ["engagement"], schema=PORTAL)
