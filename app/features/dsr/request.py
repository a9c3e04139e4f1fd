"""A request of a data subject: its kinds, its states, and which step leads from which state to which. Pure.

Times are Unix seconds. Knows neither who may take a step (policy does) nor what stores do; clocks stand in `clocks`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.features.dsr.clocks import Limit, Pace, clock_of
from app.features.dsr.errors import StepError


class DsrKind(StrEnum):
    """What the person wants: GDPR, articles 15, 20, 16, 17, 18 and 21; CCPA, sections 1798.100 to 1798.121."""

    ACCESS = "access"
    EXPORT = "export"
    RECTIFY = "rectify"
    ERASE = "erase"
    RESTRICT = "restrict"
    OBJECT = "object"


class Law(StrEnum):
    """By which law the person asks."""

    GDPR = "gdpr"
    CCPA = "ccpa"


class State(StrEnum):
    """What a request is after its last step."""

    IDENTITY_UNVERIFIED = "identity_unverified"
    REQUIRES_INPUT = "requires_input"
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    IN_PROCESSING = "in_processing"
    PAUSED = "paused"
    PENDING_EXTERNAL = "pending_external"
    REQUIRES_MANUAL = "requires_manual"
    LEGAL_HOLD = "legal_hold"
    DUPLICATE = "duplicate"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    ERROR = "error"


class Step(StrEnum):
    """What is done with a request."""

    SUBMIT = "submit"
    ASK_IDENTITY = "ask_identity"  # a code or documents: the person has to act
    VERIFY = "verify"
    ASK = "ask"  # for input on what is wanted
    ANSWER = "answer"
    AGREE = "agree"  # approved by one of the two that it takes
    APPROVE = "approve"
    DENY = "deny"
    EXTEND = "extend"
    PAUSE = "pause"
    RESUME = "resume"
    HOLD = "hold"
    RELEASE = "release"
    BEGIN = "begin"
    AWAIT_EXTERNAL = "await_external"
    REQUIRE_MANUAL = "require_manual"
    MANUAL_DONE = "manual_done"
    COMPLETE = "complete"
    FAIL = "fail"
    RETRY = "retry"
    CANCEL = "cancel"
    LINK = "link"  # to an open request of the same person for the same thing
    UNLINK = "unlink"


ENDED: Final = frozenset({State.DENIED, State.COMPLETE, State.CANCELLED})
"""States that are left no more."""

_ASIDE: Final = MappingProxyType(
    {Step.RESUME: State.PAUSED, Step.RELEASE: State.LEGAL_HOLD, Step.UNLINK: State.DUPLICATE}
)
"""Steps that lead back to the state before, and from where."""

_SETS_ASIDE: Final = frozenset({Step.PAUSE, Step.HOLD, Step.LINK})

_ALWAYS: Final = MappingProxyType({Step.CANCEL: State.CANCELLED, Step.DENY: State.DENIED})
_STOPS: Final = MappingProxyType({Step.PAUSE: State.PAUSED, Step.HOLD: State.LEGAL_HOLD})
_ENDS: Final = MappingProxyType({Step.COMPLETE: State.COMPLETE, Step.FAIL: State.ERROR})

TABLE: Final[Mapping[State, Mapping[Step, State]]] = MappingProxyType(
    {
        State.IDENTITY_UNVERIFIED: {
            **_ALWAYS,
            Step.ASK_IDENTITY: State.IDENTITY_UNVERIFIED,
            Step.VERIFY: State.PENDING,
            Step.EXTEND: State.IDENTITY_UNVERIFIED,
        },
        State.REQUIRES_INPUT: {
            **_ALWAYS,
            Step.ANSWER: State.PENDING,
            Step.EXTEND: State.REQUIRES_INPUT,
            Step.HOLD: State.LEGAL_HOLD,
        },
        State.PENDING: {
            **_ALWAYS,
            **_STOPS,
            Step.ASK: State.REQUIRES_INPUT,
            Step.AGREE: State.PENDING,
            Step.APPROVE: State.APPROVED,
            Step.EXTEND: State.PENDING,
            Step.LINK: State.DUPLICATE,
        },
        State.APPROVED: {
            **_STOPS,
            Step.CANCEL: State.CANCELLED,
            Step.BEGIN: State.IN_PROCESSING,
            Step.EXTEND: State.APPROVED,
        },
        State.IN_PROCESSING: {
            **_STOPS,
            **_ENDS,
            Step.AWAIT_EXTERNAL: State.PENDING_EXTERNAL,
            Step.REQUIRE_MANUAL: State.REQUIRES_MANUAL,
            Step.EXTEND: State.IN_PROCESSING,
        },
        State.PENDING_EXTERNAL: {
            **_STOPS,
            **_ENDS,
            Step.BEGIN: State.IN_PROCESSING,
            Step.EXTEND: State.PENDING_EXTERNAL,
        },
        State.REQUIRES_MANUAL: {
            **_STOPS,
            **_ENDS,
            Step.MANUAL_DONE: State.IN_PROCESSING,
            Step.EXTEND: State.REQUIRES_MANUAL,
        },
        State.ERROR: {
            **_STOPS,
            Step.RETRY: State.IN_PROCESSING,
            Step.EXTEND: State.ERROR,
        },
        State.PAUSED: {Step.CANCEL: State.CANCELLED, Step.HOLD: State.LEGAL_HOLD, Step.EXTEND: State.PAUSED},
        State.LEGAL_HOLD: {**_ALWAYS, Step.EXTEND: State.LEGAL_HOLD},
        State.DUPLICATE: {Step.CANCEL: State.CANCELLED, Step.COMPLETE: State.COMPLETE},
        State.DENIED: {},
        State.COMPLETE: {},
        State.CANCELLED: {},
    }
)
"""Where each step leads. Not in it are `RESUME`, `RELEASE` and `UNLINK`, which lead back to where the request was.

Only who was verified has a request linked to another: or a stranger who asks first in the name of a person would have
that person's own request wait for theirs.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step that was taken: by whom, when, and the code that it names (a ground, a reason, a method)."""

    step: Step
    by: str
    at: int
    state: State
    code: str
    decision_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request, without a word of who the person is.

    Attributes:
        id: `dsr-` and hex digits.
        kind: what is wanted.
        law: by which law.
        state: what it is.
        before: the state that a pause, a hold or a link set aside.
        tenant: whose platform.
        person_kind: the type under which requests speak of the person.
        subject: the pseudonym; the request's own until somebody was verified.
        language: of the person.
        received_at: when it came.
        identity_asked_at: when the person was first asked to show who they are.
        verified_at: when that was shown.
        extended_at: when the time was extended.
        duplicate_of: the request that stands for it.
        steps: in their order.
    """

    id: str
    kind: DsrKind
    law: Law
    state: State
    tenant: str
    person_kind: str
    subject: str | None
    language: str
    received_at: int
    before: State | None = None
    identity_asked_at: int | None = None
    verified_at: int | None = None
    extended_at: int | None = None
    duplicate_of: str | None = None
    steps: tuple[Taken, ...] = ()

    @property
    def limit(self) -> Limit:
        """Return how long there is for it."""
        return clock_of(self.law.value, self.kind.value)

    @property
    def pace(self) -> Pace:
        """Return what its clock depends on."""
        return Pace(
            limit=self.limit,
            received_at=self.received_at,
            identity_asked_at=self.identity_asked_at,
            verified_at=self.verified_at,
            extended=self.extended_at is not None,
            ended_at=self.steps[-1].at if self.state in ENDED and self.steps else None,
        )

    @property
    def due_at(self) -> int:
        """Return when it is due, as far as is known; while its clock stands still, it is due later than this."""
        return self.pace.due(self.verified_at or self.received_at)

    @property
    def approvers(self) -> tuple[str, ...]:
        """Return who agreed to what it is now; whatever the person adds, others have to look at again."""
        found: list[str] = []
        for each in self.steps:
            if each.step in {Step.AGREE, Step.APPROVE}:
                found.append(each.by)
            elif each.step in {Step.ANSWER, Step.VERIFY}:
                found.clear()
        return tuple(found)

    @property
    def open(self) -> bool:
        """Tell whether something is still to be done about it."""
        return self.state not in ENDED


def state_after(state: State, step: Step, before: State | None = None) -> State:
    """Return where `step` leads from `state`; `before` is what was set aside.

    Raises:
        StepError: nowhere: it is no step from there.
    """
    if _ASIDE.get(step) is state and before is not None:
        return before
    if step not in TABLE[state]:
        raise StepError(f"`{step}` is no step of a request that is {state.replace('_', ' ')}")
    return TABLE[state][step]


def before_after(state: State, step: Step, before: State | None = None) -> State | None:
    """Return which state is set aside after `step`; a hold on what is paused keeps what the pause set aside."""
    if step in _SETS_ASIDE:
        return before or state
    return before if step is Step.EXTEND else None


def steps_from(state: State) -> tuple[Step, ...]:
    """Return which steps there are."""
    back = [step for step, aside in _ASIDE.items() if aside is state]
    return (*TABLE[state], *back)


_OF_RUNS: Final = (
    Step.BEGIN,
    Step.AWAIT_EXTERNAL,
    Step.REQUIRE_MANUAL,
    Step.MANUAL_DONE,
    Step.RETRY,
    Step.HOLD,
    Step.FAIL,
    Step.COMPLETE,
)


def steps_to(state: State, wanted: State, before: State | None = None) -> tuple[Step, ...]:
    """Return the steps by which a run leads to `wanted`: none where it is there, or where no run leads.

    What has been done is done: though somebody paused the request meanwhile, a run can say that it is complete.
    """
    steps = (*_OF_RUNS, Step.RESUME, Step.RELEASE) if wanted is State.COMPLETE else _OF_RUNS
    found: dict[tuple[State, State | None], tuple[Step, ...]] = {(state, before): ()}
    for at, path in _walk(found, steps):
        if at[0] is wanted:
            return path
    return ()


def _walk(
    found: dict[tuple[State, State | None], tuple[Step, ...]], steps: tuple[Step, ...]
) -> Iterator[tuple[tuple[State, State | None], tuple[Step, ...]]]:
    """Yield every place that steps lead to, the nearest first, and the way there."""
    waiting = list(found)
    while waiting:
        at = waiting.pop(0)
        yield at, found[at]
        for step in steps:
            if (after := _place_after(at, step)) is not None and after not in found:
                found[after] = (*found[at], step)
                waiting.append(after)


def _place_after(at: tuple[State, State | None], step: Step) -> tuple[State, State | None] | None:
    try:
        return state_after(at[0], step, at[1]), before_after(at[0], step, at[1])
    except StepError:
        return None
