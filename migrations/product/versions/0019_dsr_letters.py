"""Mail to persons who asked for their rights, until it is sent."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "dsr_letter",
        sa.Column("request", sa.String(32), sa.ForeignKey("dsr_request.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(36), nullable=True),
        sa.Column("sealed", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_dsr_letter_state", "dsr_letter", ["state"])
