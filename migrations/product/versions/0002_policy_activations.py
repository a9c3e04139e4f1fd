"""Which commits of the policy repository were put in force."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "policy_activation",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("commit", sa.String(40), nullable=False),
        sa.Column("tree", sa.String(40), nullable=False),
        sa.Column("bundle", sa.String(64), nullable=False),
        sa.Column("verified", sa.String(40), nullable=False),
        sa.Column("activated_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False, unique=True),
    )
    op.create_index("ix_policy_activation_commit", "policy_activation", ["commit"])
