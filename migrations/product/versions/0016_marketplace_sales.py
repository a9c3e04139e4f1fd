"""Orders and the money they move; what stands in the ledger stands for good."""  # noqa: INP001 - Alembic finds this by path

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_KEPT = ("market_txn", "market_posting")


def upgrade() -> None:
    """Apply; there is no way back."""
    _ledger()
    _orders()
    _back()
    _payouts()
    if op.get_bind().dialect.name == "sqlite":
        _keep_in_sqlite()
    else:
        _keep_in_postgresql()


def _ledger() -> None:
    op.create_table(
        "market_txn",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("key", name="uq_market_txn_key"),
    )
    op.create_table(
        "market_posting",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("txn", _NUMBER, sa.ForeignKey("market_txn.id"), nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.CheckConstraint("amount <> 0", name="ck_market_posting_amount"),
    )
    op.create_index("ix_market_posting_txn", "market_posting", ["txn"])
    op.create_index("ix_market_posting_account", "market_posting", ["account", "currency"])
    op.create_table(
        "market_balance",
        sa.Column("account", sa.String(128), primary_key=True),
        sa.Column("currency", sa.String(3), primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("floor", sa.BigInteger, nullable=True),
        sa.CheckConstraint("floor IS NULL OR amount >= floor", name="ck_market_balance_floor"),
    )


def _orders() -> None:
    op.create_table(
        "market_order",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("buyer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("developer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("agent", sa.String(64), sa.ForeignKey("market_agent.id"), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("coupons", sa.JSON, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("listed", "gross", "promotion", "fee", "protection", "net", "reserve")
        ),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("refunding", "refunded", "returned", "escrow_left", "reserve_left")
        ),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("licence_accepted", sa.Boolean, nullable=False),
        sa.Column("attempt", sa.JSON, nullable=False),
        sa.Column("source", sa.String(128), nullable=False),
        sa.Column("charge", sa.String(128), nullable=True),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("paid_at", sa.BigInteger, nullable=True),
        sa.Column("escrow_released_at", sa.BigInteger, nullable=True),
        sa.Column("reserve_released_at", sa.BigInteger, nullable=True),
        sa.Column("decision_id", sa.String(48), nullable=False),
        sa.CheckConstraint(
            "refunded + refunding <= gross AND refunded >= 0 AND refunding >= 0", name="ck_market_order_back"
        ),
        sa.CheckConstraint("escrow_left >= 0 AND reserve_left >= 0", name="ck_market_order_held"),
    )
    for column in ("buyer", "developer", "agent", "state", "charge"):
        op.create_index(f"ix_market_order_{column}", "market_order", [column])


def _back() -> None:
    op.create_table(
        "market_refund",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("order", sa.String(64), sa.ForeignKey("market_order.id"), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("refund", sa.String(128), nullable=True),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    op.create_table(
        "market_dispute",
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("order", sa.String(64), sa.ForeignKey("market_order.id"), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("fee", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reported", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    for table in ("refund", "dispute"):
        for column in ("order", "state"):
            op.create_index(f"ix_market_{table}_{column}", f"market_{table}", [column])


def _payouts() -> None:
    op.create_table(
        "market_payout",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("developer", sa.String(64), sa.ForeignKey("market_party.id"), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reported", sa.String(16), nullable=False),
        sa.Column("transfer", sa.String(128), nullable=True),
        sa.Column("payout", sa.String(128), nullable=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.String(48), nullable=False),
    )
    for column in ("developer", "state", "payout"):
        op.create_index(f"ix_market_payout_{column}", "market_payout", [column])


def _keep_in_sqlite() -> None:
    for table in _KEPT:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
            )


def _keep_in_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION market_only_added_to() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is only added to', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in _KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION market_only_added_to()"
        )
