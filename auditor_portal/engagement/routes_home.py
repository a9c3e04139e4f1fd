"""The list of one's engagements, the front page of each, and what auditors did there."""

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app.audits import shown, threads
from app.audits.activity import activity as read_activity
from app.audits.engagements import engagements_of, members_of
from app.audits.firms import find_firm
from app.errors import problem
from app.index.errors import QueryError, SlowQueryError
from app.pdp.enforce import Permit
from app.pep import RefusedError, wants_page
from auditor_portal.clock import now
from auditor_portal.engaged import circumstances, engaged, engagement_now, listed
from auditor_portal.feature import feature
from auditor_portal.product import product
from auditor_portal.trail.probes import last
from evidence.errors import StoreError


@feature.route("/", action="view", resource=listed, context=circumstances)
def engagements(permit: Permit) -> ResponseReturnValue:
    """Show the engagements that whoever asks takes part in, and which of them can be entered now."""
    found = [shown.engagement(each, now()) for each in engagements_of(permit.request.subject.id)]
    if wants_page():
        return render_template("engagement/engagements.html", engagements=found)
    return jsonify(engagements=found)


@feature.route("/e/<engagement>/", action="view", resource=engaged("home"), context=circumstances)
def home(_permit: Permit, engagement: str) -> ResponseReturnValue:
    """Show how an engagement stands: what it is for, who takes part, how long it is open, what is asked for."""
    found = engagement_now()
    firm = find_firm(found.firm)
    document = shown.engagement(found, now()) | {
        "firm_name": "" if firm is None else firm.name,
        "members": [{"name": each.auditor.name, "role": each.role.value} for each in members_of(engagement)],
        "requests": shown.tally(threads.requests_of(engagement), shown.day(now())),
        "store": _store(),
    }
    if wants_page():
        return render_template("engagement/home.html", found=document)
    return jsonify(document)


def _store() -> dict[str, str] | None:
    """Return in words what the store of the log was last shown to be worth; None where that is not known now."""
    try:
        found = product()
        kept = last(found.settings, found.index, found.reader)
    except (RefusedError, StoreError, SQLAlchemyError):
        return None
    if kept is None:
        return None
    return {"level": kept.label, "meaning": kept.meaning, "shown_at": shown.moment(int(kept.time.timestamp()))}


@feature.route("/e/<engagement>/activity", action="view", resource=engaged("activity"), context=circumstances)
def activity(_permit: Permit, engagement: str) -> ResponseReturnValue:
    """Show what auditors did here, as the entity sees it too."""
    sent = request.args
    try:
        found = read_activity(product().index, engagement, after=sent.get("after"), before=sent.get("before"))
    except QueryError as error:
        raise RefusedError(problem("malformed_request", str(error))) from error
    except SlowQueryError as error:
        raise RefusedError(problem("data_unavailable")) from error
    if wants_page():
        return render_template("engagement/activity.html", **shown.activity(found))
    return jsonify(shown.activity(found))
