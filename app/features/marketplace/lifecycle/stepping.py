"""The steps of a listing and of its releases: described as policy sees them, and taken.

Each step leaves a row that stands for good, which buyers and the developer read as their notice.
"""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from app.features.marketplace.errors import UnknownError
from app.features.marketplace.lifecycle.desk import moment
from app.features.marketplace.lifecycle.rows import FindingRow, StepRow
from app.features.marketplace.lifecycle.state import (
    INSTALLABLE,
    ON_SALE,
    Step,
    agent_after,
    halted,
    release_after,
)
from app.features.marketplace.rows import AgentRow, AgentState, ReleaseRow, ReleaseState
from app.pdp.enforce import Permit
from app.pdp.model import Entity


def agent_row(session: Session, agent: str, *, lock: bool = False) -> AgentRow:
    """Return an agent.

    Raises:
        UnknownError: there is none.
    """
    if (row := session.get(AgentRow, agent, with_for_update=True if lock else None)) is None:
        raise UnknownError("there is no such listing")
    return row


def release_row(session: Session, agent: str, version: str, *, lock: bool = False) -> ReleaseRow:
    """Return a release.

    Raises:
        UnknownError: there is none.
    """
    row = session.get(ReleaseRow, (agent, version), with_for_update=True if lock else None)
    if row is None:
        raise UnknownError("there is no such release")
    return row


def steps(session: Session, agent: str) -> list[StepRow]:
    """Return what was done to a listing and its releases, the newest first."""
    statement = select(StepRow).where(StepRow.agent == agent).order_by(col(StepRow.number).desc())
    return list(session.exec(statement))


def open_findings(session: Session, agent: str, version: str | None) -> list[FindingRow]:
    """Return the known critical vulnerabilities that are open in a release, the oldest first."""
    statement = select(FindingRow).where(
        FindingRow.agent == agent, FindingRow.version == (version or ""), col(FindingRow.resolved_at).is_(None)
    )
    return list(session.exec(statement.order_by(col(FindingRow.first_seen))))


# what policy is told


def listing(session: Session, agent: str, *, lock: bool = False) -> Entity:
    """Describe a listing by its developer and its state."""
    row = agent_row(session, agent, lock=lock)
    return Entity(type="listing", id=row.id, properties={"developer": row.developer, "state": row.state})


def release(session: Session, agent: str, version: str, *, lock: bool = False) -> Entity:
    """Describe a release by its developer and its state."""
    developer = agent_row(session, agent, lock=lock).developer
    row = release_row(session, agent, version, lock=lock)
    return Entity(type="release", id=f"{agent}:{version}", properties={"developer": developer, "state": row.state})


def ending(session: Session, agent: str, *, lock: bool = False) -> Entity:
    """Describe a listing that is to be taken off: since when a critical vulnerability is known, and its end."""
    row = agent_row(session, agent, lock=lock)
    properties: dict[str, Any] = {"developer": row.developer}
    if found := open_findings(session, agent, row.newest):
        properties["critical_known_since"] = moment(found[0].first_seen)
    if row.ends_at is not None:
        properties["ends_at"] = moment(row.ends_at)
    return Entity(type="listing", id=row.id, properties=properties)


def deprecated(session: Session, agent: str, *, lock: bool = False) -> Entity:
    """Describe a listing whose end is to be announced."""
    row = agent_row(session, agent, lock=lock)
    return Entity(type="listing", id=row.id, properties={"developer": row.developer})


def taken_off(session: Session, agent: str, version: str | None = None, *, lock: bool = False) -> Entity:
    """Describe what may come back: why and by whom it was taken off, and what is open in it."""
    seen = listing(session, agent, lock=lock) if version is None else release(session, agent, version, lock=lock)
    last = last_step(session, agent, version)
    on_sale = agent_row(session, agent).newest if version is None else version
    return Entity(
        type=seen.type,
        id=seen.id,
        properties={
            **seen.properties,
            "reason": last.reason if last else "none",
            "taken_off_by": last.by if last else "nobody",
            "open_criticals": len(open_findings(session, agent, on_sale)),
        },
    )


def last_step(session: Session, agent: str, version: str | None) -> StepRow | None:
    """Return what was done last to a listing, or to one release of it."""
    return next((each for each in steps(session, agent) if each.version == version), None)


def noticed_at(session: Session, agent: str) -> int | None:
    """Return when buyers were first told that a listing ends or is in doubt, since it was last on sale."""
    found = None
    for each in steps(session, agent):
        if each.version is None and each.step == Step.REINSTATE.value:
            break
        if each.version is None:
            found = each.at
    return found


# what is done


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step that is taken: by which permit, of which agent or of which of its releases, why, and when."""

    permit: Permit
    step: Step
    agent: str
    version: str | None = None
    reason: str
    text: str
    at: int


def take(session: Session, taken: Taken) -> AgentRow:
    """Take a listing through a step.

    Raises:
        ChangedError: the step does not follow from where it is.
    """
    row = agent_row(session, taken.agent)
    before = row.state
    row.state = agent_after(taken.step, AgentState(before), _sold_as(session, taken.agent)).value
    row.decision_id = taken.permit.decision_id
    _keep(session, taken, before, row.state)
    return row


def take_release(session: Session, taken: Taken) -> ReleaseRow:
    """Take a release through a step.

    Raises:
        ChangedError: the step does not follow from where it is.
    """
    row = release_row(session, taken.agent, taken.version or "")
    before = row.state
    row.state = release_after(taken.step, ReleaseState(before), _installed_as(session, row.agent, row.version)).value
    row.decision_id = taken.permit.decision_id
    _keep(session, taken, before, row.state)
    return row


def refusal(session: Session, agent: str, version: str, *, pinned: bool, tolerated_since: int) -> str | None:
    """Return why an install may not start, or None: a quarantine and an overdue vulnerability reach every install.

    Args:
        session: reads.
        agent: that is installed.
        version: of it.
        pinned: whether this very version was asked for.
        tolerated_since: Unix seconds; a known critical vulnerability that was seen before this is open for too long.
    """
    found = open_findings(session, agent, version)
    return halted(
        AgentState(agent_row(session, agent).state),
        ReleaseState(release_row(session, agent, version).state),
        pinned=pinned,
        overdue=bool(found) and found[0].first_seen < tolerated_since,
    )


def _sold_as(session: Session, agent: str) -> AgentState | None:
    states = {each.value: each for each in ON_SALE}
    return next((states[e.before] for e in steps(session, agent) if e.version is None and e.before in states), None)


def _installed_as(session: Session, agent: str, version: str) -> ReleaseState | None:
    states = {each.value: each for each in INSTALLABLE}
    found = (each.before for each in steps(session, agent) if each.version == version)
    return next((states[each] for each in found if each in states), None)


def _keep(session: Session, taken: Taken, before: str, after: str) -> None:
    subject = taken.permit.request.subject
    session.add(
        StepRow(
            decision_id=taken.permit.decision_id,
            agent=taken.agent,
            number=len(steps(session, taken.agent)) + 1,
            version=taken.version,
            step=taken.step.value,
            before=before,
            after=after,
            reason=taken.reason,
            text=taken.text,
            by=subject.id,
            by_type=subject.type,
            at=taken.at,
        )
    )
    session.flush()
