"""Overrides over HTTP: asked for, approved, revoked; glass broken, confirmed, reviewed. And when change windows open.

What policy decides on is read from our own tables, by the scope that is asked for; what was sent is a circumstance.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flask import g, jsonify, render_template
from flask.typing import ResponseReturnValue

from app.errors import problem
from app.features.policies.feature import feature
from app.features.policies.overrides import overriding
from app.features.policies.overrides.override_request import (
    RUNNING,
    Kind,
    Override,
    State,
    earlier_approvers,
    moment,
)
from app.features.policies.overrides.overriding import OverrideError, Wanted
from app.pdp.enforce import Permit
from app.pdp.override_policy import OverridePolicy
from app.pdp.window_calendar import openings
from app.pep import CONTROL, RefusedError, Resource, bundle_in_force, gate_of_request, seen_other, sent, wants_page

_NUMBER: Final = re.compile(r"[0-9]{1,4}")
_ID: Final = re.compile(r"ovr-[0-9a-f]{16}")
_MAX_TEXT: Final = 500
_SCOPE: Final = {"subject_type": 64, "subject_id": 256, "resource_type": 64, "resource_id": 256, "tenant": 256}


def now() -> int:
    """Return the time of the machine's clock, in Unix seconds."""
    return int(datetime.now(UTC).timestamp())


# what is acted on


def _policies() -> Resource:
    return Resource(type="policies", id=bundle_in_force().digest, properties={})


def _override(override_id: str) -> Override:
    if not _ID.fullmatch(override_id):
        raise RefusedError(problem("not_found"))
    try:
        return overriding.get(override_id)
    except OverrideError as error:
        raise _refusal(error) from error


def _seen(override_id: str) -> Resource:
    _override(override_id)
    return _policies()


def _wanted_request() -> Resource:
    override = _wanted().override(overriding.fresh_id(), Kind.REQUEST, "", now(), 1)
    running, _ = overriding.same_scope(override, now())
    return Resource(type="override", id=override.id, properties={"running": bool(running)})


def _wanted_glass() -> Resource:
    override = _wanted().override(overriding.fresh_id(), Kind.BREAK_GLASS, "", now(), 1)
    running, ended = overriding.same_scope(override, now())
    reviews = overriding.open_reviews(gate_of_request().subject().id)
    facts = {
        "running": bool(running),
        "earlier": [moment(each.ended(now()) or 0) for each in ended if each.kind is Kind.BREAK_GLASS][:16],
        "reviews": [moment(each.review_due or 0) for each in reviews][:64],
    }
    return Resource(type="override", id=override.id, properties=facts)


def _approved(override_id: str) -> Resource:
    override = _override(override_id)
    _, ended = overriding.same_scope(override, now())
    facts = _scope_facts(override) | {
        "open": override.state(now()) is State.ASKED,
        "user": override.subject[1],
        "approvals": [{"person": each.person, "role": each.role} for each in override.approvals],
        "earlier": earlier_approvers(ended, now())[:16],
    }
    return Resource(type="override", id=override.id, properties=facts)


def _confirmed(override_id: str) -> Resource:
    override = _override(override_id)
    facts = _scope_facts(override) | {
        "open": override.state(now()) is State.UNCONFIRMED,
        "user": override.subject[1],
        "at": moment(override.at),
        "minutes": override.minutes,
    }
    return Resource(type="override", id=override.id, properties=facts)


def _revoked(override_id: str) -> Resource:
    override = _override(override_id)
    facts = {"open": override.state(now()) in RUNNING, "by": override.by}
    return Resource(type="override", id=override.id, properties=facts)


def _reviewed(override_id: str) -> Resource:
    override = _override(override_id)
    due = override.review_due is not None and override.reviewed is None
    return Resource(type="override", id=override.id, properties=_scope_facts(override) | {"open": due})


def _scope_facts(override: Override) -> dict[str, Any]:
    return {"action": override.action, "gate": override.gate, "by": override.by}


# the circumstances


def _scoped(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was sent; a form names action and gate by one choice, `scope`."""
    scope = said.get("scope")
    if not isinstance(scope, str):
        return dict(said)
    action, _, gate = scope.partition(" ")
    return dict(said) | {"action": action, "gate": gate}


def _asking(said: Mapping[str, Any]) -> dict[str, Any]:
    said = _scoped(said)
    return {name: _text(said, name) for name in ("action", "gate", "reason", "ticket")} | {
        "hours": _whole(said, "hours"),
        "uses": _whole(said, "uses"),
    }


def _breaking(said: Mapping[str, Any]) -> dict[str, Any]:
    said, names = _scoped(said), ("action", "gate", "role", "reason", "ticket")
    return {name: _text(said, name) for name in names} | {"hours": _whole(said, "hours")}


def _role(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": _text(said, "role")}


def _reason(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"reason": _text(said, "reason")}


def _reviewing(said: Mapping[str, Any]) -> dict[str, Any]:
    justified = said.get("justified")
    if justified not in {True, False, "yes", "no"}:
        raise _malformed("justified")
    return _role(said) | _reason(said) | {"justified": justified in {True, "yes"}}


# pages


@feature.route("/overrides", action="view", resource=_policies)
def overrides(_permit: Permit) -> ResponseReturnValue:
    """Show the newest overrides, what can be overridden, and which reviews are due."""
    found, reviews = overriding.newest(), overriding.open_reviews()
    if wants_page():
        policy = bundle_in_force().overrides
        return render_template(
            "policies/overrides.html",
            overrides=found,
            reviews=reviews,
            overridable={action: tuple(gates) for action, gates in policy.gates.items()},
            breakable={
                action: names
                for action, gates in policy.gates.items()
                if (names := tuple(gate for gate, each in gates.items() if each.break_glass))
            },
            breakers=sorted(
                {role for gates in policy.gates.values() for each in gates.values() for role in each.break_glass}
            ),
            now=now(),
            moment=moment,
        )
    return jsonify(overrides=[_document(each) for each in found], reviews=[_document(each) for each in reviews])


@feature.route("/overrides/<override_id>", action="view", resource=_seen)
def override(_permit: Permit, override_id: str) -> ResponseReturnValue:
    """Show one override."""
    found = _override(override_id)
    if wants_page():
        policy = bundle_in_force().overrides.of(found.action, found.gate)
        return render_template("policies/override.html", override=found, policy=policy, now=now(), moment=moment)
    return jsonify(_document(found))


@feature.route("/windows", action="view", resource=_policies)
def windows(_permit: Permit) -> ResponseReturnValue:
    """Show when each change window is open next, as the policies in force say."""
    found = openings(bundle_in_force(), now())
    if wants_page():
        return render_template("policies/windows.html", windows=found, now=now(), moment=moment)
    spans = {
        name: [{"from": moment(each.begins), "to": moment(each.ends) if each.ends else None} for each in spans]
        for name, spans in found.items()
    }
    return jsonify(windows=spans)


# effects


@feature.route("/overrides", action="request_override", resource=_wanted_request, methods=("POST",), context=_asking)
def request_override(permit: Permit) -> ResponseReturnValue:
    """Keep a request for an override."""
    return _begun(permit, overriding.request)


@feature.route(
    "/overrides/break-glass", action="break_glass", resource=_wanted_glass, methods=("POST",), context=_breaking
)
def break_glass(permit: Permit) -> ResponseReturnValue:
    """Set a gate aside at once."""
    return _begun(permit, overriding.break_glass)


@feature.route(
    "/overrides/<override_id>/approve", action="approve_override", resource=_approved, methods=("POST",), context=_role
)
def approve_override(permit: Permit, override_id: str) -> ResponseReturnValue:
    """Keep one person's approval."""
    role = permit.request.context["role"]
    return _done(lambda: overriding.approve(permit, override_id, role, now()))


@feature.route(
    "/overrides/<override_id>/confirm",
    action="confirm_break_glass",
    resource=_confirmed,
    methods=("POST",),
    context=_role,
)
def confirm_break_glass(permit: Permit, override_id: str) -> ResponseReturnValue:
    """Keep that a second person stands by broken glass."""
    role = permit.request.context["role"]
    return _done(lambda: overriding.approve(permit, override_id, role, now()))


@feature.route(
    "/overrides/<override_id>/revoke", action="revoke_override", resource=_revoked, methods=("POST",), context=_reason
)
def revoke_override(permit: Permit, override_id: str) -> ResponseReturnValue:
    """End an override."""
    return _done(lambda: overriding.revoke(permit, override_id, now()))


@feature.route(
    "/overrides/<override_id>/review",
    action="review_break_glass",
    resource=_reviewed,
    methods=("POST",),
    context=_reviewing,
)
def review_break_glass(permit: Permit, override_id: str) -> ResponseReturnValue:
    """Keep what a reviewer found."""
    said = permit.request.context
    return _done(
        lambda: overriding.review(permit, override_id, justified=said["justified"], found=said["reason"], now=now())
    )


def _begun(permit: Permit, begin: Callable[[Permit, Wanted, OverridePolicy, int], Override]) -> ResponseReturnValue:
    policy = bundle_in_force().overrides
    return _done(lambda: begin(permit, _wanted(), policy, now()), status=201)


def _done(effect: Callable[[], Override], *, status: int = 200) -> ResponseReturnValue:
    try:
        found = effect()
    except OverrideError as error:
        raise _refusal(error) from error
    if wants_page():
        return seen_other("policies.override", override_id=found.id)
    return jsonify(_document(found)), status


def _document(override: Override) -> dict[str, Any]:
    """Return an override as JSON values."""
    return {
        "id": override.id,
        "kind": override.kind.value,
        "state": override.state(now()).value,
        "tenant": override.tenant,
        "action": override.action,
        "gate": override.gate,
        "subject": {"type": override.subject[0], "id": override.subject[1]},
        "resource": {"type": override.resource[0], "id": override.resource[1]},
        "by": override.by,
        "role": override.role,
        "reason": override.reason,
        "ticket": override.ticket,
        "at": moment(override.at),
        "expires_at": moment(override.expires) if override.expires else None,
        "hours": override.hours,
        "uses": override.uses,
        "used": override.used,
        "approvals": [{"person": each.person, "role": each.role, "at": moment(each.at)} for each in override.approvals],
        "review_due": moment(override.review_due) if override.review_due else None,
        "reviewed": override.reviewed is not None,
    }


def _wanted() -> Wanted:
    """Return what is asked for, once for each request."""
    if "wanted" not in g:
        said = {"tenant": CONTROL.tenant, "role": "requester"} | _scoped(sent())
        texts = {name: _text(said, name) for name in (*_SCOPE, "action", "gate", "role", "reason", "ticket")}
        policy = bundle_in_force().overrides.of(texts["action"], texts["gate"])
        uses = {"uses": policy.max_uses if policy else 1} | said
        g.wanted = Wanted(
            tenant=texts["tenant"],
            action=texts["action"],
            gate=texts["gate"],
            subject=(texts["subject_type"], texts["subject_id"]),
            resource=(texts["resource_type"], texts["resource_id"]),
            role=texts["role"],
            hours=_whole(said, "hours"),
            uses=_whole(uses, "uses"),
            reason=texts["reason"],
            ticket=texts["ticket"],
        )
    found: Wanted = g.wanted
    return found


def _text(said: Mapping[str, Any], name: str) -> str:
    text = said.get(name)
    if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= _SCOPE.get(name, _MAX_TEXT):
        raise _malformed(name)
    return text


def _whole(said: Mapping[str, Any], name: str) -> int:
    number = said.get(name)
    if isinstance(number, str) and _NUMBER.fullmatch(number):
        return int(number)
    if type(number) is not int or not 0 < number <= 1_000:  # noqa: PLR2004 - more is none, whatever policy has
        raise _malformed(name)
    return number


def _malformed(name: str) -> RefusedError:
    return RefusedError(problem("malformed_request", f"`{name}` is missing, or not as it has to be"))


def _refusal(error: OverrideError) -> RefusedError:
    return RefusedError(problem("not_found" if error.code == "unknown" else "conflict", str(error)))
