"""What of an order goes back to its buyer, and out of whose pocket: held money first, a debt of the developer last.

Books refunds and disputes alike; calls no provider and makes no decision.
"""

from sqlmodel import Session

from app.features.marketplace.sales import accounts
from app.features.marketplace.sales.ledger import balance, post
from app.features.marketplace.sales.orders import hash_of, postings, sale_of
from app.features.marketplace.sales.rows import OrderRow
from app.features.marketplace.sales.shares import between, drawn


def give_back(  # noqa: PLR0913 - what a transaction is made of
    session: Session, row: OrderRow, amount: int, *, key: str, kind: str, decision_id: str, at: int, fee: int = 0
) -> None:
    """Book that `amount` of a locked order is back with the buyer.

    The developer's share is taken from what is held of this order, from what may be paid out, from the reserve of this
    order, and is owed where all of this is not enough.

    Args:
        session: in which the order is changed as well.
        row: locked.
        amount: minor units.
        key: of the transaction.
        kind: what it is.
        decision_id: that permits it.
        at: Unix seconds.
        fee: what the provider charges the platform for it.
    """
    shares = between(sale_of(row), row.refunded, row.refunded + amount)
    escrow, available, reserve = (
        name(row.developer) for name in (accounts.escrow, accounts.available, accounts.reserve)
    )
    spare = balance(session, available, row.currency, lock=True)
    held = [(escrow, row.escrow_left), (available, spare), (reserve, row.reserve_left)]
    taken, owed = drawn(shares.developer, held)
    legs = {
        accounts.PROVIDER: amount + fee,
        accounts.DISPUTE_FEE: -fee,
        accounts.PROMOTION: shares.promotion,
        accounts.PROTECTION: -shares.protection,
        accounts.COMMISSION: -shares.commission,
        accounts.receivable(row.developer): -owed,
        **{name: -part for name, part in taken.items()},
    }
    body = hash_of({"order": row.id, "amount": amount, "fee": fee})
    post(session, key, body, kind, postings(row.currency, legs), decision_id, at=at)
    row.escrow_left -= taken[escrow]
    row.reserve_left -= taken[reserve]
    row.refunded += amount
    row.returned += shares.developer


def take_back(  # noqa: PLR0913 - what a transaction is made of
    session: Session, row: OrderRow, amount: int, *, key: str, decision_id: str, at: int
) -> None:
    """Book that `amount` of a locked order came back from the buyer: a dispute was won.

    The developer's share pays what they owe first; it is held again where the order still is.
    """
    shares = between(sale_of(row), row.refunded - amount, row.refunded)
    owed = -balance(session, accounts.receivable(row.developer), row.currency, lock=True)
    settled = min(owed, shares.developer)
    still = row.escrow_released_at is None
    into = accounts.escrow(row.developer) if still else accounts.available(row.developer)
    legs = {
        accounts.PROVIDER: -amount,
        accounts.PROMOTION: -shares.promotion,
        accounts.PROTECTION: shares.protection,
        accounts.COMMISSION: shares.commission,
        accounts.receivable(row.developer): settled,
        into: shares.developer - settled,
    }
    body = hash_of({"order": row.id, "amount": amount})
    post(session, key, body, "dispute_won", postings(row.currency, legs), decision_id, at=at)
    row.escrow_left += (shares.developer - settled) if still else 0
    row.refunded -= amount
    row.returned -= shares.developer
