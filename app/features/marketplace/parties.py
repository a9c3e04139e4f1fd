"""For whom somebody acts: a person or a service that proved who it is, as the developer or the buyer it belongs to.

What policy is told of a party stands in our own table; nobody says it of themselves.
"""

from typing import Any

from sqlmodel import Session, col, select

from app.db import reading
from app.errors import problem
from app.features.marketplace.rows import Kyc, MemberRow, PartyKind, PartyRow
from app.pdp.model import Entity
from app.pep import RefusedError


def account_of(acting: Entity) -> str:
    """Return by what name members are kept. No person's id has a space in it, so that none is taken for a service."""
    return f"service {acting.id}" if acting.type == "service" else acting.id


def service_of(account: str) -> str:
    """Return the service that is kept as a member by this name; empty where it is a person."""
    return account.removeprefix("service ") if account.startswith("service ") else ""


def party_of(session: Session, acting: Entity, kind: PartyKind, party: str | None = None) -> PartyRow | None:
    """Return the party of `kind` that somebody acts for: the one that is named, or the first."""
    statement = (
        select(PartyRow)
        .join(MemberRow, col(MemberRow.party) == PartyRow.id)
        .where(MemberRow.account == account_of(acting), PartyRow.kind == kind.value)
        .order_by(PartyRow.id)
    )
    if party is not None:
        statement = statement.where(PartyRow.id == party)
    return session.exec(statement).first()


def as_developer(acting: Entity) -> Entity:
    """Return the developer that `acting` acts for, as policy sees one.

    Raises:
        RefusedError: they act for none.
    """
    return _as(acting, PartyKind.DEVELOPER)


def as_buyer(acting: Entity) -> Entity:
    """Return the buyer that `acting` acts for, as policy sees one.

    Raises:
        RefusedError: they act for none.
    """
    return _as(acting, PartyKind.BUYER)


def as_party_or_oneself(acting: Entity, *kinds: PartyKind) -> Entity:
    """Return the party that somebody acts for, of the first of these kinds that there is; themselves where none is."""
    with reading() as session:
        for kind in kinds:
            if (row := party_of(session, acting, kind)) is not None:
                return Entity(type=kind.value, id=row.id, properties=described(row))
    return acting


def described(row: PartyRow) -> dict[str, Any]:
    """Return what policy is told of a party."""
    text = {} if row.agreement is None else {"sha256": row.agreement}
    known: dict[str, Any] = {
        "kind": row.legal_form,
        "country": row.country,
        "agreement": {"accepted": row.agreement is not None, "ip_warranties": row.ip_warranties} | text,
        "kyc_complete": row.kyc == Kyc.COMPLETE.value,
        "tier": row.tier,
    }
    return known if row.entity is None else known | {"entity": row.entity}


def _as(acting: Entity, kind: PartyKind) -> Entity:
    with reading() as session:
        row = party_of(session, acting, kind)
    if row is None:
        raise RefusedError(problem("forbidden", f"you act for no {kind.value}"))
    return Entity(type=kind.value, id=row.id, properties=described(row))
