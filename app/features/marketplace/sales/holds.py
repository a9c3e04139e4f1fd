"""Holds: what a sale earned is held for some days, and a part of it for longer; then a decision lets it go.

What is let go pays the developer's debt first. How long it is held, policy data say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlmodel import Session, col, select

from app.features.marketplace.acting import effect
from app.features.marketplace.errors import MarketDataError
from app.features.marketplace.rows import PartyRow
from app.features.marketplace.sales import accounts, disputes
from app.features.marketplace.sales.ledger import balance, post
from app.features.marketplace.sales.orders import hash_of, moment, order_of, postings
from app.features.marketplace.sales.rows import OrderRow, OrderState
from app.features.marketplace.sales.till import Till
from app.pdp.enforce import Permit
from app.pdp.model import Entity

_DAY: Final = 86_400


class Kind(StrEnum):
    """What is held."""

    ESCROW = "escrow"
    RESERVE = "reserve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many days each is held (`thresholds.marketplace.release`); policy decides, this says when it is worth asking.

    `new_developer_hold_days` is for whoever has been here for fewer than `new_developer_days`.
    """

    hold_days: int
    new_developer_hold_days: int
    new_developer_days: int
    reserve_days: int

    @classmethod
    def of(cls, thresholds: Mapping[str, Any]) -> "Limits":
        """Return the limits of policy data.

        Raises:
            MarketDataError: they are not there.
        """
        try:
            return cls(**{name: int(thresholds["marketplace"]["release"][name]) for name in cls.__dataclass_fields__})
        except (KeyError, TypeError, ValueError):
            raise MarketDataError("thresholds.marketplace.release") from None


def due(session: Session, limits: Limits, now: int) -> Iterator[str]:
    """Yield the id of each hold that has lasted for long enough at `now`, the oldest first."""
    for kind, released in ((Kind.ESCROW, OrderRow.escrow_released_at), (Kind.RESERVE, OrderRow.reserve_released_at)):
        shortest = limits.hold_days if kind is Kind.ESCROW else limits.reserve_days
        statement = (
            select(OrderRow, PartyRow)
            .join(PartyRow, col(PartyRow.id) == col(OrderRow.developer))
            .where(
                OrderRow.state == OrderState.PAID.value,
                col(released).is_(None),
                col(OrderRow.paid_at) <= now - shortest * _DAY,
            )
            .order_by(col(OrderRow.paid_at), OrderRow.id)
        )
        for row, developer in session.exec(statement):
            days = shortest
            if kind is Kind.ESCROW and now - developer.created_at < limits.new_developer_days * _DAY:
                days = limits.new_developer_hold_days
            if now - (row.paid_at or now) >= days * _DAY and not disputes.open_on(session, row.id):
                yield f"{row.id}:{kind}"


def facts(session: Session, hold: str, *, lock: bool = False) -> Entity:
    """Return a hold as `marketplace.release` sees it. Its id is that of the order, a colon, and its kind."""
    name, _, kind = hold.rpartition(":")
    row = order_of(session, name, lock=lock)
    developer = session.get_one(PartyRow, row.developer)
    released = row.escrow_released_at if kind == Kind.ESCROW else row.reserve_released_at
    return Entity(
        type="hold",
        id=hold,
        properties={
            "kind": kind,
            "released": released is not None,
            "disputed": disputes.open_on(session, name),
            "held_since": moment(row.paid_at or 0),
            "developer_since": moment(developer.created_at),
        },
    )


def release(till: Till, permit: Permit) -> int:
    """Let go what `permit` allows, and return how much it was, in minor units.

    Raises:
        ChangedError: it is not held any more, or is disputed by now.
    """
    hold = permit.request.resource.id
    name, _, kind = hold.rpartition(":")
    with effect(permit, lambda session: facts(session, hold, lock=True), now=till.now) as session:
        row = order_of(session, name)
        amount = row.escrow_left if kind == Kind.ESCROW else row.reserve_left
        source = accounts.escrow(row.developer) if kind == Kind.ESCROW else accounts.reserve(row.developer)
        owed = -balance(session, accounts.receivable(row.developer), row.currency, lock=True)
        paid = min(owed, amount)
        legs = {
            source: -amount,
            accounts.receivable(row.developer): paid,
            accounts.available(row.developer): amount - paid,
        }
        body = hash_of({"hold": hold})
        post(session, hold, body, f"{kind}_release", postings(row.currency, legs), permit.decision_id, at=till.at())
        _let_go(row, Kind(kind), till.at())
    return amount


def _let_go(row: OrderRow, kind: Kind, at: int) -> None:
    match kind:
        case Kind.ESCROW:
            row.escrow_left, row.escrow_released_at = 0, at
        case Kind.RESERVE:
            row.reserve_left, row.reserve_released_at = 0, at
