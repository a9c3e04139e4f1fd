"""The life of a listing: its steps, findings, badges, reviews, support, service levels and appeals."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply; there is no way back."""
    _steps()
    _badges()
    _service()
    _appeals()


def _steps() -> None:
    op.create_table(
        "market_step",
        sa.Column("decision_id", sa.String(48), primary_key=True),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.String(64), nullable=True),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("before", sa.String(16), nullable=False),
        sa.Column("after", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("text", sa.String(2000), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("by_type", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_market_step_agent", "market_step", ["agent"])
    op.create_table(
        "market_finding",
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), primary_key=True),
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("advisory", sa.String(128), primary_key=True),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("resolved_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_table(
        "market_scan",
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), primary_key=True),
        sa.Column("version", sa.String(64), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("snapshot", sa.String(128), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )


def _badges() -> None:
    op.create_table(
        "market_badge",
        sa.Column("holder", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("fee_minor", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_badge_until", "market_badge", ["until"])
    op.create_table(
        "market_proof",
        sa.Column("developer", sa.String(64), sa.ForeignKey("market_party.id"), primary_key=True),
        sa.Column("audit_until", sa.BigInteger, nullable=True),
        sa.Column("soc2_until", sa.BigInteger, nullable=True),
        sa.Column("iso27001_until", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_table(
        "market_review",
        sa.Column("order", sa.String(64), primary_key=True),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=False),
        sa.Column("buyer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("stars", sa.Integer, nullable=False),
        sa.Column("text", sa.String(2000), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_review_agent", "market_review", ["agent"])


def _service() -> None:
    op.create_table(
        "market_ticket",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=False),
        sa.Column("buyer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("text", sa.String(2000), nullable=False),
        sa.Column("answer", sa.String(2000), nullable=True),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("answered_at", sa.BigInteger, nullable=True),
        sa.Column("resolved_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_ticket_agent", "market_ticket", ["agent"])
    op.create_table(
        "market_measure",
        sa.Column("source", sa.String(128), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=False),
        sa.Column("from_at", sa.BigInteger, nullable=False),
        sa.Column("to_at", sa.BigInteger, nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("errors", sa.BigInteger, nullable=False),
        sa.Column("p95_ms", sa.Integer, nullable=False),
        sa.Column("up_seconds", sa.Integer, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_measure_agent", "market_measure", ["agent"])
    op.create_table(
        "market_security_review",
        sa.Column("id", sa.String(48), primary_key=True),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_security_review_agent", "market_security_review", ["agent"])


def _appeals() -> None:
    op.create_table(
        "market_appeal",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=False),
        sa.Column("step", sa.String(48), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("text", sa.String(2000), nullable=False),
        sa.Column("answer", sa.String(2000), nullable=True),
        sa.Column("filed_at", sa.BigInteger, nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_appeal_agent", "market_appeal", ["agent"])
    op.create_table(
        "market_difference",
        sa.Column("decision", sa.String(48), primary_key=True),
        sa.Column("what", sa.String(24), primary_key=True),
        sa.Column("action", sa.String(128), nullable=False),
        sa.Column("found_at", sa.BigInteger, nullable=False),
        sa.Column("settled_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
