"""Orders over HTTP: bought, verified, looked at, taken back, cleared by a person."""

from collections.abc import Mapping
from typing import Any, Final

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlmodel import col, select

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.errors import ChangedError, SayingError
from app.features.marketplace.feature import feature
from app.features.marketplace.money import Money
from app.features.marketplace.parties import as_buyer, as_party_or_oneself
from app.features.marketplace.rows import PartyKind
from app.features.marketplace.sales import purchasing, refunds
from app.features.marketplace.sales.orders import described as order_facts
from app.features.marketplace.sales.orders import moment, order_id, order_of
from app.features.marketplace.sales.rows import OrderRow, OrderState
from app.features.marketplace.sales.till import Wanted, till
from app.pdp.enforce import Permit
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL, Resource, gate_of_request, seen_other, sent, wants_page
from app.sessions import SessionRow

_LONGEST: Final = 128
_MOST: Final = 1_000_000_000


def as_party(acting: Entity) -> Entity:
    """Return the buyer or the developer that `acting` acts for, or else themselves."""
    return as_party_or_oneself(acting, PartyKind.BUYER, PartyKind.DEVELOPER)


def enforce(asked: EvaluationRequest) -> Permit:
    """Ask the decision point of the application that answers."""
    return gate_of_request().pdp.enforce(asked, CONTROL)


def key() -> str:
    """Return the idempotency key of the request: a header, or a field of a form.

    Raises:
        SayingError: it has none, or too long a one.
    """
    return _text("key", request.headers.get("Idempotency-Key") or sent().get("key"))


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise SayingError(f"`{name}` is missing, or longer than {_LONGEST} characters")
    return value


def _whole(name: str, value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(_MOST)):
        value = int(value)
    if type(value) is not int or not 0 <= value <= _MOST:
        raise SayingError(f"`{name}` is no whole number up to {_MOST}")
    return value


def _buyer() -> str:
    return as_buyer(gate_of_request().subject()).id


def _wanted() -> Wanted:
    said = sent()
    coupons = said.get("coupons") or []
    listed = [coupons] if isinstance(coupons, str) else list(coupons)
    return Wanted(
        buyer=_buyer(),
        agent=_text("agent", said.get("agent")),
        plan=_text("plan", said.get("plan")),
        quantity=_whole("quantity", said.get("quantity", 1)),
        coupons=tuple(dict.fromkeys(_text("coupons", each) for each in listed)),
        source=_text("source", said.get("source")),
    )


def _placed() -> Resource:
    buyer = _buyer()
    with reading() as session:
        return purchasing.facts(session, order_id(buyer, key()), buyer)


def _known(order: str) -> Resource:
    with reading() as session:
        return order_facts(order_of(session, order))


def _seen(order: str) -> Resource:
    with reading() as session:
        row = order_of(session, order)
    return Resource(type="order", id=order, properties={"owners": sorted({row.buyer, row.developer})})


def _taken_back(order: str) -> Resource:
    with reading() as session:
        return refunds.facts(session, order, refunds.refund_id(order, key()))


def _verified(_: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return whether whoever acts signed in with a second factor after the order was placed."""
    order = (request.view_args or {}).get("order", "")
    with reading() as session:
        since = order_of(session, order).created_at
        found = session.exec(
            select(SessionRow).where(
                SessionRow.officer == gate_of_request().subject().id,
                col(SessionRow.second_factor).is_(True),
                col(SessionRow.opened_at) > since,
                col(SessionRow.closed_at).is_(None),
            )
        ).first()
    return {"second_factor": found is not None}


@feature.route("/orders", action="order", resource=_placed, methods=("POST",), acting=as_buyer)
def place_order(permit: Permit) -> ResponseReturnValue:
    """Buy: place an order, and charge it where policy permits."""
    made = till()
    row = purchasing.draft(
        made,
        permit.request.resource.id,
        _wanted(),
        account=gate_of_request().subject().id,
        licence_accepted=sent().get("licence") in {"accepted", True},
        attempt={"network": request.remote_addr or ""},
    )
    return _shown(purchasing.purchase(made, enforce, permit, row), 201)


@feature.route(
    "/orders/<order>/confirm", action="order", resource=_known, methods=("POST",), context=_verified, acting=as_buyer
)
def confirm_order(permit: Permit, order: str) -> ResponseReturnValue:
    """Go on with an order, once the buyer has shown a second factor."""
    with reading() as session:
        row = order_of(session, order)
    return _shown(purchasing.purchase(till(), enforce, permit, row, verified=True), 200)


@feature.route("/orders/<order>", action="view_sales", resource=_seen, acting=as_party)
def order(permit: Permit, order: str) -> ResponseReturnValue:  # noqa: ARG001 - that it is permitted is enough
    """Show an order."""
    with reading() as session:
        row = order_of(session, order)
    if wants_page():
        return render_template("marketplace/order.html", order=document(row), left=row.gross - row.refunded)
    return jsonify(document(row))


@feature.route(
    "/orders/<order>/refund",
    action="refund",
    resource=_taken_back,
    methods=("POST",),
    context=lambda said: {"amount_minor": _whole("amount_minor", said.get("amount_minor"))},
    acting=as_party,
)
def refund_order(permit: Permit, order: str) -> ResponseReturnValue:
    """Give an order back, in part or in whole."""
    made = refunds.refund(till(), permit, refunds.refund_id(order, key()), int(permit.request.context["amount_minor"]))
    if wants_page():
        return seen_other("marketplace.order", order=order)
    return jsonify(id=made.id, state=made.state, amount_minor=made.amount, decision_id=permit.decision_id)


@feature.route(
    "/orders/<order>/clear",
    action="clear",
    resource=_known,
    methods=("POST",),
    context=lambda said: {"verdict": _text("verdict", said.get("verdict"))},
)
def clear_order(permit: Permit, order: str) -> ResponseReturnValue:
    """Have a held order be charged, or refuse it."""
    made = till()
    if permit.request.context["verdict"] == "charge":
        held = {OrderState.HELD.value}
        purchasing.let_charge(
            made, permit, order, lambda session: order_facts(order_of(session, order, lock=True)), held
        )
        return _shown(purchasing.pay(made, permit, order), 200)
    with effect(permit, lambda session: order_facts(order_of(session, order, lock=True)), now=made.now) as session:
        row = order_of(session, order)
        if row.state != OrderState.HELD.value:
            raise ChangedError("the order is not held any more")
        row.state, row.decision_id = OrderState.REFUSED.value, permit.decision_id
    return _shown(row, 200)


def document(row: OrderRow) -> dict[str, Any]:
    """Return an order as JSON and pages show it."""
    return {
        "id": row.id,
        "agent": row.agent,
        "plan": row.plan,
        "quantity": row.quantity,
        "state": row.state,
        "currency": row.currency,
        "gross_minor": row.gross,
        "discount_minor": row.listed - row.gross,
        "refunded_minor": row.refunded,
        "refunding_minor": row.refunding,
        "total": str(Money(row.currency, row.gross)),
        "paid_at": None if row.paid_at is None else moment(row.paid_at),
        "decision_id": row.decision_id,
    }


def _shown(row: OrderRow, status: int) -> ResponseReturnValue:
    if wants_page():
        return seen_other("marketplace.order", order=row.id)
    return jsonify(document(row)), status
