"""Which step may follow in the life of an agent and of a release, and whether an install may run. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.features.marketplace.errors import ChangedError
from app.features.marketplace.rows import AgentState, ReleaseState


class Step(StrEnum):
    """What is done to a listing, or to one release of it; each is an action `marketplace.<step>`."""

    DEPRECATE = "deprecate"
    YANK = "yank"
    QUARANTINE = "quarantine"
    DELIST = "delist"
    REINSTATE = "reinstate"


ON_SALE: Final = frozenset({AgentState.LISTED, AgentState.DEPRECATED})
"""The states in which an agent is sold."""

INSTALLABLE: Final = frozenset({ReleaseState.LISTED, ReleaseState.PREVIEW})
"""The states in which anybody may install a release."""

_AGENT: Final[Mapping[tuple[Step, AgentState], AgentState]] = MappingProxyType(
    {
        (Step.DEPRECATE, AgentState.LISTED): AgentState.DEPRECATED,
        (Step.QUARANTINE, AgentState.LISTED): AgentState.QUARANTINED,
        (Step.QUARANTINE, AgentState.DEPRECATED): AgentState.QUARANTINED,
        (Step.DELIST, AgentState.LISTED): AgentState.DELISTED,
        (Step.DELIST, AgentState.DEPRECATED): AgentState.DELISTED,
        (Step.DELIST, AgentState.QUARANTINED): AgentState.DELISTED,
    }
)
_RELEASE: Final[Mapping[tuple[Step, ReleaseState], ReleaseState]] = MappingProxyType(
    {
        (Step.YANK, ReleaseState.LISTED): ReleaseState.YANKED,
        (Step.YANK, ReleaseState.PREVIEW): ReleaseState.YANKED,
        (Step.QUARANTINE, ReleaseState.LISTED): ReleaseState.QUARANTINED,
        (Step.QUARANTINE, ReleaseState.PREVIEW): ReleaseState.QUARANTINED,
        (Step.QUARANTINE, ReleaseState.YANKED): ReleaseState.QUARANTINED,
    }
)


def agent_after(step: Step, state: AgentState, sold_as: AgentState | None = None) -> AgentState:
    """Return the state of an agent after `step`.

    Args:
        step: that is taken.
        state: it is in.
        sold_as: the state it was last on sale in, which it comes back to.

    Raises:
        ChangedError: the step does not follow from that state.
    """
    if step is Step.REINSTATE and state in {AgentState.QUARANTINED, AgentState.DELISTED} and sold_as in ON_SALE:
        return AgentState(sold_as)
    if (after := _AGENT.get((step, state))) is None:
        raise ChangedError(f"a listing that is {state.value} cannot be taken through this step")
    return after


def release_after(step: Step, state: ReleaseState, sold_as: ReleaseState | None = None) -> ReleaseState:
    """Return the state of a release after `step`; see `agent_after`.

    Raises:
        ChangedError: the step does not follow from that state.
    """
    if step is Step.REINSTATE and state in {ReleaseState.YANKED, ReleaseState.QUARANTINED} and sold_as in INSTALLABLE:
        return ReleaseState(sold_as)
    if (after := _RELEASE.get((step, state))) is None:
        raise ChangedError(f"a release that is {state.value} cannot be taken through this step")
    return after


def halted(agent: AgentState, release: ReleaseState, *, pinned: bool, overdue: bool) -> str | None:
    """Return why an install may not run, or None where it may.

    Args:
        agent: the state of its agent; one that was delisted goes on where nothing else speaks against it.
        release: the state of the release that is installed.
        pinned: whether this very version was asked for.
        overdue: whether a known critical vulnerability of it has stayed open for longer than policy tolerates.
    """
    if agent is AgentState.QUARANTINED or release is ReleaseState.QUARANTINED:
        return "quarantined"
    if overdue:
        return "known_vulnerability"
    if release is ReleaseState.YANKED and not pinned:
        return "yanked"
    return "never_listed" if release is ReleaseState.DRAFT or agent is AgentState.DRAFT else None
