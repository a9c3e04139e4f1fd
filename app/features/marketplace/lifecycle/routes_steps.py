"""The steps of a listing over HTTP: deprecate, yank, quarantine, delist, reinstate."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.feature import feature
from app.features.marketplace.lifecycle import serving, stepping
from app.features.marketplace.lifecycle.desk import in_own_name_or_party, moment, now, refused, taken, written
from app.features.marketplace.lifecycle.state import Step
from app.features.marketplace.rows import AgentRow, AgentState
from app.pdp.enforce import Permit
from app.pep import Resource, seen_other, wants_page

# what is acted on


def _listing(agent: str) -> Resource:
    with reading() as session:
        return stepping.listing(session, agent)


def _release(agent: str, version: str) -> Resource:
    with reading() as session:
        return stepping.release(session, agent, version)


def _deprecated(agent: str) -> Resource:
    with reading() as session:
        return stepping.deprecated(session, agent)


def _ending(agent: str) -> Resource:
    with reading() as session:
        return stepping.ending(session, agent)


def _taken_off(agent: str, version: str | None = None) -> Resource:
    with reading() as session:
        return stepping.taken_off(session, agent, version)


# the circumstances


def _said(_: Mapping[str, Any]) -> Mapping[str, Any]:
    written()  # so that nothing is decided on what cannot be done
    return {}


def _reason(said: Mapping[str, Any]) -> Mapping[str, Any]:
    written()
    return taken(said, "reason")


def _announced(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say when it ends, and what comes after it: a guide whose text was sent, or another listing that is on sale."""
    written()
    found = taken(said, "ends_at", "replacement")
    with reading() as session:
        other = session.get(AgentRow, str(found.get("replacement", "")))
    if "replacement" in found and (other is None or other.state != AgentState.LISTED.value):
        raise refused("malformed_request", "`replacement` has to be a listing that is on sale")
    return found | {"migration_guide": bool(said.get("migration_guide"))}


def _noticed(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say why, and when buyers were told of it, as our own table has it."""
    with reading() as session:
        at = stepping.noticed_at(session, (request.view_args or {})["agent"])
    return dict(_reason(said)) | ({} if at is None else {"notice_given_at": moment(at)})


# effects


@feature.route(
    "/listings/<agent>/deprecate",
    action="deprecate",
    resource=_deprecated,
    methods=("POST",),
    context=_announced,
    acting=in_own_name_or_party,
)
def deprecate_listing(permit: Permit, agent: str) -> ResponseReturnValue:
    """Announce the end of a listing."""
    context = permit.request.context
    with effect(permit, lambda session: stepping.deprecated(session, agent, lock=True), now=now) as session:
        row = stepping.take(session, _taken(permit, Step.DEPRECATE, agent))
        row.ends_at, row.replacement = _seconds(context["ends_at"]), context.get("replacement")
    return _done(permit, agent, row.state)


@feature.route(
    "/listings/<agent>/quarantine", action="quarantine", resource=_listing, methods=("POST",), context=_reason
)
def quarantine_listing(permit: Permit, agent: str) -> ResponseReturnValue:
    """Put a listing into quarantine, with all its installs."""
    with effect(permit, lambda session: stepping.listing(session, agent, lock=True), now=now) as session:
        row = stepping.take(session, _taken(permit, Step.QUARANTINE, agent))
        if (opened := serving.review_opened(session, agent)) is not None:
            opened.closed_at, opened.decision_id = now(), permit.decision_id
    return _done(permit, agent, row.state)


@feature.route(
    "/listings/<agent>/delist",
    action="delist",
    resource=_ending,
    methods=("POST",),
    context=_noticed,
    acting=in_own_name_or_party,
)
def delist_listing(permit: Permit, agent: str) -> ResponseReturnValue:
    """Take a listing off the market."""
    with effect(permit, lambda session: stepping.ending(session, agent, lock=True), now=now) as session:
        row = stepping.take(session, _taken(permit, Step.DELIST, agent))
    return _done(permit, agent, row.state)


@feature.route("/listings/<agent>/reinstate", action="reinstate", resource=_taken_off, methods=("POST",), context=_said)
def reinstate_listing(permit: Permit, agent: str) -> ResponseReturnValue:
    """Bring a listing back."""
    with effect(permit, lambda session: stepping.taken_off(session, agent, lock=True), now=now) as session:
        row = stepping.take(session, _taken(permit, Step.REINSTATE, agent))
    return _done(permit, agent, row.state)


@feature.route(
    "/listings/<agent>/releases/<version>/yank",
    action="yank",
    resource=_release,
    methods=("POST",),
    context=_reason,
    acting=in_own_name_or_party,
)
def yank_release(permit: Permit, agent: str, version: str) -> ResponseReturnValue:
    """Hide a release from everybody but those who have pinned it."""
    return _release_taken(permit, Step.YANK, agent, version)


@feature.route(
    "/listings/<agent>/releases/<version>/quarantine",
    action="quarantine",
    resource=_release,
    methods=("POST",),
    context=_reason,
)
def quarantine_release(permit: Permit, agent: str, version: str) -> ResponseReturnValue:
    """Put a release into quarantine, with all its installs."""
    return _release_taken(permit, Step.QUARANTINE, agent, version)


@feature.route(
    "/listings/<agent>/releases/<version>/reinstate",
    action="reinstate",
    resource=_taken_off,
    methods=("POST",),
    context=_said,
)
def reinstate_release(permit: Permit, agent: str, version: str) -> ResponseReturnValue:
    """Bring a release back."""
    with effect(permit, lambda session: stepping.taken_off(session, agent, version, lock=True), now=now) as session:
        row = stepping.take_release(session, _taken(permit, Step.REINSTATE, agent, version))
    return _done(permit, agent, row.state)


def _release_taken(permit: Permit, step: Step, agent: str, version: str) -> ResponseReturnValue:
    with effect(permit, lambda session: stepping.release(session, agent, version, lock=True), now=now) as session:
        row = stepping.take_release(session, _taken(permit, step, agent, version))
    return _done(permit, agent, row.state)


def _taken(permit: Permit, step: Step, agent: str, version: str | None = None) -> stepping.Taken:
    reason = permit.request.context.get("reason", step.value)
    return stepping.Taken(
        permit=permit, step=step, agent=agent, version=version, reason=reason, text=written(), at=now()
    )


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _done(permit: Permit, agent: str, state: str) -> ResponseReturnValue:
    if wants_page():
        return seen_other("marketplace.life", agent=agent)
    return jsonify(listing=agent, state=state, decision_id=permit.decision_id)
