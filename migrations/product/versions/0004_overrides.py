"""Overrides, and who agreed to them."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "override",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("tenant", sa.String(256), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("action", sa.String(128), nullable=False),
        sa.Column("gate", sa.String(64), nullable=False),
        sa.Column("subject_type", sa.String(64), nullable=False),
        sa.Column("subject_id", sa.String(256), nullable=False),
        sa.Column("resource_type", sa.String(64), nullable=False),
        sa.Column("resource_id", sa.String(256), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ticket", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("hours", sa.Integer, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("last_used", sa.BigInteger, nullable=True),
        sa.Column("running", sa.String(64), nullable=True, unique=True),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sa.Column("revoked", sa.BigInteger, nullable=True),
        sa.Column("revoked_by", sa.String(128), nullable=True),
        sa.Column("review_due", sa.BigInteger, nullable=True),
        sa.Column("reviewed", sa.BigInteger, nullable=True),
        sa.Column("reviewed_by", sa.String(128), nullable=True),
        sa.Column("review", sa.Text, nullable=True),
        sa.Column("justified", sa.Boolean, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("changed_by_decision", sa.String(48), nullable=False),
        sa.CheckConstraint("used >= 0 AND used <= uses", name="ck_override_uses"),
    )
    op.create_index("ix_override_ends", "override", ["ends"])
    op.create_index("ix_override_scope", "override", ["action", "gate", "resource_id"])
    op.create_table(
        "override_approval",
        sa.Column("override_id", sa.String(32), sa.ForeignKey("override.id"), primary_key=True),
        sa.Column("folded", sa.String(128), primary_key=True),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
    )
