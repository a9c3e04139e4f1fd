"""What agents cost, what was used and is owed of it, and what the payment provider told."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply; there is no way back."""
    _prices()
    _coupons()
    _invoices()
    _webhooks()


def _prices() -> None:
    op.create_table(
        "market_plan",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("interval", sa.String(8), nullable=False),
        sa.Column("steps", sa.JSON, nullable=False),
        sa.Column("per", sa.Integer, nullable=False),
        sa.Column("least", sa.BigInteger, nullable=False),
        sa.Column("support", sa.String(20), nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("retired_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_plan_agent", "market_plan", ["agent"])
    op.create_table(
        "market_subscription",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("buyer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=False),
        sa.Column("plan", sa.String(64), sa.ForeignKey("market_plan.id"), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("begins_at", sa.BigInteger, nullable=False),
        sa.Column("paid_until", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    for column in ("tenant", "buyer", "agent"):
        op.create_index(f"ix_market_subscription_{column}", "market_subscription", [column])


def _coupons() -> None:
    op.create_table(
        "market_coupon",
        sa.Column("code", sa.String(64), primary_key=True),
        sa.Column("discount", sa.String(16), nullable=False),
        sa.Column("funding", sa.String(16), nullable=False),
        sa.Column("basis_points", sa.Integer, nullable=False),
        sa.Column("least", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=True),
        sa.Column("buyer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=True),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("valid_from", sa.BigInteger, nullable=False),
        sa.Column("valid_until", sa.BigInteger, nullable=False),
        sa.Column("referral", sa.String(64), nullable=True),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.CheckConstraint("uses >= 0", name="ck_market_coupon_uses"),
        sa.CheckConstraint("amount >= 0", name="ck_market_coupon_amount"),
        sa.UniqueConstraint("referral", name="uq_market_coupon_referral"),
    )
    for column in ("agent", "buyer"):
        op.create_index(f"ix_market_coupon_{column}", "market_coupon", [column])
    op.create_table(
        "market_redemption",
        sa.Column("coupon", sa.String(64), sa.ForeignKey("market_coupon.code"), primary_key=True),
        sa.Column("order", sa.String(64), primary_key=True),
        sa.Column("buyer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("once", sa.String(160), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.UniqueConstraint("coupon", "once", name="uq_market_redemption_once"),
    )
    op.create_index("ix_market_redemption_buyer", "market_redemption", ["buyer"])
    op.create_table(
        "market_referral",
        sa.Column("order", sa.String(64), primary_key=True),
        sa.Column("referrer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("referred", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("refundable_until", sa.BigInteger, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.UniqueConstraint("referred", name="uq_market_referral_referred"),
    )
    op.create_index("ix_market_referral_referrer", "market_referral", ["referrer"])


def _invoices() -> None:
    op.create_table(
        "market_invoice",
        sa.Column("id", sa.String(96), primary_key=True),
        sa.Column("subscription", sa.String(64), sa.ForeignKey("market_subscription.id"), nullable=False),
        sa.Column("buyer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("carried", sa.BigInteger, nullable=False),
        sa.Column("finalised_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.UniqueConstraint("subscription", "period", name="uq_market_invoice_period"),
    )
    op.create_index("ix_market_invoice_buyer", "market_invoice", ["buyer"])
    op.create_table(
        "market_usage",
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("source", sa.String(200), primary_key=True),
        sa.Column("event", sa.String(200), primary_key=True),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("subscription", sa.String(64), sa.ForeignKey("market_subscription.id"), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("occurred_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("corrects_source", sa.String(200), nullable=True),
        sa.Column("corrects_id", sa.String(200), nullable=True),
        sa.Column("invoice", sa.String(96), sa.ForeignKey("market_invoice.id"), nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "corrects_source", "corrects_id"],
            ["market_usage.tenant", "market_usage.source", "market_usage.event"],
            name="fk_market_usage_corrects",
        ),
    )
    op.create_index("ix_market_usage_occurred_at", "market_usage", ["occurred_at"])
    op.create_index("ix_market_usage_open", "market_usage", ["subscription", "invoice"])


def _webhooks() -> None:
    op.create_table(
        "market_inbox",
        sa.Column("provider", sa.String(16), primary_key=True),
        sa.Column("event", sa.String(128), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("applied", sa.Boolean, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_index("ix_market_inbox_subject", "market_inbox", ["subject"])
    op.create_table(
        "market_standing",
        sa.Column("provider", sa.String(16), primary_key=True),
        sa.Column("subject", sa.String(128), primary_key=True),
        sa.Column("event", sa.String(128), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
