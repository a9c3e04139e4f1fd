"""What earns a badge, as policy sees it: facts from our own tables, and nothing that somebody says of themselves."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from app.features.marketplace.errors import UnknownError
from app.features.marketplace.lifecycle import standing
from app.features.marketplace.lifecycle.desk import Trade, moment
from app.features.marketplace.lifecycle.limits import Limits
from app.features.marketplace.lifecycle.rows import BadgeKind, BadgeRow, ProofRow
from app.features.marketplace.lifecycle.serving import served
from app.features.marketplace.lifecycle.stepping import agent_row
from app.features.marketplace.rows import AgentState, Kyc, PartyKind, PartyRow, ReleaseRow, ReleaseState, Tier
from app.pdp.model import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """With what, and when (Unix seconds), it is looked at what a listing has earned."""

    limits: Limits
    trade: Trade
    now: int


def earned(session: Session, agent: str, looking: Looking, *, lock: bool = False) -> Entity:
    """Describe a listing by what its buyers, its service and its release have shown."""
    row = agent_row(session, agent, lock=lock)
    newest = session.get(ReleaseRow, (agent, row.newest or ""))
    stable = newest is not None and newest.state == ReleaseState.LISTED.value and row.state == AgentState.LISTED.value
    soaked = (newest.facts.get("soak") or {}).get("hours", 0) if newest else 0
    since = looking.now - looking.limits.window
    levels = served(session, agent, since)
    tickets = [each for each in standing.tickets(session, agent) if each.opened_at > since]
    properties: dict[str, Any] = {
        "developer": row.developer,
        "channel": "stable" if stable else "preview",
        "rating": standing.rating(standing.reviews(session, agent)),
        "downloads": looking.trade.downloads(session, agent),
        "uptime_percent": int(100 * levels.available_percent) / 100,
        "support": {"response_hours": int(100 * standing.response_hours(tickets, looking.now)) / 100},
        "soak": {"hours": soaked},
    }
    return Entity(type="listing", id=row.id, properties=properties)


def shown(session: Session, developer: str, now: int, *, lock: bool = False) -> Entity:
    """Describe a developer by what an office has recorded of them; what has ended is not shown."""
    row = session.get(PartyRow, developer, with_for_update=True if lock else None)
    if row is None or row.kind != PartyKind.DEVELOPER.value:
        raise UnknownError("there is no such developer")
    proof = session.get(ProofRow, developer)
    ends = {} if proof is None else {"soc2": proof.soc2_until, "iso27001": proof.iso27001_until}
    properties = {
        "kyc": {"complete": row.kyc == Kyc.COMPLETE.value and (row.kyc_until is None or row.kyc_until > now)},
        "security_audit": {"passed": proof is not None and (proof.audit_until or 0) > now},
        "certificates": {name: {"expires_at": moment(at)} for name, at in ends.items() if at is not None},
    }
    return Entity(type="developer", id=row.id, properties=properties)


def verified_until(session: Session, developer: str) -> int:
    """Return when the first of a developer's proofs ends, the identity among them."""
    row, proof = session.get_one(PartyRow, developer), session.get_one(ProofRow, developer)
    ends = (row.kyc_until, proof.audit_until, proof.soc2_until, proof.iso27001_until)
    return min(each for each in ends if each is not None)


def tier(session: Session, developer: str, decision_id: str, now: int) -> None:
    """Have the tier of a developer follow from what is established; an enterprise contract stays what it is."""
    row = session.get_one(PartyRow, developer)
    badge = session.get(BadgeRow, (developer, BadgeKind.VERIFIED.value))
    known = row.kyc == Kyc.COMPLETE.value
    if badge is not None and not known:
        session.delete(badge)
    verified = known and badge is not None and badge.until > now
    if row.tier != Tier.ENTERPRISE.value or not known:
        row.tier = (Tier.VERIFIED if verified else Tier.COMMUNITY).value
    row.decision_id = decision_id
