"""Coupons over HTTP: those of an agent, which its developer grants, and those that finance grants for the platform.

A code stands in the answer to whoever grants it, and on the pages of those it belongs to; in records stands a hash.
"""

from collections.abc import Mapping
from typing import Any

from flask import g, jsonify, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.billing import granting
from app.features.marketplace.billing.coupon import Discount
from app.features.marketplace.billing.looking import agent_of, as_developer_or_oneself, looked_at, of_agent
from app.features.marketplace.billing.provider import till
from app.features.marketplace.billing.rows import CouponRow
from app.features.marketplace.errors import ChangedError
from app.features.marketplace.feature import feature
from app.features.marketplace.parties import as_developer
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import Resource, seen_other, sent, wants_page


def _shown(agent: str) -> Resource:
    return of_agent(agent, "coupons")


def _all() -> Resource:
    return looked_at("coupons", "coupons")


def _granted(agent: str | None = None) -> Resource:
    g.coupon_code, g.coupon_at = granting.code_of(sent()), int(till().now())
    with reading() as session:
        return granting.facts(session, g.coupon_code, sent(), agent, g.coupon_at)


@feature.route("/agents/<agent>/coupons", action="view_billing", resource=_shown, acting=as_developer_or_oneself)
def coupons(permit: Permit, agent: str) -> ResponseReturnValue:
    """Show the coupons of an agent."""
    with reading() as session:
        row = agent_of(session, agent)
        found = session.exec(select(CouponRow).where(CouponRow.agent == agent).order_by(CouponRow.code)).all()
    return _listed(list(found), row.id, may_grant=permit.request.subject.type == "developer")


@feature.route("/finance/coupons", action="view_billing", resource=_all)
def all_coupons(permit: Permit) -> ResponseReturnValue:
    """Show every coupon to finance."""
    with reading() as session:
        found = session.exec(select(CouponRow).order_by(col(CouponRow.created_at).desc(), CouponRow.code)).all()
    return _listed(list(found), None, may_grant=permit.request.subject.type == "officer")


@feature.route(
    "/agents/<agent>/coupons",
    action="grant_coupon",
    resource=_granted,
    methods=("POST",),
    context=granting.stated,
    acting=as_developer,
)
def grant(permit: Permit, agent: str) -> ResponseReturnValue:
    """Grant a discount on an agent of one's own."""
    return _grant(permit, agent)


@feature.route("/finance/coupons", action="grant_coupon", resource=_granted, methods=("POST",), context=granting.stated)
def grant_for_platform(permit: Permit) -> ResponseReturnValue:
    """Grant a discount that the platform bears."""
    return _grant(permit, None)


def _grant(permit: Permit, agent: str | None) -> ResponseReturnValue:
    code, now, said = g.coupon_code, g.coupon_at, sent()

    def facts(session: Any) -> Entity:
        return granting.facts(session, code, said, agent, now)

    try:
        with effect(permit, facts, now=till().now) as session:
            made = granting.row_of(session, code, said, agent, now=now, decision_id=permit.decision_id)
            session.add(made)
            session.flush()
    except IntegrityError:
        raise ChangedError("there is a coupon of this code, or for this referral") from None
    if wants_page():
        return (
            seen_other("marketplace.all_coupons") if agent is None else seen_other("marketplace.coupons", agent=agent)
        )
    return jsonify(_document(made)), 201


def _listed(found: list[CouponRow], agent: str | None, *, may_grant: bool) -> ResponseReturnValue:
    if wants_page():
        return render_template(
            "marketplace/coupons.html",
            coupons=[_document(each) for each in found],
            agent=agent,
            may_grant=may_grant,
            discounts=list(Discount),
        )
    return jsonify(coupons=[_document(each) for each in found])


def _document(row: CouponRow) -> Mapping[str, Any]:
    return {
        "code": row.code,
        "discount": row.discount,
        "funding": row.funding,
        "basis_points": row.basis_points,
        "least": row.least,
        "amount_minor": row.amount,
        "currency": row.currency,
        "agent": row.agent,
        "buyer": row.buyer,
        "uses_left": row.uses,
        "until": row.valid_until,
        "decision_id": row.decision_id,
    }
