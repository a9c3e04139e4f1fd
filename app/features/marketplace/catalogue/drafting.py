"""Agents are laid out and releases brought in, as drafts: nothing is on sale by it.

Owns how either is described to `marketplace.draft`, and the rows. What a release is, `examining` has found out.
"""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, col, func, or_, select

from app.features.marketplace.acting import effect
from app.features.marketplace.catalogue import said
from app.features.marketplace.catalogue.examining import Examined
from app.features.marketplace.catalogue.upload import Part, Upload
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.rows import AgentRow, AgentState, PartyRow, ReleaseRow, ReleaseState
from app.pdp.enforce import Permit
from app.pep import Resource


def found(session: Session, agent: str, *, lock: bool = False) -> AgentRow:
    """Return an agent.

    Raises:
        UnknownError: there is none.
    """
    row = session.get(AgentRow, agent, with_for_update=lock or None)
    if row is None:
        raise UnknownError("there is no such agent")
    return row


def found_release(session: Session, agent: str, version: str, *, lock: bool = False) -> ReleaseRow:
    """Return a release.

    Raises:
        UnknownError: there is none.
    """
    row = session.get(ReleaseRow, (agent, version), with_for_update=lock or None)
    if row is None:
        raise UnknownError("there is no such release")
    return row


def new_agent(session: Session, developer: str, given: Mapping[str, Any]) -> Resource:
    """Return the agent that a developer would lay out.

    Raises:
        SayingError: its id or its tenant has another form.
    """
    agent = said.formed(given, "agent", said.SLUG)
    facts = _drafts(session, developer) | {
        "taken": session.get(AgentRow, agent) is not None,
        "state": AgentState.DRAFT.value,
    }
    if given.get("tenant"):
        facts["tenant"] = said.formed(given, "tenant", said.WORD)
    return Resource(type="agent", id=agent, properties=facts)


def new_release(session: Session, agent: str, upload: Upload, *, lock: bool = False) -> Resource:
    """Return the release that a developer would bring in.

    Raises:
        UnknownError: there is no such agent.
    """
    row = found(session, agent, lock=lock)
    same = or_(ReleaseRow.version == upload.version, ReleaseRow.artifact == upload.digest)
    taken = session.exec(select(func.count()).select_from(ReleaseRow).where(ReleaseRow.agent == agent, same)).one()
    facts = _drafts(session, row.developer) | {
        "taken": taken > 0,
        "state": row.state,
        "version": upload.version,
        "artifact": {"sha256": upload.digest.removeprefix("sha256:"), "bytes": len(upload.artifact)},
        "accompanying_bytes": upload.accompanying,
    }
    return Resource(type="release", id=f"{agent}:{upload.version}", properties=facts)


def _drafts(session: Session, developer: str) -> dict[str, Any]:
    party = session.get(PartyRow, developer)
    if party is None:
        raise UnknownError("there is no such developer")
    agents = select(func.count()).select_from(AgentRow)
    agents = agents.where(AgentRow.developer == developer, AgentRow.state == AgentState.DRAFT.value)
    releases = select(func.count()).select_from(ReleaseRow).join(AgentRow, col(AgentRow.id) == ReleaseRow.agent)
    releases = releases.where(AgentRow.developer == developer, ReleaseRow.state == ReleaseState.DRAFT.value)
    drafts = session.exec(agents).one() + session.exec(releases).one()
    return {"developer": developer, "developer_tenant": party.tenant, "drafts": drafts}


def lay_out(permit: Permit, given: Mapping[str, Any], now: int) -> AgentRow:
    """Keep an agent as a draft.

    Raises:
        ChangedError: somebody else was faster.
        SayingError: what is said of it is missing, too long, or of another form.
    """
    resource = permit.request.resource
    row = AgentRow(
        id=resource.id,
        developer=permit.request.subject.id,
        title=said.words(given, "title", longest=200),
        summary=said.words(given, "summary", longest=1_000),
        category=said.formed(given, "category", said.WORD),
        tenant=resource.properties.get("tenant"),
        repository=said.formed(given, "repository", said.REPOSITORY),
        created_at=now,
        decision_id=permit.decision_id,
    )
    with effect(permit, lambda session: new_agent(session, row.developer, given), now=lambda: now) as session:
        session.add(row)
    return row


def bring_in(permit: Permit, upload: Upload, examined: Examined, files: Mapping[Part, str], now: int) -> ReleaseRow:
    """Keep a release as a draft, with what was found out about it.

    Args:
        permit: of `marketplace.draft`.
        upload: what was sent.
        examined: what was found out.
        files: the digest that each file is kept under.
        now: Unix seconds.

    Raises:
        ChangedError: the agent has changed, or the version has come meanwhile.
    """
    agent, _, _ = permit.request.resource.id.partition(":")
    row = ReleaseRow(
        agent=agent,
        version=upload.version,
        artifact=upload.digest,
        manifest=dict(examined.manifest),
        files={part.value: digest for part, digest in files.items()},
        facts={
            "channel": upload.channel.value,
            "publish": dict(examined.facts),
            "provenance": dict(examined.provenance),
            "problems": {gate: list(each) for gate, each in examined.problems.items()},
        },
        level=examined.level,
        created_at=now,
        decision_id=permit.decision_id,
    )
    with effect(permit, lambda session: new_release(session, agent, upload, lock=True), now=lambda: now) as session:
        session.add(row)
    return row
