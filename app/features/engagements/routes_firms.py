"""Audit firms over HTTP: who may come in, from where, with what; and their auditors."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.audits import entered
from app.audits.engagements import engagements
from app.audits.errors import AuditsError
from app.audits.firms import Auditor, Firm, FirmState, auditors_of, find_firm, firms
from app.audits.sessions import Running, running
from app.audits.shown import moment
from app.errors import problem
from app.features.engagements import described, keeping
from app.features.engagements.desk import now
from app.features.engagements.feature import feature
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, seen_other, sent, wants_page

_NAME: Final = 200
_STATES: Final = {"suspend": FirmState.SUSPENDED, "resume": FirmState.ACTIVE}


# what is acted on


def _all() -> Resource:
    return Resource(type="engagements", id="firms", properties={})


def _one(firm: str) -> Resource:
    return Resource(type="engagements", id=f"firms/{_found(firm).id}", properties={})


def _created() -> Resource:
    firm = described.slug("id", sent().get("id"))
    found = find_firm(firm)
    return Resource(type="audit_firm", id=firm, properties={"state": "none" if found is None else found.state.value})


def _changed(firm: str) -> Resource:
    found = _found(firm)
    return Resource(type="audit_firm", id=found.id, properties={"state": found.state.value})


def _found(firm: str) -> Firm:
    found = find_firm(firm)
    if found is None:
        raise RefusedError(problem("not_found"))
    return found


# the circumstances


def _describing(change: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return what says which networks and whether a second factor a firm would have."""

    def circumstances(said: Mapping[str, Any]) -> dict[str, Any]:
        found = described.firm(said)
        return {"change": change, "networks": list(found.networks), "second_factor": found.second_factor}

    return circumstances


def _changing(change: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return what says which of its networks and second factors a firm keeps: all."""
    return lambda _: _kept(change)


def _kept(change: str) -> dict[str, Any]:
    arguments = request.view_args or {}
    found = _found(arguments["firm"])
    mfa = found.mfa
    asked = bool(mfa.accepted_classes or mfa.attribute or mfa.totp)
    return {"change": change, "networks": list(found.networks), "second_factor": asked}


def _switching(said: Mapping[str, Any]) -> dict[str, Any]:
    return _kept(_change_of_state(said))


def _change_of_state(said: Mapping[str, Any]) -> str:
    change = said.get("change")
    if change not in _STATES:
        raise AuditsError("invalid", "`change` is `suspend` or `resume`")
    return str(change)


# pages


@feature.route("/firms", action="view", resource=_all)
def audit_firms(_permit: Permit) -> ResponseReturnValue:
    """Show every firm."""
    found = [_firm_document(each) for each in firms()]
    if wants_page():
        return render_template("engagements/firms.html", firms=found, most_sessions=described.MOST_SESSIONS)
    return jsonify(firms=found)


@feature.route("/firms/<firm>", action="view", resource=_one)
def audit_firm(_permit: Permit, firm: str) -> ResponseReturnValue:
    """Show one firm: what its auditors have to show, who they are, what it was engaged for."""
    document = _whole(firm)
    if wants_page():
        return render_template("engagements/firm.html", firm=document, most_sessions=described.MOST_SESSIONS)
    return jsonify(document)


# effects


@feature.route("/firms", action="manage", resource=_created, methods=("POST",), context=_describing("create"))
def create_firm(permit: Permit) -> ResponseReturnValue:
    """Let a firm come in."""
    firm = permit.request.resource.id
    keeping.create_firm(permit, firm, described.firm(sent()), now())
    return _done(firm, 201)


@feature.route("/firms/<firm>", action="manage", resource=_changed, methods=("POST",), context=_describing("change"))
def change_firm(permit: Permit, firm: str) -> ResponseReturnValue:
    """Say something else of a firm."""
    keeping.change_firm(permit, firm, described.firm(sent()), now())
    return _done(firm, 200)


@feature.route("/firms/<firm>/state", action="manage", resource=_changed, methods=("POST",), context=_switching)
def switch_firm(permit: Permit, firm: str) -> ResponseReturnValue:
    """Suspend a firm, or take it back in."""
    keeping.set_firm_state(permit, firm, _STATES[_change_of_state(sent())], now())
    return _done(firm, 200)


@feature.route(
    "/firms/<firm>/auditors",
    action="manage",
    resource=_changed,
    methods=("POST",),
    context=_changing("name_auditor"),
)
def name_auditor(permit: Permit, firm: str) -> ResponseReturnValue:
    """Name an auditor, as the firm's identity provider does."""
    said = sent()
    name_id = entered.text("name_id", said.get("name_id", ""), longest=_NAME, needed=True)
    name = entered.text("name", said.get("name", ""), longest=_NAME, needed=True)
    keeping.name_auditor(permit, firm, name_id, name, now())
    return _done(firm, 201)


@feature.route(
    "/firms/<firm>/auditors/revoke",
    action="manage",
    resource=_changed,
    methods=("POST",),
    context=_changing("revoke_auditor"),
)
def revoke_auditor(permit: Permit, firm: str) -> ResponseReturnValue:
    """Shut an auditor out."""
    name_id = entered.text("name_id", sent().get("name_id", ""), longest=_NAME, needed=True)
    keeping.revoke_auditor(permit, firm, name_id, now())
    return _done(firm, 200)


@feature.route(
    "/firms/<firm>/sessions/end",
    action="manage",
    resource=_changed,
    methods=("POST",),
    context=_changing("end_session"),
)
def end_sessions(permit: Permit, firm: str) -> ResponseReturnValue:
    """End one session of an auditor, or, where none is named, all of theirs."""
    name_id = entered.text("name_id", sent().get("name_id", ""), longest=_NAME, needed=True)
    session = entered.text("session", sent().get("session", ""), longest=_NAME)
    keeping.end_sessions(permit, firm, name_id, session or None, now())
    return _done(firm, 200)


def _done(firm: str, status: int) -> ResponseReturnValue:
    if wants_page():
        return seen_other("engagements.audit_firm", firm=firm)
    return jsonify(_whole(firm)), status


def _whole(firm: str) -> dict[str, Any]:
    engaged = [{"id": each.id, "title": each.title} for each in engagements() if each.firm == firm]
    auditors = [_auditor_document(each) for each in auditors_of(firm)]
    named = {each["name_id"]: each["name"] for each in auditors}
    signed_in = [_session_document(each, named) for each in running(firm, now())]
    return _firm_document(_found(firm)) | {"auditors": auditors, "engagements": engaged, "sessions": signed_in}


def _firm_document(found: Firm) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "idp": dict(found.idp),
        "mfa": found.mfa.stored(),
        "networks": list(found.networks),
        "max_sessions": found.max_sessions,
        "state": found.state.value,
        "changed_at": moment(found.changed_at),
        "decision_id": found.decision_id,
    }


def _auditor_document(found: Auditor) -> dict[str, Any]:
    return {
        "name_id": found.name_id,
        "name": found.name,
        "state": found.state.value,
        "changed_at": moment(found.changed_at),
        "decision_id": found.decision_id,
    }


def _session_document(found: Running, named: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name_id": found.name_id,
        "name": named.get(found.name_id, found.name_id),
        "mfa_class": found.mfa_class,
        "session": found.decision_id,
        "opened_at": moment(found.opened_at),
        "seen_at": moment(found.seen_at),
    }
