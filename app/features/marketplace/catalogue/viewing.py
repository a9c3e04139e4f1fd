"""Who looks at something, and what of it is open to whom; as `marketplace.view` asks.

Every room that shows something says by `shown` whose it is. Policy says who sees it.
"""

from collections.abc import Collection

from sqlmodel import Session, col, select

from app.db import reading
from app.features.marketplace.parties import account_of
from app.features.marketplace.rows import MemberRow, PartyRow
from app.pdp.model import Entity
from app.pep import Resource


def parties_of(session: Session, sender: Entity) -> list[PartyRow]:
    """Return every party that somebody acts for."""
    joined = select(PartyRow).join(MemberRow, col(MemberRow.party) == PartyRow.id)
    return list(session.exec(joined.where(MemberRow.account == account_of(sender)).order_by(PartyRow.id)))


def as_viewer(sender: Entity) -> Entity:
    """Return who sends the request, with the parties they act for and the tenants of these, by our own tables."""
    found: list[PartyRow] = []
    if sender.type != "visitor":
        with reading() as session:
            found = parties_of(session, sender)
    tenants = {each.tenant for each in found}
    if sender.type == "service":
        tenants.add(sender.properties["tenant"])
    facts = {"parties": [each.id for each in found], "tenants": sorted(tenants)}
    return Entity(type=sender.type, id=sender.id, properties={**sender.properties, **facts})


def shown(  # noqa: PLR0913 - what there is to say of who may see something
    kind: str,
    name: str,
    *,
    public: bool = False,
    tenant: str | None = None,
    parties: Collection[str] = (),
    office: str = "",
) -> Resource:
    """Return what is looked at, as `marketplace.view` sees it.

    Args:
        kind: `agent`, `case`, `catalogue`, `order`, `party`, `queue`, `release` or `statement`.
        name: its id.
        public: whether anybody may see it.
        tenant: whose private catalogue it stands in.
        parties: the developer and the buyer it belongs to.
        office: the office it is for: `finance`, `support` or `trust_and_safety`.
    """
    facts = {"public": public, "tenant": tenant, "parties": sorted(parties), "office": office}
    return Resource(
        type=kind, id=name, properties={name: each for name, each in facts.items() if each or name == "public"}
    )
