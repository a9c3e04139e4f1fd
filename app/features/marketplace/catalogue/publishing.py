"""A release is put on sale, and later one takes the place of an earlier one.

Owns how a release is described to `marketplace.publish` and `marketplace.update`: by what was found out when it came
in, and by what our tables say now. What is no draft any more is not published again.
"""

from typing import Any, Final

from sqlmodel import Session

from app.features.marketplace.acting import effect
from app.features.marketplace.catalogue.drafting import found, found_release
from app.features.marketplace.catalogue.examining import Breaks
from app.features.marketplace.catalogue.listing import OFFERED
from app.features.marketplace.errors import ChangedError
from app.features.marketplace.rows import AgentRow, AgentState, ReleaseRow, ReleaseState
from app.pdp.enforce import Permit
from app.pep import Resource

PREVIEW: Final = "label_preview"
"""The obligation of `marketplace.publish` under which a release is sold as a preview."""


def for_publication(session: Session, agent: str, version: str, *, lock: bool = False) -> Resource:
    """Return a draft as `marketplace.publish` judges it.

    Raises:
        UnknownError: there is none.
        ChangedError: it is no draft any more.
    """
    of, row = found(session, agent, lock=lock), found_release(session, agent, version, lock=lock)
    if row.state != ReleaseState.DRAFT.value or of.state in {AgentState.QUARANTINED.value, AgentState.DELISTED.value}:
        raise ChangedError("this is no draft of an agent that can be sold")
    facts: dict[str, Any] = {
        **row.facts["publish"],
        "developer": of.developer,
        "channel": row.facts["channel"],
        "trust_not_lowered": _keeps_trust(of, row),
    }
    return Resource(type="release", id=f"{agent}:{version}", properties=facts)


def for_update(session: Session, agent: str, version: str, breaks: Breaks, *, lock: bool = False) -> Resource:
    """Return a release as `marketplace.update` judges it, beside the one on sale.

    Raises:
        UnknownError: there is none.
        ChangedError: nothing is on sale that it could take the place of.
    """
    of, row = found(session, agent, lock=lock), found_release(session, agent, version, lock=lock)
    if of.newest is None or of.state in {AgentState.QUARANTINED.value, AgentState.DELISTED.value}:
        raise ChangedError("nothing is on sale that it could take the place of")
    before = found_release(session, agent, of.newest)
    known = row.facts["publish"]
    facts: dict[str, Any] = {
        "developer": of.developer,
        "signature": known["signature"],
        "vulnerabilities": known["vulnerabilities"],
        "version": version,
        "current_version": of.newest,
        "breaking": bool(breaks(before.manifest, row.manifest)),
        "published": row.state in OFFERED,
        "trust_not_lowered": _keeps_trust(of, row),
    }
    return Resource(type="release", id=f"{agent}:{version}", properties=facts)


def _keeps_trust(of: AgentRow, row: ReleaseRow) -> bool:
    verified = row.facts["publish"].get("signature", {}).get("verified") is True
    return verified and row.level >= of.level


def publish(permit: Permit, agent: str, version: str, now: int) -> ReleaseRow:
    """Put a release on sale; the first of an agent is what is sold by default from then on.

    Raises:
        ChangedError: it is described differently by now.
    """
    labelled = PREVIEW in {each["id"] for each in permit.decision.obligations}
    with effect(permit, lambda it: for_publication(it, agent, version, lock=True), now=lambda: now) as session:
        of, row = found(session, agent, lock=True), found_release(session, agent, version, lock=True)
        row.state = (ReleaseState.PREVIEW if labelled else ReleaseState.LISTED).value
        row.published_at, row.decision_id = now, permit.decision_id
        of.level = max(of.level, row.level)
        if of.newest is None:
            of.newest, of.decision_id = version, permit.decision_id
        if of.state == AgentState.DRAFT.value:
            of.state = AgentState.LISTED.value
        session.add_all((of, row))
    return row


def update(permit: Permit, agent: str, version: str, breaks: Breaks, now: int) -> AgentRow:
    """Have a release take the place of the one on sale.

    Raises:
        ChangedError: it is described differently by now.
    """
    with effect(permit, lambda it: for_update(it, agent, version, breaks, lock=True), now=lambda: now) as session:
        of = found(session, agent, lock=True)
        of.newest, of.decision_id = version, permit.decision_id
        session.add(of)
    return of
