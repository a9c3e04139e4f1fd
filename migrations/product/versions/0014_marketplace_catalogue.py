"""Which buyer was given a token to install what, and when it was used."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "market_install",
        sa.Column("id", sa.String(48), primary_key=True),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("artifact", sa.String(71), nullable=False),
        sa.Column("buyer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("redeemed_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.ForeignKeyConstraint(["agent", "version"], ["market_release.agent", "market_release.version"]),
    )
    op.create_index("ix_market_install_buyer", "market_install", ["buyer"])
    op.create_index("ix_market_install_agent", "market_install", ["agent"])
