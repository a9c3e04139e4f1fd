"""The sessions of officers."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "officer_session",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("login_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("officer", sa.String(128), nullable=False),
        sa.Column("groups", sa.JSON, nullable=False),
        sa.Column("second_factor", sa.Boolean, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger, nullable=True),
    )
    op.create_index("ix_officer_session_opened_at", "officer_session", ["opened_at"])
