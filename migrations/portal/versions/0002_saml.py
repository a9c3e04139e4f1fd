"""Sign-ins that were begun, and messages of identity providers that were used."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

from app.schema import PORTAL

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "audit_saml_request",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("firm", sa.String(32), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("place", sa.String(1024), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("relay_hash", sa.String(64), nullable=False),
        sa.Column("browser_hash", sa.String(64), nullable=False),
        sa.Column("used_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_saml_request_created_at", "audit_saml_request", ["created_at"], schema=PORTAL)
    op.create_table(
        "audit_saml_message",
        sa.Column("message_hash", sa.String(64), primary_key=True),
        sa.Column("kept_until", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
    op.create_index("ix_audit_saml_message_kept_until", "audit_saml_message", ["kept_until"], schema=PORTAL)
