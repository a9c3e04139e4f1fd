"""Reviews, support and service levels over HTTP: what buyers say, how they are answered, how agents serve."""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.errors import SayingError, UnknownError
from app.features.marketplace.feature import feature
from app.features.marketplace.lifecycle import serving, stepping
from app.features.marketplace.lifecycle.desk import (
    acts_for,
    desk,
    in_own_name_or_party,
    now,
    number,
    refused,
    sender,
    taken,
    written,
)
from app.features.marketplace.lifecycle.limits import limits
from app.features.marketplace.lifecycle.rows import MeasureRow, ReviewRow, SecurityReviewRow, TicketRow
from app.features.marketplace.parties import as_buyer, party_of
from app.features.marketplace.rows import PartyKind
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import Resource, bundle_in_force, seen_other, sent, wants_page

_MEASURED = ("from", "to", "calls", "errors", "p95_ms", "up_seconds")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

# what is acted on


def _bought(agent: str) -> Resource:
    with reading() as session:
        return _buyers(session, agent)


def _buyers(session: Session, agent: str, *, lock: bool = False) -> Entity:
    """Describe a listing by what the buyer who asks has to do with it."""
    row = stepping.agent_row(session, agent, lock=lock)
    buyer = party_of(session, sender(), PartyKind.BUYER)
    order = None if buyer is None else desk().trade.bought(session, buyer.id, agent)
    reviewed = order is not None and session.get(ReviewRow, order.id) is not None
    properties = {"bought": order is not None, "reviewed": reviewed, "member": acts_for(session, row.developer)}
    return Entity(type="listing", id=row.id, properties=properties)


def _review(review: str) -> Resource:
    with reading() as session:
        return _moderated(session, review)


def _moderated(session: Session, review: str, *, lock: bool = False) -> Entity:
    if (row := session.get(ReviewRow, review, with_for_update=True if lock else None)) is None:
        raise UnknownError("there is no such review")
    return Entity(type="review", id=row.order, properties={"state": row.state})


def _asked(agent: str) -> Resource:
    with reading() as session:
        buyer = party_of(session, sender(), PartyKind.BUYER)
        name = "" if buyer is None else buyer.id
        bought = desk().trade.bought(session, name, agent) is not None
        developer = stepping.agent_row(session, agent).developer
    properties = {"state": "none", "buyer": name or "nobody", "developer": developer, "bought": bought}
    return Entity(type="ticket", id=f"tkt-{secrets.token_hex(8)}", properties=properties)


def _ticket(ticket: str) -> Resource:
    with reading() as session:
        return _answered(session, ticket)


def _answered(session: Session, ticket: str, *, lock: bool = False) -> Entity:
    if (row := session.get(TicketRow, ticket, with_for_update=True if lock else None)) is None:
        raise UnknownError("there is no such request for support")
    developer = stepping.agent_row(session, row.agent).developer
    properties = {"state": row.state, "buyer": row.buyer, "developer": developer, "bought": True}
    return Entity(type="ticket", id=row.id, properties=properties)


def _measured(agent: str) -> Resource:
    with reading() as session:
        row = stepping.agent_row(session, agent)
        if session.get(MeasureRow, (sender().id, _measure_id())) is not None:
            raise refused("conflict", "this measure was taken before")
    return Entity(type="listing", id=row.id, properties={"developer": row.developer})


def _measure_id() -> str:
    value = sent().get("id")
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise SayingError("`id` has to be 1 to 64 letters, digits and `._:-`")
    return value


# the circumstances


def _stars(said: Mapping[str, Any]) -> Mapping[str, Any]:
    written()
    return {"stars": number(said, "stars")}


def _step(said: Mapping[str, Any]) -> Mapping[str, Any]:
    written()
    return taken(said, "step")


def _opening(_: Mapping[str, Any]) -> Mapping[str, Any]:
    written()
    return {"step": "open"}


# effects


@feature.route(
    "/listings/<agent>/reviews",
    action="review",
    resource=_bought,
    methods=("POST",),
    context=_stars,
    acting=as_buyer,
)
def review_listing(permit: Permit, agent: str) -> ResponseReturnValue:
    """Keep what a buyer says of an agent."""
    text, buyer = written(), permit.request.subject.id
    with effect(permit, lambda session: _buyers(session, agent, lock=True), now=now) as session:
        order = desk().trade.bought(session, buyer, agent)
        if order is None:
            raise UnknownError("there is no such order")
        row = ReviewRow(
            order=order.id,
            agent=agent,
            buyer=buyer,
            stars=permit.request.context["stars"],
            text=text,
            at=now(),
            decision_id=permit.decision_id,
        )
        session.add(row)
    return _done(permit, agent, 201)


@feature.route(
    "/reviews/<review>/moderate",
    action="moderate",
    resource=_review,
    methods=("POST",),
    context=lambda said: taken(said, "step", "reason"),
)
def moderate_review(permit: Permit, review: str) -> ResponseReturnValue:
    """Hide a review, or show it again."""
    with effect(permit, lambda session: _moderated(session, review, lock=True), now=now) as session:
        row = session.get_one(ReviewRow, review)
        row.state = "hidden" if permit.request.context["step"] == "hide" else "shown"
        row.decision_id = permit.decision_id
    return _done(permit, row.agent, 200)


@feature.route(
    "/listings/<agent>/support",
    action="support",
    resource=_asked,
    methods=("POST",),
    context=_opening,
    acting=as_buyer,
)
def ask_support(permit: Permit, agent: str) -> ResponseReturnValue:
    """Keep a request for support: its clocks begin."""
    text, subject = written(), permit.request.subject
    with effect(permit, now=now) as session:
        session.add(
            TicketRow(
                id=permit.request.resource.id,
                agent=agent,
                buyer=subject.id,
                state="open",
                text=text,
                opened_at=now(),
                decision_id=permit.decision_id,
            )
        )
    return _done(permit, agent, 201, ticket=permit.request.resource.id)


@feature.route(
    "/support/<ticket>/steps",
    action="support",
    resource=_ticket,
    methods=("POST",),
    context=_step,
    acting=in_own_name_or_party,
)
def answer_support(permit: Permit, ticket: str) -> ResponseReturnValue:
    """Keep an answer, or that a request for support is resolved: its clocks stop."""
    text, resolved = written(), permit.request.context["step"] == "resolve"
    with effect(permit, lambda session: _answered(session, ticket, lock=True), now=now) as session:
        row = session.get_one(TicketRow, ticket)
        row.state, row.answer = "resolved" if resolved else "answered", text
        row.resolved_at = now() if resolved else None
        if not resolved and row.answered_at is None:
            row.answered_at = now()
        row.decision_id = permit.decision_id
    return _done(permit, row.agent, 200, ticket=ticket)


@feature.route(
    "/listings/<agent>/measures",
    action="measure",
    resource=_measured,
    methods=("POST",),
    context=lambda said: {name: said[name] for name in _MEASURED if name in said},
)
def measure_listing(permit: Permit, agent: str) -> ResponseReturnValue:
    """Keep how an agent has served; where too many calls fail, trust and safety has to look at it."""
    context, found = permit.request.context, limits(bundle_in_force())
    with effect(permit, now=now) as session:
        session.add(
            MeasureRow(
                source=permit.request.subject.id,
                id=_measure_id(),
                agent=agent,
                from_at=_seconds(context["from"]),
                to_at=_seconds(context["to"]),
                **{name: context[name] for name in ("calls", "errors", "p95_ms", "up_seconds")},
                decision_id=permit.decision_id,
            )
        )
        session.flush()
        levels = serving.served(session, agent, now() - found.window)
        opened = serving.review_opened(session, agent)
        if levels.failing(found) and opened is None:
            session.add(_opened(permit, agent, levels))
        elif opened is not None and not levels.failing(found):
            opened.closed_at, opened.decision_id = now(), permit.decision_id
    return jsonify(listing=agent, missed=levels.missed(found), decision_id=permit.decision_id), 201


def _opened(permit: Permit, agent: str, levels: serving.Served) -> SecurityReviewRow:
    why = f"{levels.error_percent:.1f} % of {levels.calls} calls failed"
    return SecurityReviewRow(
        id=permit.decision_id, agent=agent, why=why, opened_at=now(), decision_id=permit.decision_id
    )


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _done(permit: Permit, agent: str, status: int, **more: str) -> ResponseReturnValue:
    if wants_page():
        return seen_other("marketplace.life", agent=agent)
    return jsonify(listing=agent, decision_id=permit.decision_id, **more), status
