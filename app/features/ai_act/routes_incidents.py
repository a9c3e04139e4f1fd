"""Incidents over HTTP: the board with its clocks, one incident, and the steps that it takes."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.db import reading
from app.features.ai_act import contract_form, keeping, register, rows, shown
from app.features.ai_act.feature import feature
from app.features.ai_act.incident import Incident, Step, moment
from app.features.ai_act.register import SYSTEM
from app.pdp.enforce import Permit
from app.pep import Resource, seen_other, sent, wants_page

_REPORT = "ai_act.report_incident"
_SAID = {
    Step.OPEN: ("text", "known_at", "facts"),
    Step.ASSESS: ("text", "facts"),
    Step.NOTIFY: ("text", "recipient", "authority", "notified_at"),
    Step.CLOSE: ("text",),
}
_LATER = tuple(each.value for each in Step if each is not Step.OPEN)

# what is acted on


def _all() -> Resource:
    return register.looked_at("incidents")


def _one(incident: str) -> Resource:
    register.found(lambda: keeping.incident(incident))
    return register.looked_at(f"incidents/{incident}")


def _opened() -> Resource:
    _concerned(sent())
    return Resource(type="incident", id=keeping.fresh_id(), properties={"state": "none", "waiting": 0})


def _stepped(incident: str) -> Resource:
    found = register.found(lambda: keeping.incident(incident))
    if sent().get("step") not in _LATER:
        raise register.malformed("step")
    return Resource(type="incident", id=found.id, properties=keeping.facts(found, register.data().clocks))


def _concerned(said: Mapping[str, Any]) -> str | None:
    """Return the system that an incident concerns, if any; one that nobody classified is none."""
    system = said.get("system") or None
    if system is None:
        return None
    if not isinstance(system, str) or not SYSTEM.fullmatch(system):
        raise register.malformed("system")
    register.found(lambda: keeping.history(system))
    return system


# the circumstances


def _saying(step: Callable[[Mapping[str, Any]], str]) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    def said_with(said: Mapping[str, Any]) -> Mapping[str, Any]:
        taken = step(said)
        given = said if request.is_json else _filled(said)
        return {"step": taken} | {name: given[name] for name in _SAID[Step(taken)] if name in given}

    return said_with


def _filled(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form says; browsers leave out the seconds of a time, and its zone, which is UTC here."""
    read = contract_form.read(register.facts_of(_REPORT), said)
    for name in ("known_at", "notified_at"):
        if isinstance(read.get(name), str) and len(read[name]) == len("2026-11-22T14:00"):
            read[name] += ":00Z"
    return read


# pages


@feature.route("/incidents", action="view", resource=_all)
def incidents(_permit: Permit) -> ResponseReturnValue:
    """Show every incident, and which clocks run for it."""
    clocks, at = register.data().clocks, register.now()
    with reading() as session:
        found, told, systems = rows.incidents(session), rows.told(session), rows.newest_systems(session)
    documents = [shown.incident(each, clocks, told, at) for each in found]
    if wants_page():
        return render_template(
            "ai_act/incidents.html",
            incidents=documents,
            systems=systems,
            fields=_fields(),
            words=shown.WORDS,
            at=moment(at),
        )
    return jsonify(incidents=documents)


@feature.route("/incidents/<incident>", action="view", resource=_one)
def incident(_permit: Permit, incident: str) -> ResponseReturnValue:
    """Show one incident: its clocks, its steps, and what may be done next."""
    document = _document(register.found(lambda: keeping.incident(incident)))
    if wants_page():
        fields = _fields(document["facts"])
        return render_template("ai_act/incident.html", incident=document, fields=fields, words=shown.WORDS)
    return jsonify(document)


def _fields(facts: Mapping[str, bool] | None = None) -> dict[str, contract_form.Field]:
    found = contract_form.groups(register.facts_of(_REPORT), {"facts": facts or {}})
    return {field.name: field for group in found for field in group.fields}


# effects


@feature.route(
    "/incidents",
    action="report_incident",
    resource=_opened,
    methods=("POST",),
    context=_saying(lambda _: Step.OPEN.value),
)
def open_incident(permit: Permit) -> ResponseReturnValue:
    """Keep a new incident."""
    return _done(keeping.open_incident(permit, _concerned(sent()), register.now()), 201)


@feature.route(
    "/incidents/<incident>/steps",
    action="report_incident",
    resource=_stepped,
    methods=("POST",),
    context=_saying(lambda said: str(said["step"])),
)
def step(permit: Permit, incident: str) -> ResponseReturnValue:  # noqa: ARG001 - the permit names it
    """Keep the next step of an incident."""
    clocks = register.data().clocks
    return _done(register.found(lambda: keeping.take_step(permit, clocks, register.now())), 200)


def _done(found: Incident, status: int) -> ResponseReturnValue:
    if wants_page():
        return seen_other("ai_act.incident", incident=found.id)
    return jsonify(_document(found)), status


def _document(found: Incident) -> dict[str, Any]:
    with reading() as session:
        told = rows.told(session, found.id)
    return shown.incident(found, register.data().clocks, told, register.now())
