"""Generations of keys, what was destroyed, legal holds, erasures under way."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "retired_key",
        sa.Column("kid", sa.String(34), primary_key=True),
        sa.Column("lookup", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(36), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("kek", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_retired_key_subject", "retired_key", ["subject"])
    generation = op.create_table(
        "kek_generation",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
    )
    op.bulk_insert(generation, [{"id": 1, "generation": 1}])
    op.create_table(
        "destroyed_subject",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("half", sa.String(16), nullable=False),
    )
    op.create_table(
        "legal_hold",
        sa.Column("subject", sa.String(36), primary_key=True),
        sa.Column("reason", sa.String(64), primary_key=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "erasure",
        sa.Column("subject", sa.String(36), primary_key=True),
        sa.Column("lookup", sa.String(64), nullable=False, unique=True),
        sa.Column("ground", sa.String(64), nullable=False),
        sa.Column("keys", sa.String, nullable=False),
        sa.Column("payloads", sa.Integer, nullable=False),
        sa.Column("requested", sa.String(64), nullable=True),
        sa.Column("destroyed", sa.Boolean, nullable=False),
    )
