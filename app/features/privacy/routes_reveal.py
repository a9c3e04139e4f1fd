"""Revealing over HTTP: somebody asks to see what tokens stand for, others agree, and whoever asked sees it.

Services ask in JSON, officers on a page or in JSON. What was revealed is handed out in JSON alone, and kept nowhere.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from app.errors import problem
from app.features.privacy.feature import feature
from app.features.privacy.redacting import documents, key_of, limit, malformed, refusals, reveals, said
from app.features.privacy.routes_redaction import REGION, SCOPE, WORD, found, one_of
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, gate_of_request, seen_other, wants_page
from app.privacy.redaction.reveals import Approval, Reveal, Wanted, tokens_of

_SHOWN: Final = 200
_MOST_APPROVALS: Final = 16  # that policy is told of: the newest


def _wanted() -> Wanted:
    """Return what is asked for: a document by its id, or tokens of a person's scope."""
    given = said()
    purpose, region = one_of(given, "purpose", WORD), one_of(given, "region", REGION)
    if "document" in given:
        if not isinstance(given["document"], str):
            raise malformed("document")
        kept = found(given["document"])
        whose, scope, home = kept.subject, kept.scope, kept.region
        return Wanted(
            subject=whose, scope=scope, document=kept.id, tokens=(), purpose=purpose, region=region, home=home
        )
    with refusals():
        tokens = tokens_of(given.get("tokens"))
    whose, scope = key_of(given).subject, one_of(given, "scope", SCOPE)
    return Wanted(
        subject=whose,
        scope=scope,
        document=None,
        tokens=tokens,
        purpose=purpose,
        region=region,
        home=_home(whose, scope),
    )


def _home(subject: str, scope: str) -> str:
    """Return where the data of a scope have their home, as our rows say.

    Raises:
        RefusedError: there are none, or in several regions.
    """
    homes = documents().homes(subject, scope)
    if not homes:
        raise RefusedError(problem("not_found"))
    if len(homes) > 1:
        raise RefusedError(problem("malformed_request", "the scope has data of several regions: name a document"))
    return next(iter(homes))


def _reveal(reveal: str) -> Reveal:
    asked = reveals().find(reveal)
    if asked is None:
        raise RefusedError(problem("not_found"))
    return asked


def _resource(wanted: Wanted, requester: tuple[str, str], approvals: tuple[Approval, ...] = ()) -> Resource:
    facts = {
        "purpose": wanted.purpose,
        "region": wanted.region,
        "home": wanted.home,
        "requester_type": requester[0],
        "requester": requester[1],
        "approvals": [{"by": each.by, "at": _moment(each.at)} for each in approvals[-_MOST_APPROVALS:]],
    }
    return Resource(type="person", id=wanted.subject, properties=facts)


def _requested() -> Resource:
    limit()
    asking = gate_of_request().subject()
    return _resource(_wanted(), (asking.type, asking.id))


def _approved(reveal: str) -> Resource:
    asked = _reveal(reveal)
    return _resource(asked.wanted, (asked.by_type, asked.by), asked.approvals)


def _revealed() -> Resource:
    limit()
    return _approved(_named())


def _named() -> str:
    named = said().get("request")
    if not isinstance(named, str):
        raise malformed("request")
    return named


def _listed() -> Resource:
    return Resource(type="privacy_page", id="reveals", properties={})


def _step(step: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda _: {"step": step}


@feature.route("/reveals", action="view", resource=_listed)
def reveals_asked(_permit: Permit) -> ResponseReturnValue:
    """Show who asked to see what tokens stand for, and who agreed. No value stands here, and no name of a person."""
    listed = [_document(each) for each in reveals().newest(_SHOWN)]
    if wants_page():
        return render_template("privacy/reveals.html", reveals=listed)
    return jsonify(reveals=listed)


@feature.route("/reveals", action="reveal", resource=_requested, methods=("POST",), context=_step("request"))
def ask_to_reveal(permit: Permit) -> ResponseReturnValue:
    """Keep that somebody asks to see what tokens stand for."""
    asked = reveals().request(permit, _wanted())
    return jsonify(_document(asked) | {"decision_id": permit.decision_id}), 202


@feature.route(
    "/reveals/<reveal>/approve", action="reveal", resource=_approved, methods=("POST",), context=_step("approve")
)
def approve_reveal(permit: Permit, reveal: str) -> ResponseReturnValue:
    """Keep that an officer agrees."""
    if not reveals().approve(permit, reveal):
        raise RefusedError(problem("conflict"))
    if wants_page():
        return seen_other("privacy.reveals_asked")
    return jsonify(_document(_reveal(reveal)) | {"decision_id": permit.decision_id})


@feature.route("/reveal", action="reveal", resource=_revealed, methods=("POST",), context=_step("reveal"))
def reveal(permit: Permit) -> ResponseReturnValue:
    """Hand out what the tokens of a request stand for, or the document as it was."""
    with refusals():
        shown = reveals().reveal(permit, _reveal(_named()))
    return jsonify({**shown, "decision_id": permit.decision_id})


def _document(asked: Reveal) -> dict[str, Any]:
    wanted = asked.wanted
    what = (
        {"tokens": [str(each) for each in wanted.tokens]} if wanted.document is None else {"document": wanted.document}
    )
    return what | {
        "id": asked.id,
        "person": wanted.subject,
        "scope": wanted.scope,
        "purpose": wanted.purpose,
        "region": wanted.region,
        "by": asked.by,
        "by_type": asked.by_type,
        "at": _moment(asked.at),
        "approvals": [{"by": each.by, "at": _moment(each.at)} for each in asked.approvals],
    }


def _moment(seconds: int) -> str:
    """Return a time as policies know it (RFC 3339, UTC)."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
