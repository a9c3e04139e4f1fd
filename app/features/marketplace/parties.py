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


def party_of(session: Session, account: str, kind: PartyKind, party: str | None = None) -> PartyRow | None:
    """Return the party of `kind` that `account` acts for: the one that is named, or the only one."""
    statement = (
        select(PartyRow)
        .join(MemberRow, col(MemberRow.party) == PartyRow.id)
        .where(MemberRow.account == account, PartyRow.kind == kind.value)
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
        row = party_of(session, acting.id, kind)
    if row is None:
        raise RefusedError(problem("forbidden", f"you act for no {kind.value}"))
    return Entity(type=kind.value, id=row.id, properties=described(row))
