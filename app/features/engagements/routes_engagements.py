"""Engagements over HTTP: opened, changed and ended; who takes part; what auditors did there."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.audits import entered, shown, threads
from app.audits.activity import activity as read_activity
from app.audits.engagements import Engagement, Role, find_engagement, members_of
from app.audits.engagements import engagements as every_engagement
from app.audits.errors import AuditsError
from app.audits.firms import auditors_of, find_firm, firms
from app.errors import problem
from app.features.engagements import described, keeping
from app.features.engagements.described import EngagementDescribed
from app.features.engagements.desk import frameworks, index, now, unavailable
from app.features.engagements.feature import feature
from app.index.errors import IndexUnavailableError, QueryError, SlowQueryError
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, seen_other, sent, wants_page

_NAME: Final = 200


# what is acted on


def _all() -> Resource:
    return Resource(type="engagements", id="engagements", properties={})


def seen(engagement: str, **_: Any) -> Resource:
    """Return an engagement that is looked at, as policy sees it.

    Raises:
        RefusedError: there is none.
    """
    return Resource(type="engagements", id=f"engagements/{found(engagement).id}", properties={})


def found(engagement: str) -> Engagement:
    """Return an engagement.

    Raises:
        RefusedError: there is none.
    """
    it = find_engagement(engagement)
    if it is None:
        raise RefusedError(problem("not_found"))
    return it


def _opened() -> Resource:
    engagement = described.slug("id", sent().get("id"))
    firm = find_firm(described.slug("firm", sent().get("firm")))
    if firm is None:
        raise AuditsError("invalid", "`firm` names none")
    before = find_engagement(engagement)
    state = "none" if before is None else before.state.value
    return Resource(type="engagement", id=engagement, properties={"state": state, "firm_state": firm.state.value})


def _changed(engagement: str) -> Resource:
    it = found(engagement)
    firm = find_firm(it.firm)
    state = "suspended" if firm is None else firm.state.value
    return Resource(type="engagement", id=it.id, properties={"state": it.state.value, "firm_state": state})


# the circumstances


def _describing(change: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda said: _times(change, described.engagement(said, frameworks()))


def _changing(change: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def circumstances(_: Mapping[str, Any]) -> dict[str, Any]:
        arguments = request.view_args or {}
        return _times(change, described.as_it_is(found(arguments["engagement"])))

    return circumstances


def _times(change: str, said: EngagementDescribed) -> dict[str, Any]:
    return {
        "change": change,
        "period_start": _seconds(said.period_start),
        "period_end": _seconds(said.period_end),
        "starts": _seconds(said.starts),
        "ends": _seconds(said.ends),
    }


def _seconds(moment: str) -> str:
    """Return a time of the log without fractions of a second, as policies compare it."""
    return f"{moment[:19]}Z"


# pages


@feature.route("/", action="view", resource=_all)
def engagements(_permit: Permit) -> ResponseReturnValue:
    """Show every engagement."""
    listed = [shown.engagement(each, now()) for each in every_engagement()]
    if not wants_page():
        return jsonify(engagements=listed)
    names = {each.id: each.name for each in firms()}
    return render_template("engagements/engagements.html", engagements=listed, firms=names, frameworks=frameworks())


@feature.route("/e/<engagement>", action="view", resource=seen)
def engagement(_permit: Permit, engagement: str) -> ResponseReturnValue:
    """Show one engagement: what for, who takes part, how long, how it stands with requests."""
    document = _whole(engagement)
    if not wants_page():
        return jsonify(document)
    return render_template(
        "engagements/engagement.html",
        found=document,
        auditors=[each for each in auditors_of(document["firm"]) if each.state == "active"],
        frameworks=frameworks(),
        roles=[each.value for each in Role],
    )


@feature.route("/e/<engagement>/activity", action="view", resource=seen)
def activity(_permit: Permit, engagement: str) -> ResponseReturnValue:
    """Show what auditors did here, as they see it too."""
    asked = request.args
    try:
        page = read_activity(index(), engagement, after=asked.get("after"), before=asked.get("before"))
    except QueryError as error:
        raise RefusedError(problem("malformed_request", str(error))) from error
    except (IndexUnavailableError, SlowQueryError) as error:
        raise unavailable(error) from error
    if wants_page():
        return render_template("engagements/activity.html", engagement=engagement, **shown.activity(page))
    return jsonify(shown.activity(page))


# effects


@feature.route("/", action="open", resource=_opened, methods=("POST",), context=_describing("open"))
def open_engagement(permit: Permit) -> ResponseReturnValue:
    """Open an engagement."""
    said, identifier = sent(), permit.request.resource.id
    keeping.open_engagement(permit, identifier, said["firm"], described.engagement(said, frameworks()), now())
    return _done(identifier, 201)


@feature.route("/e/<engagement>", action="open", resource=_changed, methods=("POST",), context=_describing("change"))
def change_engagement(permit: Permit, engagement: str) -> ResponseReturnValue:
    """Say something else of an engagement: how long it is open, above all."""
    keeping.change_engagement(permit, engagement, described.engagement(sent(), frameworks()), now())
    return _done(engagement, 200)


@feature.route("/e/<engagement>/end", action="open", resource=_changed, methods=("POST",), context=_changing("end"))
def end_engagement(permit: Permit, engagement: str) -> ResponseReturnValue:
    """End an engagement now."""
    keeping.end_engagement(permit, engagement, now())
    return _done(engagement, 200)


@feature.route(
    "/e/<engagement>/members", action="open", resource=_changed, methods=("POST",), context=_changing("add_member")
)
def add_member(permit: Permit, engagement: str) -> ResponseReturnValue:
    """Have an auditor take part."""
    said = sent()
    keeping.add_member(permit, engagement, _name_id(said), _role(said.get("role")))
    return _done(engagement, 200)


@feature.route(
    "/e/<engagement>/members/remove",
    action="open",
    resource=_changed,
    methods=("POST",),
    context=_changing("remove_member"),
)
def remove_member(permit: Permit, engagement: str) -> ResponseReturnValue:
    """Have an auditor no longer take part."""
    keeping.remove_member(permit, engagement, _name_id(sent()))
    return _done(engagement, 200)


def _name_id(said: Mapping[str, Any]) -> str:
    return entered.text("name_id", said.get("name_id", ""), longest=_NAME, needed=True)


def _role(said: Any) -> Role:
    try:
        return Role(said)
    except ValueError:
        raise AuditsError("invalid", "`role` is `lead` or `staff`") from None


def _done(identifier: str, status: int) -> ResponseReturnValue:
    if wants_page():
        return seen_other("engagements.engagement", engagement=identifier)
    return jsonify(_whole(identifier)), status


def _whole(identifier: str) -> dict[str, Any]:
    it = found(identifier)
    firm = find_firm(it.firm)
    members = [
        {"name_id": each.auditor.name_id, "name": each.auditor.name, "role": each.role.value}
        for each in members_of(identifier)
    ]
    return shown.engagement(it, now()) | {
        "firm_name": "" if firm is None else firm.name,
        "members": members,
        "requests": dict(shown.tally(threads.requests_of(identifier), shown.day(now()))),
    }
