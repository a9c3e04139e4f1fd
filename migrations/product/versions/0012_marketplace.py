"""Who is on the marketplace, what is on it, and which decision had which effect."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply; there is no way back."""
    op.create_table(
        "market_effect",
        sa.Column("decision_id", sa.String(48), primary_key=True),
        sa.Column("action", sa.String(128), nullable=False),
        sa.Column("resource_type", sa.String(64), nullable=False),
        sa.Column("resource", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_market_effect_at", "market_effect", ["at"])
    op.create_table(
        "market_given_up",
        sa.Column("decision_id", sa.String(48), primary_key=True),
        sa.Column("action", sa.String(128), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_market_given_up_at", "market_given_up", ["at"])
    _parties()
    _agents()


def _parties() -> None:
    op.create_table(
        "market_party",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("legal_form", sa.String(16), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("entity", sa.String(20), nullable=True),
        sa.Column("kyc", sa.String(16), nullable=False),
        sa.Column("kyc_until", sa.BigInteger, nullable=True),
        sa.Column("agreement", sa.String(64), nullable=True),
        sa.Column("ip_warranties", sa.Boolean, nullable=False),
        sa.Column("tier", sa.String(16), nullable=False),
        sa.Column("account", sa.String(128), nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_party_tenant", "market_party", ["tenant"])
    op.create_table(
        "market_member",
        sa.Column("account", sa.String(128), primary_key=True),
        sa.Column("party", sa.String(64), sa.ForeignKey("market_party.id"), primary_key=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_member_party", "market_member", ["party"])


def _agents() -> None:
    op.create_table(
        "market_agent",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("developer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("summary", sa.String(1_000), nullable=False),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=True),
        sa.Column("repository", sa.String(500), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("newest", sa.String(64), nullable=True),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=True),
        sa.Column("replacement", sa.String(64), nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    for column in ("developer", "category", "tenant", "state"):
        op.create_index(f"ix_market_agent_{column}", "market_agent", [column])
    op.create_table(
        "market_release",
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), primary_key=True),
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("artifact", sa.String(71), nullable=False),
        sa.Column("manifest", sa.JSON, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.UniqueConstraint("agent", "artifact", name="uq_market_release_artifact"),
    )
    op.create_index("ix_market_release_artifact", "market_release", ["artifact"])
