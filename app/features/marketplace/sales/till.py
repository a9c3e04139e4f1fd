"""What sales are made with: who moves the money, what things cost, what is known of the risk.

Sales knows these as functions; which ones they are is said where the application is put together.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, current_app
from sqlmodel import Session

from app.errors import problem
from app.features.marketplace.money import Money
from app.features.marketplace.payments import Payments
from app.features.marketplace.sales.rows import OrderRow
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pdp.model import EvaluationRequest
from app.pep import RefusedError

_EXTENSION: Final = "omega.marketplace.till"

Enforce = Callable[[EvaluationRequest], Permit]
"""Asks the decision point; returns a permit or raises `DeniedError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a buyer wants to have.

    Attributes:
        buyer, agent, plan: ids.
        quantity: units.
        coupons: codes.
        source: the means of payment, as the provider names it.
    """

    buyer: str
    agent: str
    plan: str
    quantity: int
    coupons: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What it costs, and who gets what: `gross + promotion == fee + protection + net`, in one currency.

    Attributes:
        listed: without discounts.
        gross: what the buyer pays.
        promotion: discounts that the platform bears.
        fee: the platform's commission.
        protection: what the developer pays for chargeback protection.
        net: the developer's share, with the reserve.
        reserve: what of it is kept back.
    """

    listed: Money
    gross: Money
    promotion: Money
    fee: Money
    protection: Money
    net: Money
    reserve: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """See the module.

    Attributes:
        payments: moves money.
        price: says what something costs now (Unix seconds); raises `MarketplaceError`.
        redeem: uses the coupons of an order up, in the transaction that lets it be charged; raises `MarketplaceError`.
        restore: gives them back, where nothing was paid.
        risk: returns what policy is told of the risk of an order: `context.risk`.
        allowed: is told, in the transaction that lets an order be charged, of the decision on its purchase.
        denied: is told of a denial, once the order says what became of it.
        now: Unix seconds.
    """

    payments: Payments
    price: Callable[[Session, Wanted, int], Price]
    redeem: Callable[[Session, OrderRow, str], None] = lambda *_: None
    restore: Callable[[Session, OrderRow], None] = lambda *_: None
    risk: Callable[[Session, OrderRow], Mapping[str, Any]]
    allowed: Callable[[Session, OrderRow, Permit], None] = lambda *_: None
    denied: Callable[[OrderRow, DeniedError], None] = lambda *_: None
    now: Callable[[], float] = time.time

    def at(self) -> int:
        """Return the time in whole seconds."""
        return int(self.now())


def install(app: Flask, till: Till | None) -> None:
    """Have `app` sell with `till`; without one nothing is sold."""
    app.extensions[_EXTENSION] = till


def till() -> Till:
    """Return what the application that answers sells with.

    Raises:
        RefusedError: it sells nothing.
    """
    found: Till | None = current_app.extensions[_EXTENSION]
    if found is None:
        raise RefusedError(problem("control_unavailable", "no payment provider is set up here"))
    return found
