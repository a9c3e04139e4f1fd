"""Requests of data subjects, their steps, their one-time codes, and of which clocks somebody was told."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "dsr_request",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("law", sa.String(8), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("person_kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(36), nullable=True),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("source", sa.String(160), nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("before", sa.String(24), nullable=True),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("identity_asked_at", sa.BigInteger, nullable=True),
        sa.Column("verified_at", sa.BigInteger, nullable=True),
        sa.Column("extended_at", sa.BigInteger, nullable=True),
        sa.Column("duplicate_of", sa.String(32), sa.ForeignKey("dsr_request.id"), nullable=True),
        sa.Column("link", sa.String(64), nullable=False),
        sa.Column("sealed", sa.JSON, nullable=True),
        sa.Column("sealed_number", sa.Integer, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_dsr_request_subject", "dsr_request", ["subject"])
    op.create_index("ix_dsr_request_state", "dsr_request", ["state"])
    request = sa.ForeignKey("dsr_request.id")
    op.create_table(
        "dsr_step",
        sa.Column("request", sa.String(32), request, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("step", sa.String(24), nullable=False),
        sa.Column("by", sa.String(160), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_table(
        "dsr_code",
        sa.Column("request", sa.String(32), sa.ForeignKey("dsr_request.id"), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
    )
    op.create_table(
        "dsr_told",
        sa.Column("request", sa.String(32), sa.ForeignKey("dsr_request.id"), primary_key=True),
        sa.Column("what", sa.String(16), primary_key=True),
        sa.Column("due", sa.BigInteger, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
