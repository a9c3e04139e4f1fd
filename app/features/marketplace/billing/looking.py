"""What somebody looks at of prices and invoices, as policy sees it, and in whose name they look."""

from sqlmodel import Session

from app.db import reading
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.parties import as_party_or_oneself
from app.features.marketplace.rows import AgentRow, AgentState, PartyKind
from app.pdp.model import Entity
from app.pep import Resource

_SOLD = {AgentState.LISTED.value, AgentState.DEPRECATED.value}


def agent_of(session: Session, agent: str, *, lock: bool = False) -> AgentRow:
    """Return an agent.

    Raises:
        UnknownError: there is none of this id.
    """
    row = session.get(AgentRow, agent, with_for_update=lock or None)
    if row is None:
        raise UnknownError("there is no such agent")
    return row


def looked_at(place: str, shows: str, *, of: str = "", on_sale: bool = False) -> Resource:
    """Return what is looked at; see the contract of `marketplace.view_billing`."""
    return Resource(type="billing", id=place, properties={"shows": shows, "of": of, "on_sale": on_sale})


def of_agent(agent: str, shows: str) -> Resource:
    """Return the plans or coupons of an agent as what is looked at.

    Raises:
        UnknownError: there is no such agent.
    """
    with reading() as session:
        row = agent_of(session, agent)
        public = row.tenant is None and row.state in _SOLD
        return looked_at(f"{shows}/{agent}", shows, of=row.developer, on_sale=public)


def as_developer_or_oneself(sender: Entity) -> Entity:
    """Return the developer that whoever asks acts for, or themselves where they act for none."""
    return _as_party(sender, PartyKind.DEVELOPER)


def as_buyer_or_oneself(sender: Entity) -> Entity:
    """Return the buyer that whoever asks acts for, or themselves where they act for none."""
    return _as_party(sender, PartyKind.BUYER)


def _as_party(sender: Entity, kind: PartyKind) -> Entity:
    return as_party_or_oneself(sender, kind)
