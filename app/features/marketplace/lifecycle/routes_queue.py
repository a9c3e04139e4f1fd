"""What waits for trust and safety: what is in quarantine, findings due, security reviews, appeals, differences."""

from typing import Any

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col, select

from app.db import reading
from app.features.marketplace.feature import feature
from app.features.marketplace.lifecycle.desk import moment, now
from app.features.marketplace.lifecycle.limits import Limits, limits
from app.features.marketplace.lifecycle.rows import (
    AppealRow,
    DifferenceRow,
    FindingRow,
    ReviewRow,
    SecurityReviewRow,
)
from app.features.marketplace.rows import AgentRow, AgentState, PartyKind, PartyRow, ReleaseRow, ReleaseState
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import Resource, bundle_in_force, wants_page

_MOST = 200  # rows of each list


def _queue() -> Resource:
    return Entity(type="queue", id="trust-and-safety", properties={})


@feature.route("/queue", action="follow", resource=_queue)
def market_queue(_permit: Permit) -> ResponseReturnValue:
    """Show what waits."""
    found = limits(bundle_in_force())
    with reading() as session:
        document = {"quarantined": _quarantined(session), "findings": _findings(session, found)} | _said(session)
        document |= {"developers": _developers(session), "differences": _differences(session)}
    if wants_page():
        return render_template("marketplace/queue.html", queue=document, at=moment(now()))
    return jsonify(document)


def _quarantined(session: Session) -> list[dict[str, Any]]:
    agents = select(AgentRow).where(AgentRow.state == AgentState.QUARANTINED.value).order_by(AgentRow.id)
    releases = select(ReleaseRow).where(ReleaseRow.state == ReleaseState.QUARANTINED.value).order_by(ReleaseRow.agent)
    found: list[dict[str, Any]] = [{"listing": row.id, "version": None} for row in session.exec(agents.limit(_MOST))]
    return found + [{"listing": row.agent, "version": row.version} for row in session.exec(releases.limit(_MOST))]


def _findings(session: Session, found: Limits) -> list[dict[str, Any]]:
    statement = select(FindingRow).where(col(FindingRow.resolved_at).is_(None)).order_by(col(FindingRow.first_seen))
    return [
        {
            "listing": row.agent,
            "version": row.version,
            "advisory": row.advisory,
            "delisted_after": moment(row.first_seen + found.critical),
        }
        for row in session.exec(statement.limit(_MOST))
    ]


def _said(session: Session) -> dict[str, Any]:
    reviews = select(SecurityReviewRow).where(col(SecurityReviewRow.closed_at).is_(None))
    appeals = select(AppealRow).where(AppealRow.state == "filed").order_by(col(AppealRow.filed_at))
    hidden = select(ReviewRow).where(ReviewRow.state == "hidden").order_by(col(ReviewRow.at).desc())
    return {
        "security_reviews": [
            {"listing": row.agent, "why": row.why, "opened_at": moment(row.opened_at)}
            for row in session.exec(reviews.order_by(col(SecurityReviewRow.opened_at)).limit(_MOST))
        ],
        "appeals": [
            {"id": row.id, "listing": row.agent, "text": row.text, "filed_at": moment(row.filed_at)}
            for row in session.exec(appeals.limit(_MOST))
        ],
        "hidden_reviews": [
            {"id": row.order, "listing": row.agent, "stars": row.stars, "text": row.text}
            for row in session.exec(hidden.limit(_MOST))
        ],
    }


def _developers(session: Session) -> list[dict[str, Any]]:
    statement = select(PartyRow).where(PartyRow.kind == PartyKind.DEVELOPER.value).order_by(PartyRow.id)
    return [
        {
            "id": row.id,
            "name": row.name,
            "kyc": row.kyc,
            "until": None if row.kyc_until is None else moment(row.kyc_until),
            "tier": row.tier,
        }
        for row in session.exec(statement.limit(_MOST))
    ]


def _differences(session: Session) -> list[dict[str, Any]]:
    statement = select(DifferenceRow).where(col(DifferenceRow.settled_at).is_(None))
    return [
        {"decision": row.decision, "what": row.what, "action": row.action, "found_at": moment(row.found_at)}
        for row in session.exec(statement.order_by(col(DifferenceRow.found_at).desc()).limit(_MOST))
    ]
