"""Tokens in place of personal data, documents that wait for names, requests to reveal."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "privacy_person",
        sa.Column("subject", sa.String(36), primary_key=True),
        sa.Column("block", sa.JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_table(
        "privacy_token",
        sa.Column("subject", sa.String(36), sa.ForeignKey("privacy_person.subject"), primary_key=True),
        sa.Column("scope", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("lookup", sa.String(64), nullable=False, unique=True),
        sa.Column("block", sa.JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_table(
        "privacy_document",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject", sa.String(36), sa.ForeignKey("privacy_person.subject"), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("region", sa.String(8), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("lane", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("redacted", sa.JSON, nullable=True),
        sa.Column("reference", sa.JSON, nullable=True),
        sa.Column("sealed", sa.LargeBinary, nullable=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_privacy_document_subject", "privacy_document", ["subject"])
    op.create_index("ix_privacy_document_state", "privacy_document", ["state"])
    op.create_table(
        "privacy_reveal",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("subject", sa.String(36), sa.ForeignKey("privacy_person.subject"), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("document", sa.String(36), nullable=True),
        sa.Column("tokens", sa.JSON, nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("region", sa.String(8), nullable=False),
        sa.Column("home", sa.String(8), nullable=False),
        sa.Column("by_type", sa.String(16), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_privacy_reveal_subject", "privacy_reveal", ["subject"])
    op.create_index("ix_privacy_reveal_at", "privacy_reveal", ["at"])
    op.create_table(
        "privacy_reveal_approval",
        sa.Column("reveal", sa.String(36), sa.ForeignKey("privacy_reveal.id"), primary_key=True),
        sa.Column("by", sa.String(128), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
