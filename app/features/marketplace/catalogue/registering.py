"""Somebody becomes a developer or a buyer, and accepts the agreement of their side."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, func, select

from app.features.marketplace.acting import effect
from app.features.marketplace.catalogue import said
from app.features.marketplace.catalogue.agreements import Agreement
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.parties import account_of
from app.features.marketplace.rows import MemberRow, PartyKind, PartyRow
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import Resource


def candidate(session: Session, sender: Entity, given: Mapping[str, Any]) -> Resource:
    """Return the party that somebody would become: whether its id is free, and how many they act for already.

    Raises:
        SayingError: the id, the side or the tenant is missing, or has another form.
    """
    party = said.formed(given, "party", said.SLUG)
    side = said.one_of(given, "side", frozenset(PartyKind))
    tenant = said.formed({"tenant": "default"} | dict(given), "tenant", said.WORD)
    joined = select(func.count()).select_from(PartyRow).join(MemberRow, col(MemberRow.party) == PartyRow.id)
    held = session.exec(joined.where(MemberRow.account == account_of(sender), PartyRow.kind == side)).one()
    taken = session.get(PartyRow, party) is not None
    return Resource(type="party", id=party, properties={"side": side, "taken": taken, "held": held, "tenant": tenant})


def register(permit: Permit, given: Mapping[str, Any], now: int) -> PartyRow:
    """Keep the party that `permit` allows, with whoever asked as its first member.

    Raises:
        ChangedError: somebody else was faster.
    """
    asked, resource, legal = permit.request, permit.request.resource, permit.request.context
    row = PartyRow(
        id=resource.id,
        kind=resource.properties["side"],
        name=said.words(given, "name", longest=200),
        tenant=resource.properties["tenant"],
        legal_form=legal["kind"],
        country=legal["country"],
        entity=legal.get("entity"),
        created_at=now,
        decision_id=permit.decision_id,
    )
    with effect(permit, lambda session: candidate(session, asked.subject, given), now=lambda: now) as session:
        session.add(row)
        session.flush()
        session.add(MemberRow(account=account_of(asked.subject), party=row.id, decision_id=permit.decision_id))
    return row


def agree(permit: Permit, agreement: Agreement, now: int) -> None:
    """Keep that a party accepted an agreement.

    Raises:
        UnknownError: there is no such party any more.
    """
    with effect(permit, now=lambda: now) as session:
        row = session.get(PartyRow, permit.request.subject.id, with_for_update=True)
        if row is None:
            raise UnknownError("there is no such party")
        row.agreement, row.decision_id = agreement.sha256, permit.decision_id
        row.ip_warranties = permit.request.context["ip_warranties"]
        session.add(row)
