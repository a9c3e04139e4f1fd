"""Exports over HTTP: registered with a key for each person's part, opened part by part, called back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.db import reading, writing
from app.errors import problem
from app.features.privacy import office, said
from app.features.privacy.feature import feature
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, sent, wants_page
from app.privacy import consent_ledger, exports, restrictions
from app.privacy.consent import DIGEST, ConsentError, Standing, State
from app.privacy.exports import MOST_PARTS, Export
from app.privacy.sealed_block import SubjectKey
from evidence import form

_TRANSFER: Final = "transfer"
_BASES: Final = ("place", "basis", "instrument")


# what is acted on


def _registered() -> Resource:
    body = sent()
    purpose, scope = said.purpose(body), said.scope(body)
    if not DIGEST.fullmatch(office.text(body, "manifest_sha256")):
        raise office.malformed("manifest_sha256")
    facts = _facts([key.subject for key in _persons(body)], purpose, scope, office.text(body, "recipient"))
    return Resource(type="export", id=exports.fresh_id(), properties=facts)


def _added(export: str) -> Resource:
    found = _export(export)
    facts = _facts([key.subject for key in _persons(sent())], found.purpose, found.scope, found.recipient)
    return Resource(type="export", id=found.id, properties=facts)


def _opened(export: str) -> Resource:
    found, subject = _export(export), said.subject(sent())
    facts = _facts([subject], found.purpose, found.scope, found.recipient)
    try:
        with reading() as session:
            exports.sealed_key(session, found.id, subject)
    except ConsentError as error:
        if error.code == "unknown":
            raise RefusedError(problem("not_found")) from error
        facts["recalled"] = True
    return Resource(type="person", id=subject, properties=facts)


def _facts(subjects: Sequence[str], purpose: str, scope: str, recipient: str) -> dict[str, Any]:
    """Return what policy is told: how the ledger has each consent, and where the data have their home."""
    now = office.now()
    with reading() as session:
        standings = [consent_ledger.standing(session, each, purpose, scope, now=now) for each in subjects]
        leaving = [consent_ledger.standing(session, each, _TRANSFER, _place(), now=now) for each in subjects]
        forbidden = restrictions.facts(session, subjects, purpose)
    facts: dict[str, Any] = {
        "home": office.office().homes.get(office.tenant()) or office.office().region or office.text(sent(), "home"),
        "purpose": purpose,
        "people": len(subjects),
        "consents": [each.facts() for each in standings],
        "recalled": False,
        "recipient": recipient,
    }
    return facts | forbidden | _agreed(leaving)


def _agreed(leaving: Sequence[Standing]) -> dict[str, Any]:
    """Return the consent of everybody to leave the region: the latest of them, if each has given one that stands."""
    if any(each.state is not State.GRANTED for each in leaving):
        return {}
    latest = max(leaving, key=lambda each: each.given_at or 0)
    stated = latest.of_transfer([_region()])
    return {} if stated is None else {"transfer_consent": stated}


def _region() -> str:
    return office.text(sent(), "place")


def _place() -> str:
    """Return the scope under which consent to leave for a region stands in the ledger: its code in small letters."""
    return _region().lower()[:8]


def _circumstances(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in _BASES if name in body}


def _persons(body: Mapping[str, Any]) -> list[SubjectKey]:
    named = body.get("persons")
    if not isinstance(named, list) or not 1 <= len(named) <= MOST_PARTS:
        raise office.malformed("persons")
    return [said.person({"person": each}) for each in named]


def _export(export: str) -> Export:
    with reading() as session:
        found = exports.export(session, office.tenant(), export)
    if found is None:
        raise RefusedError(problem("not_found"))
    return found


# effects


@feature.route("/exports", action="transfer", resource=_registered, methods=("POST",), context=_circumstances)
def register_export(permit: Permit) -> ResponseReturnValue:
    """Register an export, and hand out the key of each person's part, once."""
    body = sent()

    def register() -> dict[str, bytes]:
        with writing(permit) as session:
            exports.register(
                session,
                permit,
                identifier=permit.request.resource.id,
                tenant=office.tenant(),
                purpose=said.purpose(body),
                scope=said.scope(body),
                manifest=office.text(body, "manifest_sha256"),
                recipient=office.text(body, "recipient"),
                now=office.now(),
            )
            _still(permit, session, said.scope(body))
            return exports.add_parts(session, permit.request.resource.id, _persons(body))

    return _keys(permit.request.resource.id, office.found(register))


@feature.route("/exports/<export>/parts", action="transfer", resource=_added, methods=("POST",), context=_circumstances)
def add_parts(permit: Permit, export: str) -> ResponseReturnValue:
    """Add parts of further persons to an export."""
    scope = _export(export).scope

    def add() -> dict[str, bytes]:
        with writing(permit) as session:
            _still(permit, session, scope)
            return exports.add_parts(session, export, _persons(sent()))

    return _keys(export, office.found(add))


@feature.route("/exports/<export>/keys", action="transfer", resource=_opened, methods=("POST",), context=_circumstances)
def open_part(permit: Permit, export: str) -> ResponseReturnValue:
    """Hand out the key of one person's part to whoever is to read it."""
    subject = permit.request.resource.id

    def look() -> bytes:
        with reading() as session:
            block = exports.sealed_key(session, export, subject)
        return exports.open_key(block, export, office.office().persons.find)

    return jsonify(export=export, subject=subject, key=form.base64_text(office.found(look)))


def _still(permit: Permit, session: Any, scope: str) -> None:
    """Read what policy decided on again: the consents, now that nobody can change them, and what persons forbid.

    Raises:
        ConsentError: `changed`.
    """
    consent_ledger.alone(session)
    facts, now = permit.request.resource.properties, office.now()
    subjects, purpose = [key.subject for key in _persons(sent())], facts["purpose"]
    found = [consent_ledger.standing(session, each, purpose, scope, now=now).facts() for each in subjects]
    again = {"consents": found} | restrictions.facts(session, subjects, purpose)
    if any(facts[name] != value for name, value in again.items()):
        raise ConsentError("changed", "what persons let or forbid has changed since it was decided on")


def _keys(export: str, made: Mapping[str, bytes]) -> ResponseReturnValue:
    keys = [{"subject": subject, "key": form.base64_text(key)} for subject, key in made.items()]
    return jsonify(export=export, keys=keys), 201


# recalls


@feature.route("/recalls", action="view", resource=lambda: said.looked_at("recalls"))
def recalls(_permit: Permit) -> ResponseReturnValue:
    """Say which parts of exports are called back, behind the number `after`; signed, so that it can be shown later."""
    after = request.args.get("after", "0")
    if not after.isascii() or not after.isdigit() or len(after) > 15:  # noqa: PLR2004 - digits that every database takes
        raise office.malformed("after")
    with reading() as session:
        found = exports.recalls(session, office.tenant(), after=int(after))
    last = found[-1].number if found else int(after)
    documents = [each.document() for each in found]
    if wants_page():
        return render_template("privacy/recalls.html", recalls=documents, next=last if found else None)
    text = exports.feed(found, log=office.office().log, tenant=office.tenant(), after=int(after), now=office.now())
    note = office.found(lambda: office.office().sign(text))
    return jsonify(recalls=documents, next=last, note=note.decode())
