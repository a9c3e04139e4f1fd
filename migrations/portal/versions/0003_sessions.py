"""Sessions of auditors, and their second factors."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

from app.schema import PORTAL

revision = "0003"
down_revision = "0002"


def _proved() -> list[sa.Column[object]]:
    """Return what both tables say of somebody whom an identity provider named."""
    return [
        sa.Column("auditor", sa.String(256), nullable=False),
        sa.Column("firm", sa.String(32), nullable=False),
        sa.Column("name_id", sa.String(200), nullable=False),
        sa.Column("name_id_format", sa.String(1024), nullable=False),
        sa.Column("session_index", sa.String(1024), nullable=True),
        sa.Column("second_factor", sa.Boolean, nullable=False),
        sa.Column("mfa_class", sa.String(256), nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=True),
    ]


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "audit_session",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("agent_hash", sa.String(64), nullable=False),
        *_proved(),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger, nullable=True),
        schema=PORTAL,
    )
    op.create_table(
        "audit_attempt",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("agent_hash", sa.String(64), nullable=False),
        *_proved(),
        sa.Column("place", sa.String(1024), nullable=False),
        sa.Column("secret", sa.String(128), nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        schema=PORTAL,
    )
    for table in ("audit_session", "audit_attempt"):
        for column in ("auditor", "firm", "opened_at"):
            op.create_index(f"ix_{table}_{column}", table, [column], schema=PORTAL)
    op.create_table(
        "audit_authenticator",
        sa.Column("auditor", sa.String(256), primary_key=True),
        sa.Column("secret", sa.String(128), nullable=True),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("tried_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        schema=PORTAL,
    )
