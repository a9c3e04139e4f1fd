"""Badges and identities over HTTP: what is earned, what is paid for, who a developer is and what they have shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.feature import feature
from app.features.marketplace.lifecycle import badges, standing, stepping
from app.features.marketplace.lifecycle.desk import (
    acts_for,
    desk,
    in_own_name_or_party,
    moment,
    now,
    number,
    taken,
)
from app.features.marketplace.lifecycle.limits import DAY, limits
from app.features.marketplace.lifecycle.rows import BadgeKind, BadgeRow, ProofRow
from app.features.marketplace.parties import as_developer
from app.features.marketplace.rows import Kyc, PartyKind, PartyRow
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import Resource, bundle_in_force, seen_other, wants_page

_MONTH = 30 * DAY
_PROOFS = ("audit_until", "soc2_until", "iso27001_until")


def _listing(agent: str) -> Resource:
    with reading() as session:
        return stepping.listing(session, agent)


def _earned(agent: str) -> Resource:
    with reading() as session:
        return badges.earned(session, agent, _looking())


def _looking() -> badges.Looking:
    return badges.Looking(limits=limits(bundle_in_force()), trade=desk().trade, now=now())


def _shown(developer: str) -> Resource:
    with reading() as session:
        return badges.shown(session, developer, now())


def _identified(developer: str) -> Resource:
    with reading() as session:
        return _identity(session, developer)


def _identity(session: Session, developer: str, *, lock: bool = False) -> Entity:
    row = session.get(PartyRow, developer, with_for_update=True if lock else None)
    if row is None or row.kind != PartyKind.DEVELOPER.value:
        raise UnknownError("there is no such developer")
    return Entity(type="developer", id=row.id, properties={"kyc": row.kyc, "member": acts_for(session, row.id)})


def _placed(said: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "months": number(said, "months"),
        "fee": {"currency": said.get("currency"), "minor": number(said, "fee_minor")},
    }


@feature.route("/listings/<agent>/feature", action="feature", resource=_earned, methods=("POST",), acting=as_developer)
def feature_listing(permit: Permit, agent: str) -> ResponseReturnValue:
    """Give a listing the badge that it has earned."""
    looking = _looking()
    with effect(permit, lambda session: badges.earned(session, agent, looking, lock=True), now=now) as session:
        until = looking.now + looking.limits.featured
        standing.give(session, _badge(permit, agent, BadgeKind.FEATURED, until))
    return _done(permit, agent, BadgeKind.FEATURED, until)


@feature.route(
    "/listings/<agent>/promote",
    action="promote",
    resource=_listing,
    methods=("POST",),
    context=_placed,
    acting=as_developer,
)
def promote_listing(permit: Permit, agent: str) -> ResponseReturnValue:
    """Show a listing first, for a fee, and labelled so."""
    context = permit.request.context
    with effect(permit, lambda session: stepping.listing(session, agent, lock=True), now=now) as session:
        row = _badge(permit, agent, BadgeKind.PROMOTED, now() + context["months"] * _MONTH)
        row.currency, row.fee_minor = context["fee"]["currency"], context["fee"]["minor"]
        standing.give(session, row)
    return _done(permit, agent, BadgeKind.PROMOTED, row.until)


@feature.route(
    "/developers/<developer>/verify",
    action="verify",
    resource=_shown,
    methods=("POST",),
    acting=in_own_name_or_party,
)
def verify_developer(permit: Permit, developer: str) -> ResponseReturnValue:
    """Give a developer the badge for what they have shown; it ends with the first of their proofs."""
    with effect(permit, lambda session: badges.shown(session, developer, now(), lock=True), now=now) as session:
        until = badges.verified_until(session, developer)
        standing.give(session, _badge(permit, developer, BadgeKind.VERIFIED, until))
        session.flush()
        badges.tier(session, developer, permit.decision_id, now())
    if wants_page():
        return seen_other("marketplace.market_queue")
    return jsonify(developer=developer, badge="verified", until=moment(until), decision_id=permit.decision_id)


@feature.route(
    "/developers/<developer>/identity",
    action="identify",
    resource=_identified,
    methods=("POST",),
    context=lambda said: taken(said, "state", "until", *_PROOFS),
)
def identify_developer(permit: Permit, developer: str) -> ResponseReturnValue:
    """Record how far it is established who a developer is, and what they have shown of their security."""
    context = permit.request.context
    with effect(permit, lambda session: _identity(session, developer, lock=True), now=now) as session:
        row = session.get_one(PartyRow, developer)
        row.kyc, row.decision_id = context["state"], permit.decision_id
        row.kyc_until = _seconds(context.get("until")) if row.kyc == Kyc.COMPLETE.value else None
        proofs = {name: _seconds(context.get(name)) for name in _PROOFS}
        session.merge(ProofRow(developer=developer, decision_id=permit.decision_id, **proofs))
        session.flush()
        badges.tier(session, developer, permit.decision_id, now())
    if wants_page():
        return seen_other("marketplace.market_queue")
    return jsonify(developer=developer, kyc=row.kyc, tier=row.tier, decision_id=permit.decision_id)


def _badge(permit: Permit, holder: str, kind: BadgeKind, until: int) -> BadgeRow:
    return BadgeRow(holder=holder, kind=kind.value, since=now(), until=until, decision_id=permit.decision_id)


def _seconds(text: str | None) -> int | None:
    return None if text is None else int(datetime.fromisoformat(text).timestamp())


def _done(permit: Permit, agent: str, kind: BadgeKind, until: int) -> ResponseReturnValue:
    if wants_page():
        return seen_other("marketplace.life", agent=agent)
    return jsonify(listing=agent, badge=kind.value, until=moment(until), decision_id=permit.decision_id)
