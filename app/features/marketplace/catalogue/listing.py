"""What the catalogue says of an agent and of its releases, and who may see it. Reads our own tables alone."""

from typing import Any, Final

from sqlmodel import Session, col, select

from app.features.marketplace.catalogue.viewing import shown
from app.features.marketplace.rows import AgentRow, AgentState, ReleaseRow, ReleaseState
from app.pep import Resource

ON_SALE: Final = frozenset({AgentState.LISTED.value, AgentState.DEPRECATED.value})
"""The states in which an agent stands in a catalogue."""

OFFERED: Final = frozenset({ReleaseState.LISTED.value, ReleaseState.PREVIEW.value})
"""The states in which a release is offered to those who name no version."""


def resource(agent: AgentRow, *, offered: bool = True) -> Resource:
    """Return an agent as who looks at it is judged by; `offered` says whether what is looked at is on sale with it."""
    on_sale = offered and agent.state in ON_SALE
    return shown(
        "agent",
        agent.id,
        public=on_sale and agent.tenant is None,
        tenant=agent.tenant if on_sale else None,
        parties=[agent.developer],
        office="trust_and_safety",
    )


def releases_of(session: Session, agent: str) -> list[ReleaseRow]:
    """Return all releases of an agent, the newest first."""
    statement = select(ReleaseRow).where(ReleaseRow.agent == agent)
    return list(session.exec(statement.order_by(col(ReleaseRow.created_at).desc(), col(ReleaseRow.version).desc())))


def agent_document(row: AgentRow) -> dict[str, Any]:
    """Return what JSON says of an agent."""
    return {
        "id": row.id,
        "title": row.title,
        "summary": row.summary,
        "category": row.category,
        "developer": row.developer,
        "tenant": row.tenant,
        "repository": row.repository,
        "state": row.state,
        "newest": row.newest,
        "slsa_level": row.level,
        "decision_id": row.decision_id,
    }


def release_document(row: ReleaseRow) -> dict[str, Any]:
    """Return what JSON says of a release."""
    return {
        "agent": row.agent,
        "version": row.version,
        "state": row.state,
        "channel": row.facts.get("channel"),
        "artifact": row.artifact,
        "files": row.files,
        "slsa_level": row.level,
        "provenance": row.facts.get("provenance", {}),
        "manifest": row.manifest,
        "published_at": row.published_at,
        "decision_id": row.decision_id,
    }
