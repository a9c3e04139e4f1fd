"""What fraud detection remembers, what it measured and what became of it."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "market_fraud_trace",
        sa.Column("of", sa.String(16), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("trace", sa.JSON, nullable=False),
    )
    _attempts()
    _cases()


def _attempts() -> None:
    op.create_table(
        "market_fraud_attempt",
        sa.Column("decision_id", sa.String(48), primary_key=True),
        sa.Column("order", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.JSON, nullable=False),
        sa.Column("developer", sa.String(64), nullable=False),
        sa.Column("signals", sa.JSON, nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("score_ppm", sa.Integer, nullable=True),
        sa.Column("model", sa.String(64), nullable=True),
        sa.Column("reasons", sa.JSON, nullable=False),
    )
    for column in ("order", "at"):
        op.create_index(f"ix_market_fraud_attempt_{column}", "market_fraud_attempt", [column])
    op.create_table(
        "market_fraud_label",
        sa.Column("order", sa.String(64), primary_key=True),
        sa.Column("label", sa.String(16), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_fraud_label_at", "market_fraud_label", ["at"])


def _cases() -> None:
    op.create_table(
        "market_fraud_case",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("order", sa.String(64), nullable=False),
        sa.Column("attempt", sa.String(48), nullable=False, unique=True),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("taken_by", sa.String(128), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("resolved_by", sa.String(128), nullable=True),
        sa.Column("resolved_at", sa.BigInteger, nullable=True),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    for column in ("order", "state"):
        op.create_index(f"ix_market_fraud_case_{column}", "market_fraud_case", [column])
