"""Redaction over HTTP, for services: a text or a JSON document comes in, and what can be handed on goes out.

JSON alone. Who asks is a service with a token; a document is about one person, whom the record names by pseudonym.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from app.errors import problem
from app.features.privacy.feature import feature
from app.features.privacy.redacting import documents, find, key_of, limit, looks_for_names, malformed, refusals, said
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource
from app.privacy.detection.finding import Lane
from app.privacy.redaction.documents import Incoming, Kept, State

SCOPE: Final = re.compile(r"[a-z0-9][A-Za-z0-9._:/-]{0,63}", re.ASCII)
"""The names of scopes."""

WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
"""The names of purposes."""

REGION: Final = re.compile(r"[A-Z]{2,8}", re.ASCII)
"""The codes of regions."""

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,4})?", re.ASCII)


def one_of(given: Mapping[str, Any], name: str, form: re.Pattern[str], default: str | None = None) -> str:
    """Return a text that was sent, if it has this form.

    Raises:
        RefusedError: it has not.
    """
    value = given.get(name, default)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise malformed(name)
    return value


def _lane(given: Mapping[str, Any]) -> Lane:
    try:
        return Lane(given.get("lane", Lane.NAMES))
    except ValueError:
        raise malformed("lane") from None


def _body(given: Mapping[str, Any]) -> dict[str, Any]:
    if ("text" in given) == ("json" in given):
        raise RefusedError(problem("malformed_request", "there is either `text` or `json`"))
    if "text" in given and not isinstance(given["text"], str):
        raise malformed("text")
    return {"text": given["text"]} if "text" in given else {"json": given["json"]}


def _incoming(service: str) -> Incoming:
    given = said()
    return Incoming(
        body=_body(given),
        scope=one_of(given, "scope", SCOPE),
        purpose=one_of(given, "purpose", WORD),
        region=one_of(given, "region", REGION),
        language=one_of(given, "language", _LANGUAGE, "en"),
        service=service,
        lane=_lane(given).value,
    )


def _redacted() -> Resource:
    limit()
    incoming = _incoming("")  # first: what cannot be redacted is not decided on
    if incoming.lane == Lane.NAMES and not looks_for_names():
        raise RefusedError(problem("control_unavailable", "nobody looks for names here: OMEGA_NAMES is off"))
    subject = key_of(said()).subject
    return _person(subject, incoming.purpose, incoming.scope)


def _person(subject: str, purpose: str, scope: str, **facts: str) -> Resource:
    """Return whom a document is about, with what they have let and forbidden; what the caller says of it is nothing."""
    return Resource(type="person", id=subject, properties=documents().facts(subject, purpose, scope) | facts)


def _redacting(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "step": "redact",
        "purpose": given["purpose"],
        "region": given["region"],
        "lane": _lane(given).value,
    }


def found(document: str) -> Kept:
    """Return a document.

    Raises:
        RefusedError: there is none.
    """
    kept = documents().find(document)
    if kept is None:
        raise RefusedError(problem("not_found"))
    return kept


def _read(document: str) -> Resource:
    kept = found(document)
    return _person(kept.subject, kept.purpose, kept.scope, service=kept.service)


@feature.route("/redact", action="process", resource=_redacted, methods=("POST",), context=_redacting)
def redact(permit: Permit) -> ResponseReturnValue:
    """Redact a document: at once, or keep it sealed until names were looked for."""
    incoming, key = _incoming(permit.request.subject.id), key_of(said())
    with refusals():
        if incoming.lane == Lane.NAMES:
            return _shown(permit, documents().seal(permit, key, incoming)), 202
        [value] = incoming.body.values()
        return _shown(permit, documents().redact(permit, key, incoming, find(value, incoming.language))), 201


def _reading(_: Mapping[str, Any]) -> dict[str, Any]:
    kept = found(str((request.view_args or {})["document"]))
    return {"step": "read", "purpose": kept.purpose, "region": kept.region, "lane": kept.lane}


@feature.route("/documents/<document>", action="process", resource=_read, context=_reading)
def document(permit: Permit, document: str) -> ResponseReturnValue:
    """Hand out a document, once it is redacted; until then say that it is sealed."""
    return _shown(permit, found(document))


def _shown(permit: Permit, kept: Kept) -> Response:
    ready = kept.redacted if kept.state is State.READY and kept.redacted is not None else {}
    said_of_it = {"id": kept.id, "state": kept.state.value, "scope": kept.scope, "decision_id": permit.decision_id}
    return jsonify(said_of_it | ready)
