"""Which store has done what of a request, receipts, and what is not processed any more."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "dsr_run",
        sa.Column("request", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("moved", sa.String(32), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("subject", sa.String(36), nullable=True),
        sa.Column("holder", sa.String(36), nullable=True),
        sa.Column("person", sa.JSON, nullable=True),
        sa.Column("announced", sa.String(48), nullable=True),
        sa.Column("archive", sa.JSON, nullable=True),
        sa.Column("archive_until", sa.BigInteger, nullable=True),
    )
    op.create_index("ix_dsr_run_next_at", "dsr_run", ["next_at"])
    op.create_table(
        "dsr_run_step",
        sa.Column("request", sa.String(64), sa.ForeignKey("dsr_run.request"), primary_key=True),
        sa.Column("store", sa.String(32), primary_key=True),
        sa.Column("step", sa.String(16), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("found", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("left", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("parts", sa.JSON, nullable=True),
        sa.Column("receipt", sa.String(48), nullable=True),
        sa.Column("statement", sa.Text, nullable=True),
    )
    op.create_table(
        "privacy_restriction",
        sa.Column("subject", sa.String(36), primary_key=True),
        sa.Column("purpose", sa.String(64), primary_key=True),
        sa.Column("request", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("released_at", sa.BigInteger, nullable=True),
        sa.Column("released_by", sa.String(48), nullable=True),
    )
    op.create_index("ix_privacy_restriction_request", "privacy_restriction", ["request"])
