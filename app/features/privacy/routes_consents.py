"""Consents over HTTP: granted, withdrawn, asked for; and the texts that persons are shown."""

from collections.abc import Mapping
from typing import Any, Final

from flask import jsonify
from flask.typing import ResponseReturnValue

from app.db import reading, writing
from app.features.privacy import office, said
from app.features.privacy.feature import feature
from app.pdp.enforce import Permit
from app.pep import Resource, seen_other, sent, wants_page
from app.privacy import consent_ledger, exports
from app.privacy.consent import Act, ConsentError, Event, Evidence, receipt
from app.privacy.consent_ledger import Notice

_DAY: Final = 86_400


# what is acted on


def _granted() -> Resource:
    body = sent()
    _asked(body)
    _days(body)
    facts = _shown(said.purpose(body), office.text(body, "notice"))
    return Resource(type="person", id=said.subject(body), properties=facts)


def _withdrawn() -> Resource:
    body = sent()
    _asked(body)
    return said.somebody(said.subject(body))


def _concerned() -> Resource:
    body = sent()
    said.scope(body)
    said.purpose(body)
    return said.somebody(said.subject(body))


def _asked(body: Mapping[str, Any]) -> tuple[str, str, Evidence]:
    """Return purpose, scope, evidence: read before anything is decided, so that no other error comes later."""
    return said.purpose(body), said.scope(body), said.evidence(body)


def _written() -> Resource:
    return Resource(type="notice", id=_notice(sent()).sha256, properties={})


def _days(body: Mapping[str, Any]) -> int:
    """Return how many days a consent is to last: as many as the purpose allows, where nothing is said."""
    known = office.known_purposes().get(said.purpose(body))
    longest = known.lasts_days if known is not None else 0
    asked = body.get("lasts_days", longest)
    if type(asked) is not int or not 0 <= asked <= longest:
        raise office.malformed("lasts_days")
    return asked


def _shown(purpose: str, digest: str) -> dict[str, Any]:
    """Return what policy is told of the text that a person was shown; nothing where the ledger does not have it."""
    with reading() as session:
        texts = consent_ledger.notices(session, office.tenant(), purpose)
    shown = next((each for each in texts if each.sha256 == digest), None)
    if shown is None:
        return {}
    newest = next(each for each in texts if each.language == shown.language)
    return {"notice": {"purpose": purpose, "newest": newest.at <= shown.at}}


def _notice(body: Mapping[str, Any]) -> Notice:
    parts = {name: office.text(body, name) for name in ("version", "language", "text")}
    return office.found(lambda: consent_ledger.parse_notice(purpose=said.purpose(body), at=office.now(), **parts))


# effects


@feature.route(
    "/consents",
    action="consent",
    resource=_granted,
    methods=("POST",),
    context=lambda body: {"act": Act.GRANTED.value, "purpose": said.purpose(body)},
)
def grant(permit: Permit) -> ResponseReturnValue:
    """Record that a person consented, and answer with the receipt."""
    body, now = sent(), office.now()
    (purpose, scope, evidence), digest = _asked(body), office.text(body, "notice")
    if _shown(purpose, digest) != permit.request.resource.properties:
        office.found(_changed)
    with writing(permit) as session:
        event = consent_ledger.grant(
            session,
            permit,
            tenant=office.tenant(),
            subject=permit.request.resource.id,
            purpose=purpose,
            scope=scope,
            evidence=evidence,
            notice=digest,
            now=now,
            expires_at=now + _days(body) * _DAY,
        )
    return _recorded(event, 0)


@feature.route(
    "/consents/withdraw",
    action="consent",
    resource=_withdrawn,
    methods=("POST",),
    context=lambda body: {"act": Act.WITHDRAWN.value, "purpose": said.purpose(body)},
)
def withdraw(permit: Permit) -> ResponseReturnValue:
    """Record that a person takes consent back, call back what was exported, and answer with the receipt."""
    body, now, subject = sent(), office.now(), permit.request.resource.id
    purpose, scope, evidence = _asked(body)
    with writing(permit) as session:
        event = consent_ledger.withdraw(
            session,
            permit,
            tenant=office.tenant(),
            subject=subject,
            purpose=purpose,
            scope=scope,
            evidence=evidence,
            now=now,
        )
        recalled = exports.recall(
            session,
            tenant=office.tenant(),
            subject=subject,
            purpose=purpose,
            scope=scope,
            now=now,
            reason=Act.WITHDRAWN.value,
            decision_id=permit.decision_id,
        )
    return _recorded(event, recalled)


@feature.route("/consents/standing", action="view", resource=_concerned, methods=("POST",))
def standing(permit: Permit) -> ResponseReturnValue:
    """Say how one consent of a person stands, in the forms that policies take."""
    body = sent()
    with reading() as session:
        found = consent_ledger.standing(
            session, permit.request.resource.id, said.purpose(body), said.scope(body), now=office.now()
        )
    return jsonify(standing=found.document(), facts=found.facts(), training=found.of_training())


@feature.route(
    "/notices",
    action="consent",
    resource=_written,
    methods=("POST",),
    context=lambda body: {"act": "notice", "purpose": said.purpose(body)},
)
def keep_notice(permit: Permit) -> ResponseReturnValue:
    """Keep a text that persons are shown from now on."""
    with writing(permit) as session:
        found = consent_ledger.keep_notice(session, permit, tenant=office.tenant(), said=_notice(sent()))
    if wants_page():
        return seen_other("privacy.purposes")
    return jsonify(sha256=found.sha256, purpose=found.purpose, version=found.version, language=found.language), 201


def _recorded(event: Event, recalled: int) -> ResponseReturnValue:
    if wants_page():
        return seen_other("privacy.person", subject=event.subject)
    signed = office.found(lambda: office.office().sign(receipt(event, office.office().log, office.now())))
    return jsonify(event=event.document(), recalled=recalled, receipt=signed.decode()), 201


def _changed() -> None:
    raise ConsentError("changed", "a newer text is shown by now")
