"""An incident: the steps that were taken, what it is after them, and the clocks that run for it. Pure.

Times are Unix seconds. A clock that was missed stays missed, whatever is found out or done later: it is judged by the
facts that stood when its time was up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from app.features.ai_act.policy_data import Clock

_HOUR: Final = 3_600


class Step(StrEnum):
    """What is done with an incident."""

    OPEN = "open"
    ASSESS = "assess"
    NOTIFY = "notify"
    CLOSE = "close"


class State(StrEnum):
    """What an incident is after its last step."""

    OPENED = "opened"
    ASSESSED = "assessed"
    NOTIFIED = "notified"
    CLOSED = "closed"


_AFTER: Final = {
    Step.OPEN: State.OPENED,
    Step.ASSESS: State.ASSESSED,
    Step.NOTIFY: State.NOTIFIED,
    Step.CLOSE: State.CLOSED,
}


class Standing(StrEnum):
    """How it stands with a clock at a time."""

    RUNNING = "running"
    SOON = "soon"  # the time is nearly up
    MISSED = "missed"
    MET = "met"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step that was taken, by whom and when; a notification names its recipient, the authority and its time."""

    step: Step
    by: str
    at: int
    text: str
    decision_id: str
    facts: Mapping[str, bool] | None = None
    recipient: str | None = None
    authority: str | None = None
    notified_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A clock of an incident: until when (None: without undue delay), and when its recipient was notified."""

    clock: Clock
    due: int | None
    notified_at: int | None

    def standing(self, now: int) -> Standing:
        """Return how it stands at `now`."""
        if self.due is not None and (now if self.notified_at is None else self.notified_at) > self.due:
            return Standing.MISSED
        if self.notified_at is not None:
            return Standing.MET
        if self.due is not None and self.due - self.clock.warn_hours * _HOUR <= now:
            return Standing.SOON
        return Standing.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An incident: when it became known, which system it concerns, its steps in their order."""

    id: str
    system: str | None
    known_at: int
    steps: tuple[Taken, ...]

    @property
    def state(self) -> State:
        """Return what it is."""
        return _AFTER[self.steps[-1].step]

    @property
    def facts(self) -> Mapping[str, bool]:
        """Return whom and what it concerns, as it was stated last."""
        return next(each.facts for each in reversed(self.steps) if each.facts is not None)

    @property
    def assessor(self) -> str | None:
        """Return who assessed it last."""
        return next((each.by for each in reversed(self.steps) if each.step is Step.ASSESS), None)

    def notified_at(self, recipient: str) -> int | None:
        """Return when a recipient was notified first."""
        times = [
            each.notified_at for each in self.steps if each.recipient == recipient and each.notified_at is not None
        ]
        return min(times, default=None)

    def clocks(self, clocks: Sequence[Clock]) -> tuple[Running, ...]:
        """Return those of `clocks` that run by what is known last, the first to end first."""
        return self._of(clocks, self.facts)

    def waiting(self, clocks: Sequence[Clock]) -> int:
        """Return how many clocks run whose recipient has not been notified."""
        return sum(each.notified_at is None for each in self.clocks(clocks))

    def missed(self, clocks: Sequence[Clock], now: int) -> tuple[Running, ...]:
        """Return the clocks that ran out without a notification, by the facts that stood then."""
        found: dict[str, Running] = {}
        for facts, end in self._spans(now):
            for each in self._of(clocks, facts):
                if each.due is not None and each.due < end and each.standing(now) is Standing.MISSED:
                    found.setdefault(each.clock.id, each)
        return tuple(sorted(found.values(), key=_order))

    def _of(self, clocks: Sequence[Clock], facts: Mapping[str, bool]) -> tuple[Running, ...]:
        found = [
            Running(
                clock=each,
                due=None if each.hours is None else self.known_at + each.hours * _HOUR,
                notified_at=self.notified_at(each.recipient),
            )
            for each in clocks
            if each.runs(facts)
        ]
        return tuple(sorted(found, key=_order))

    def _spans(self, now: int) -> Iterator[tuple[Mapping[str, bool], int]]:
        """Yield which facts stood, and until when, of what was stated by `now`."""
        stated = [(each.facts, each.at) for each in self.steps if each.facts is not None and each.at <= now]
        ends = [*(at for _, at in stated[1:]), now]
        for (facts, _), end in zip(stated, ends, strict=False):  # nothing stated: nothing stood
            yield facts, end


def _order(running: Running) -> tuple[bool, int, str]:
    return running.due is None, running.due or 0, running.clock.id


def moment(seconds: int) -> str:
    """Return a time (Unix seconds) as policies read it: RFC 3339, UTC, seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text: str) -> int:
    """Return a time that `moment` would write, or a date as its first second, as Unix seconds.

    Raises:
        ValueError: it is none.
    """
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
