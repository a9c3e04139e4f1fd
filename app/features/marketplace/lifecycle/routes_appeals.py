"""Appeals over HTTP: a developer against a quarantine or a delisting, and another officer's word on it."""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlmodel import Session, select

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.feature import feature
from app.features.marketplace.lifecycle import stepping
from app.features.marketplace.lifecycle.desk import now, taken, written
from app.features.marketplace.lifecycle.rows import AppealRow
from app.features.marketplace.lifecycle.state import Step
from app.features.marketplace.parties import as_developer
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import Resource, seen_other, wants_page


def _filed(agent: str) -> Resource:
    """Describe the appeal against what was done last: the one there is, or a new one."""
    with reading() as session:
        last = stepping.last_step(session, agent, None)
        against = select(AppealRow).where(AppealRow.step == (last.decision_id if last else ""))
        there = session.exec(against).first()
        name = f"apl-{secrets.token_hex(8)}" if there is None else there.id
        return _described(session, agent, name)


def _decided(appeal: str) -> Resource:
    with reading() as session:
        return _described(session, _row(session, appeal).agent, appeal)


def _row(session: Session, appeal: str, *, lock: bool = False) -> AppealRow:
    if (row := session.get(AppealRow, appeal, with_for_update=True if lock else None)) is None:
        raise UnknownError("there is no such appeal")
    return row


def _described(session: Session, agent: str, appeal: str, *, lock: bool = False) -> Entity:
    listing = stepping.agent_row(session, agent, lock=lock)
    row, last = session.get(AppealRow, appeal), stepping.last_step(session, agent, None)
    properties = {
        "state": "none" if row is None else row.state,
        "developer": listing.developer,
        "against": listing.state,
        "taken_off_by": "nobody" if last is None else last.by,
    }
    return Entity(type="appeal", id=appeal, properties=properties)


def _step(said: Mapping[str, Any]) -> Mapping[str, Any]:
    written()
    return taken(said, "step")


def _file(_: Mapping[str, Any]) -> Mapping[str, Any]:
    written()
    return {"step": "file"}


@feature.route(
    "/listings/<agent>/appeals",
    action="appeal",
    resource=_filed,
    methods=("POST",),
    context=_file,
    acting=as_developer,
)
def file_appeal(permit: Permit, agent: str) -> ResponseReturnValue:
    """Keep an appeal against what was done last to a listing."""
    name = permit.request.resource.id
    with effect(permit, lambda session: _described(session, agent, name, lock=True), now=now) as session:
        last = stepping.last_step(session, agent, None)
        session.add(
            AppealRow(
                id=name,
                agent=agent,
                step="" if last is None else last.decision_id,
                state="filed",
                text=written(),
                filed_at=now(),
                decision_id=permit.decision_id,
            )
        )
    if wants_page():
        return seen_other("marketplace.life", agent=agent)
    return jsonify(appeal=name, decision_id=permit.decision_id), 201


@feature.route("/appeals/<appeal>/steps", action="appeal", resource=_decided, methods=("POST",), context=_step)
def decide_appeal(permit: Permit, appeal: str) -> ResponseReturnValue:
    """Uphold an appeal, which brings the listing back, or dismiss it."""
    upheld = permit.request.context["step"] == "uphold"
    with reading() as session:
        agent = _row(session, appeal).agent
    with effect(permit, lambda session: _described(session, agent, appeal, lock=True), now=now) as session:
        row = _row(session, appeal, lock=True)
        row.state, row.answer = "upheld" if upheld else "dismissed", written()
        row.decided_at, row.decision_id = now(), permit.decision_id
        if upheld:
            said = stepping.Taken(
                permit=permit, step=Step.REINSTATE, agent=agent, reason="appeal_upheld", text=written(), at=now()
            )
            stepping.take(session, said)
    if wants_page():
        return seen_other("marketplace.market_queue")
    return jsonify(appeal=appeal, state=row.state, decision_id=permit.decision_id)
