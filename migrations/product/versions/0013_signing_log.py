"""What the signing authority of the marketplace signed, in an append-only log."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply; there is no way back."""
    head = op.create_table(
        "market_log_head",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("peaks", sa.JSON, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "size": 0, "peaks": []}])
    op.create_table(
        "market_log_entry",
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("leaf", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("identity", sa.String(300), nullable=False),
        sa.Column("logged_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_log_entry_digest", "market_log_entry", ["digest"])
