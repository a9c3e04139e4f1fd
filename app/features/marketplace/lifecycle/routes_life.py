"""The life of a listing as its developer, its buyers and the offices see it."""

from typing import Any

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from app.db import reading
from app.features.marketplace.feature import feature
from app.features.marketplace.lifecycle import serving, standing, stepping
from app.features.marketplace.lifecycle.desk import desk, in_own_name_or_party, moment, now, sender
from app.features.marketplace.lifecycle.limits import Limits, limits
from app.features.marketplace.lifecycle.rows import FindingRow, StepRow, TicketRow
from app.features.marketplace.parties import party_of
from app.features.marketplace.rows import AgentRow, PartyKind
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import Resource, bundle_in_force, wants_page


def _followed(agent: str) -> Resource:
    with reading() as session:
        row = stepping.agent_row(session, agent)
        buyer = party_of(session, sender(), PartyKind.BUYER)
        bought = buyer is not None and desk().trade.bought(session, buyer.id, agent) is not None
    return Entity(type="listing", id=row.id, properties={"developer": row.developer, "bought": bought})


@feature.route("/listings/<agent>/life", action="follow", resource=_followed, acting=in_own_name_or_party)
def life(permit: Permit, agent: str) -> ResponseReturnValue:
    """Show what was done to a listing, and how it stands."""
    found, subject = limits(bundle_in_force()), permit.request.subject
    with reading() as session:
        row = stepping.agent_row(session, agent)
        document = described(session, row, found, now())
        document["support"] = [_ticket(each, found) for each in _seen(session, agent, subject)]
    if wants_page():
        return render_template("marketplace/life.html", life=document, who=subject.type)
    return jsonify(document)


def described(session: Session, row: AgentRow, found: Limits, at: int) -> dict[str, Any]:
    """Return how a listing stands at `at`, as JSON values."""
    levels = serving.served(session, row.id, at - found.window)
    reviews = standing.reviews(session, row.id)
    return {
        "listing": row.id,
        "title": row.title,
        "state": row.state,
        "version": row.newest,
        "ends_at": None if row.ends_at is None else moment(row.ends_at),
        "replacement": row.replacement,
        "badges": [
            {"badge": each.kind, "until": moment(each.until), "paid": each.fee_minor is not None}
            for each in standing.badges(session, (row.id, row.developer), at)
        ],
        "notices": [_notice(each) for each in stepping.steps(session, row.id)],
        "findings": [_finding(each, found) for each in stepping.open_findings(session, row.id, row.newest)],
        "rating": standing.rating(reviews),
        "reviews": [
            {"id": each.order, "stars": each.stars, "text": each.text, "at": moment(each.at)} for each in reviews
        ],
        "service": {
            "calls": levels.calls,
            "error_percent": round(levels.error_percent, 2),
            "available_percent": round(levels.available_percent, 2),
            "p95_ms": levels.p95_ms,
            "missed": levels.missed(found),
        },
    }


def _notice(row: StepRow) -> dict[str, Any]:
    names = ("step", "version", "before", "after", "reason", "text", "decision_id")
    return {name: getattr(row, name) for name in names} | {"at": moment(row.at), "by": row.by_type}


def _finding(row: FindingRow, found: Limits) -> dict[str, Any]:
    due = row.first_seen + found.critical
    return {"advisory": row.advisory, "known_since": moment(row.first_seen), "delisted_after": moment(due)}


def _seen(session: Session, agent: str, subject: Entity) -> list[TicketRow]:
    """Return the requests for support that `subject` may see: a buyer their own."""
    rows = standing.tickets(session, agent)
    return rows if subject.type != PartyKind.BUYER.value else [each for each in rows if each.buyer == subject.id]


def _ticket(row: TicketRow, found: Limits) -> dict[str, Any]:
    clocks = standing.clocks(row, found, now())
    return {
        "id": row.id,
        "state": row.state,
        "text": row.text,
        "answer": row.answer,
        "opened_at": moment(row.opened_at),
        "response_due": moment(clocks["response_due"]),
        "response_late": clocks["response_late"],
        "resolution_due": moment(clocks["resolution_due"]),
        "resolution_late": clocks["resolution_late"],
    }
