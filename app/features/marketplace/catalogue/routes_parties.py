"""Becoming a developer or a buyer over HTTP, and accepting the agreement of that side."""

from collections.abc import Mapping
from typing import Any

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from app.db import reading
from app.features.marketplace.catalogue import agreements, registering, said
from app.features.marketplace.catalogue.desk import now
from app.features.marketplace.catalogue.viewing import as_viewer, parties_of, shown
from app.features.marketplace.feature import feature
from app.features.marketplace.parties import as_buyer, as_developer
from app.features.marketplace.rows import PartyKind, PartyRow
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import Resource, bundle_in_force, gate_of_request, seen_other, sent, wants_page


def _own() -> Resource:
    return shown("party", "account", public=True)


def _candidate() -> Resource:
    with reading() as session:
        return registering.candidate(session, gate_of_request().subject(), sent())


def _side() -> PartyKind:
    return PartyKind(said.one_of(sent(), "side", frozenset(PartyKind)))


def _as_party(sender: Entity) -> Entity:
    return as_developer(sender) if _side() is PartyKind.DEVELOPER else as_buyer(sender)


def _agreement() -> agreements.Agreement:
    version = sent().get("version")
    if not isinstance(version, str):
        return agreements.in_force(bundle_in_force(), _side())
    return agreements.version_of(bundle_in_force(), _side(), version)


def _accepted(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sha256": given.get("sha256"),
        "accepted": said.checked(given, "accepted"),
        "ip_warranties": said.checked(given, "ip_warranties"),
    }


@feature.route("/account", action="view", resource=_own, acting=as_viewer)
def account(permit: Permit) -> ResponseReturnValue:
    """Show for whom whoever asks acts, which agreements are in force, and how to register."""
    with reading() as session:
        mine = parties_of(session, permit.request.subject)
    texts = {side.value: agreements.in_force(bundle_in_force(), side) for side in PartyKind}
    bound = {each.id: each.agreement == texts[each.kind].sha256 for each in mine}
    if wants_page():
        missing = [side.value for side in PartyKind if side.value not in {each.kind for each in mine}]
        return render_template("marketplace/account.html", parties=mine, bound=bound, agreements=texts, missing=missing)
    return jsonify(
        parties=[_shown(each, bound=bound[each.id]) for each in mine],
        agreements={
            side: {"version": each.version, "sha256": each.sha256, "text": each.text} for side, each in texts.items()
        },
    )


@feature.route("/parties", action="register", resource=_candidate, methods=("POST",), context=said.legal)
def register(permit: Permit) -> ResponseReturnValue:
    """Become a developer or a buyer."""
    row = registering.register(permit, sent(), now())
    if wants_page():
        return seen_other("marketplace.account")
    return jsonify(_shown(row, bound=False)), 201


@feature.route(
    "/agreements",
    action="agree",
    resource=lambda: _agreement().resource(),
    methods=("POST",),
    context=_accepted,
    acting=_as_party,
)
def agree(permit: Permit) -> ResponseReturnValue:
    """Accept the agreement in force."""
    found = _agreement()
    registering.agree(permit, found, now())
    if wants_page():
        return seen_other("marketplace.account")
    return jsonify(party=permit.request.subject.id, version=found.version, decision_id=permit.decision_id), 201


def _shown(row: PartyRow, *, bound: bool) -> dict[str, Any]:
    return {
        "id": row.id,
        "side": row.kind,
        "name": row.name,
        "tenant": row.tenant,
        "country": row.country,
        "tier": row.tier,
        "kyc": row.kyc,
        "agreement_in_force_accepted": bound,
        "decision_id": row.decision_id,
    }
