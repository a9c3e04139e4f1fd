"""A request of auditors as a value: its sides, its states, what was said and given; and who may bring it where.

Pure. Owns the state machine. Knows no table and no page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.audits.errors import AuditsError


class Side(StrEnum):
    """Who speaks: whoever audits, or whoever is audited. Every page that shows a thread names it."""

    AUDITOR = "auditor"
    ENTITY = "entity"


class State(StrEnum):
    """How it stands with a request."""

    OPEN = "open"
    PROVIDED = "provided"  # the entity says that what it was asked for is here
    ACCEPTED = "accepted"  # the auditors say that it is enough
    RETURNED = "returned"  # the auditors say what is missing
    WITHDRAWN = "withdrawn"  # nobody wants it any more; for good


WAITING: Final = frozenset({State.OPEN, State.RETURNED})
"""The states in which the entity has to do something."""

MOVES: Final[Mapping[tuple[Side, State], frozenset[State]]] = {
    (Side.ENTITY, State.OPEN): frozenset({State.PROVIDED}),
    (Side.ENTITY, State.RETURNED): frozenset({State.PROVIDED}),
    (Side.AUDITOR, State.OPEN): frozenset({State.WITHDRAWN}),
    (Side.AUDITOR, State.PROVIDED): frozenset({State.ACCEPTED, State.RETURNED, State.WITHDRAWN}),
    (Side.AUDITOR, State.RETURNED): frozenset({State.ACCEPTED, State.WITHDRAWN}),
    (Side.AUDITOR, State.ACCEPTED): frozenset({State.RETURNED}),
}
"""Where each side may bring a request from a state; everything else is refused."""

SILENT: Final = frozenset({State.ACCEPTED})
"""The states into which a request comes without a word; all others need one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for. `reference` is the auditors' own name of it; `control` and `due` may be empty."""

    reference: str
    title: str
    text: str
    control: str
    due: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it stands. Times are Unix seconds; `side` and `by` say who asks."""

    engagement: str
    number: int
    asked: Asked
    state: State
    side: Side
    by: str
    at: int
    changed_at: int
    decision_id: str

    def moves(self, side: Side) -> tuple[State, ...]:
        """Return the states into which `side` may bring it, in the order of `State`."""
        return tuple(each for each in State if each in MOVES.get((side, self.state), frozenset()))

    def overdue(self, day: str) -> bool:
        """Return whether the entity should have answered before `day`."""
        return self.state in WAITING and bool(self.asked.due) and self.asked.due < day


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something said; `state` is the one the request came into by it."""

    number: int
    side: Side
    by: str
    text: str
    state: State | None
    at: int
    decision_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a file comes from: the system, what it was asked, who asked, with which tool, under which policies.

    `effective_from` and `effective_to` are the days that it speaks of, `collected` the time (as the log writes it) at
    which it was taken from its source. What is not known is empty.
    """

    effective_from: str
    effective_to: str
    collected: str
    source: str
    query: str
    actor: str
    tool: str
    policy_commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A file given for a request: `at` is when it was received, in Unix seconds; `key` where its bytes lie."""

    number: int
    name: str
    size: int
    sha256: str
    key: str
    provenance: Provenance
    by: str
    at: int
    decision_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A request with all that was said and given, in order."""

    request: Request
    messages: tuple[Message, ...]
    evidence: tuple[Evidence, ...]


def state_of(said: object) -> State:
    """Return the state that somebody names.

    Raises:
        AuditsError: `invalid`, it is none.
    """
    try:
        return State(str(said))
    except ValueError:
        raise AuditsError("invalid", "`state` is none of a request") from None


def check_move(request: Request, side: Side, to: State, text: str) -> None:
    """Return if `side` may bring `request` into the state `to`, saying `text`.

    Raises:
        AuditsError: `changed`, it may not, as it stands; `invalid`, a word is needed.
    """
    if to not in request.moves(side):
        raise AuditsError("changed", f"a request that is {request.state.value} does not become {to.value} from here")
    if to not in SILENT and not text:
        raise AuditsError("invalid", f"say something when a request becomes {to.value}")
