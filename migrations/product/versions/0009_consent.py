"""Consents, and what was exported under them."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "consent_notice",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_consent_notice_purpose", "consent_notice", ["purpose"])
    op.create_table(
        "consent_event",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(36), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=True),
        sa.Column("notice", sa.String(64), nullable=True),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(128), nullable=False),
        sa.Column("evidence", sa.String(64), nullable=False),
        sa.Column("by_type", sa.String(16), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
    )
    op.create_index("ix_consent_event_person", "consent_event", ["tenant", "subject", "purpose"])
    op.create_table(
        "privacy_export",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("manifest", sa.String(64), nullable=False),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
    )
    op.create_table(
        "privacy_export_part",
        sa.Column("export", sa.String(32), sa.ForeignKey("privacy_export.id"), primary_key=True),
        sa.Column("subject", sa.String(36), primary_key=True),
        sa.Column("sealed", sa.Text, nullable=True),
    )
    op.create_index("ix_privacy_export_part_subject", "privacy_export_part", ["subject"])
    op.create_table(
        "privacy_recall",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("export", sa.String(32), sa.ForeignKey("privacy_export.id"), nullable=False),
        sa.Column("subject", sa.String(36), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_privacy_recall_part", "privacy_recall", ["export", "subject"], unique=True)
