"""The key store: who has which pseudonym and data key, and how many were destroyed."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "subject_key",
        sa.Column("lookup", sa.String(64), primary_key=True),
        sa.Column("subject", sa.String(36), nullable=False, unique=True),
        sa.Column("kid", sa.String(34), nullable=False, unique=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("kek", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    destroyed = op.create_table(
        "subject_keys_destroyed",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.bulk_insert(destroyed, [{"id": 1, "count": 0}])
