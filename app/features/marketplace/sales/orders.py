"""An order: what it is to policy, to the ledger, and to the other rooms. Makes no decision and calls no provider."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from app.features.marketplace.errors import UnknownError
from app.features.marketplace.money import Money
from app.features.marketplace.rows import AgentRow, AgentState
from app.features.marketplace.sales import accounts
from app.features.marketplace.sales.ledger import Posting, post
from app.features.marketplace.sales.rows import OrderRow, OrderState
from app.features.marketplace.sales.shares import Sale
from app.pdp.model import Entity

_STATUS = {
    AgentState.DRAFT: "draft",
    AgentState.LISTED: "active",
    AgentState.DEPRECATED: "deprecated",
    AgentState.QUARANTINED: "quarantined",
    AgentState.DELISTED: "delisted",
}


def bought(session: Session, buyer: str, agent: str) -> OrderRow | None:
    """Return an order of `agent` that `buyer` has paid and not taken back in whole: what makes a verified buyer."""
    statement = (
        select(OrderRow)
        .where(
            OrderRow.buyer == buyer,
            OrderRow.agent == agent,
            OrderRow.state == OrderState.PAID.value,
            (col(OrderRow.refunded) < col(OrderRow.gross)) | (col(OrderRow.gross) == 0),
        )
        .order_by(col(OrderRow.paid_at), OrderRow.id)
    )
    return session.exec(statement).first()


def order_of(session: Session, order: str, *, lock: bool = False) -> OrderRow:
    """Return an order.

    Raises:
        UnknownError: there is none.
    """
    row = session.get(OrderRow, order, with_for_update=lock or None)
    if row is None:
        raise UnknownError("there is no such order")
    return row


def order_id(buyer: str, key: str) -> str:
    """Return the id of the order that `buyer` places under an idempotency key: the same key is the same order."""
    return f"ord-{hash_of([buyer, key])[:32]}"


def hash_of(body: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return the SHA-256 of what was asked for."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def moment(seconds: int) -> str:
    """Return a time as contracts have it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def listing(session: Session, agent: str, *, lock: bool = False) -> Entity:
    """Return what is on sale, as the policy of purchases sees it; locked, it stays so, and others may read it so too.

    Raises:
        UnknownError: there is no such agent.
    """
    row = session.get(AgentRow, agent, with_for_update={"read": True} if lock else None)
    if row is None:
        raise UnknownError("there is no such agent")
    return Entity(type="listing", id=row.id, properties={"status": _STATUS[AgentState(row.state)]})


def described(row: OrderRow) -> Entity:
    """Return an order as the policies of orders see it."""
    return Entity(type="order", id=row.id, properties={"buyer": row.buyer, "state": row.state})


def sale_of(row: OrderRow) -> Sale:
    """Return what an order was sold at."""
    return Sale(gross=row.gross, promotion=row.promotion, fee=row.fee, protection=row.protection, net=row.net)


def book_sale(session: Session, row: OrderRow, *, charge: str, decision_id: str, at: int) -> None:
    """Have an order be paid: the money is the developer's, and held."""
    legs = {
        accounts.PROVIDER: -row.gross,
        accounts.PROMOTION: -row.promotion,
        accounts.COMMISSION: row.fee,
        accounts.PROTECTION: row.protection,
        accounts.escrow(row.developer): row.net - row.reserve,
        accounts.reserve(row.developer): row.reserve,
    }
    body = hash_of({"order": row.id, "gross": row.gross, "net": row.net})
    post(session, f"{row.id}:sale", body, "sale", postings(row.currency, legs), decision_id, at=at)
    row.charge, row.paid_at, row.state = charge or None, at, OrderState.PAID.value
    row.escrow_left, row.reserve_left = row.net - row.reserve, row.reserve


def postings(currency: str, legs: Mapping[str, int]) -> list[Posting]:
    """Return postings of one currency."""
    return [Posting(account, Money(currency, amount)) for account, amount in legs.items()]
