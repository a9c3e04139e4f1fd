"""What was found in releases, what they are made of, and which advisories were used."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply; there is no way back."""
    _findings()
    op.create_table(
        "market_component",
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), primary_key=True),
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("ecosystem", sa.String(64), nullable=False),
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("installed", sa.String(128), nullable=False),
        sa.Column("purl", sa.String(600), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_component_name", "market_component", ["name"])
    op.create_table(
        "market_advisories",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("newest", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("first_used_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )


def _findings() -> None:
    op.create_table(
        "market_inspection_finding",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("rule", sa.String(128), nullable=False),
        sa.Column("place", sa.String(600), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=True),
        sa.Column("resolved_at", sa.BigInteger, nullable=True),
        sa.Column("vex", sa.JSON, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_inspection_finding_agent", "market_inspection_finding", ["agent"])
    op.create_index("ix_market_inspection_finding_due_at", "market_inspection_finding", ["due_at"])
