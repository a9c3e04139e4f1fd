"""Counts of what came out otherwise, with a few examples each; they add up, in whatever order they come. Pure.

Holds names, numbers and decision ids, and what was asked only where somebody wants it shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

UNKNOWN: Final = "(unknown)"
"""What a kind of subject or an action is called that no policy took: it is anybody's free text."""

EXAMPLES: Final = 5
_MOST_FLIPS: Final = 2_000
_MORE: Final = "(more)"


class Change(StrEnum):
    """How a result differs."""

    ALLOWED = "deny to allow"
    DENIED = "allow to deny"
    OTHER = "another result"  # the same answer for other reasons: under the bundle that decided, that may not be


class Apart(StrEnum):
    """Why a decision was not decided again."""

    ERASED = "person erased: the key was destroyed"
    PAYLOAD = "payload gone: the request was kept beside the record, and deleted"
    CUT_OFF = "not reproducible: the evaluation was cut off by time, memory or load"
    UNREADABLE = "cannot be opened: not what was sealed, or a damaged key"
    NO_BUNDLE = "bundle gone: the one that decided is not kept here"
    BROKEN = "the engine broke down"
    EXPIRED = "expired: the segment was deleted at its end"


class Flip(NamedTuple):
    """What came out otherwise: which way, of which action, for which kind of subject, by which rules."""

    change: Change
    action: str
    subject: str
    rules: tuple[str, ...]


class Example(NamedTuple):
    """One decision: its time, its id, and what was asked if that is to be shown."""

    time: str
    decision_id: str
    asked: str = ""


@dataclass(slots=True)
class Counted:
    """How many, and the earliest few."""

    count: int = 0
    examples: list[Example] = field(default_factory=list)

    def add(self, count: int, examples: list[Example]) -> None:
        """Take in more."""
        self.count += count
        if examples:
            self.examples = sorted([*self.examples, *examples])[:EXAMPLES]


@dataclass(slots=True)
class Tally:
    """What became of decisions.

    Attributes:
        same: how many came out the same, byte for byte.
        reasons: how many have the same answer, and other gates, violations or obligations.
        flips: what came out otherwise.
        apart: what was not decided again.
    """

    same: int = 0
    reasons: int = 0
    flips: dict[Flip, Counted] = field(default_factory=dict)
    apart: dict[Apart, Counted] = field(default_factory=dict)

    @property
    def decisions(self) -> int:
        """Return how many decisions were looked at."""
        return self.same + self.reasons + self.of(*Change) + sum(each.count for each in self.apart.values())

    def of(self, *changes: Change) -> int:
        """Return how many came out otherwise in these ways."""
        return sum(counted.count for flip, counted in self.flips.items() if flip.change in changes)

    def flip(self, flip: Flip, example: Example) -> None:
        """Count one that came out otherwise."""
        self._flips(flip).add(1, [example])

    def put_apart(self, why: Apart, example: Example | None = None, *, count: int = 1) -> None:
        """Count what was not decided again."""
        self.apart.setdefault(why, Counted()).add(count, [example] if example else [])

    def merge(self, other: "Tally") -> None:
        """Take in another."""
        self.same += other.same
        self.reasons += other.reasons
        for flip, counted in other.flips.items():
            self._flips(flip).add(counted.count, counted.examples)
        for why, counted in other.apart.items():
            self.apart.setdefault(why, Counted()).add(counted.count, counted.examples)

    def _flips(self, flip: Flip) -> Counted:
        """Return where a flip is counted: with all the others of its kind, once there are too many to tell apart."""
        if flip not in self.flips and len(self.flips) >= _MOST_FLIPS:
            flip = Flip(flip.change, _MORE, _MORE, (_MORE,))
        return self.flips.setdefault(flip, Counted())


def change_of(recorded: Mapping[str, Any], again: Mapping[str, Any]) -> Change:
    """Return how two results, which differ, differ."""
    if recorded["allow"] == again["allow"]:
        return Change.OTHER
    return Change.ALLOWED if again["allow"] else Change.DENIED


def rules_of(change: Change, recorded: Mapping[str, Any], again: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the rules that made the difference.

    Those are the gates that deny in the one of the two that denies, or the codes of its diagnostics; of two results
    with one answer, whatever stands in one of them alone.
    """
    match change:
        case Change.ALLOWED:
            return _denying(recorded)
        case Change.DENIED:
            return _denying(again)
        case Change.OTHER:
            one, other = ({*result["failed"], *_codes(result)} for result in (recorded, again))
            return tuple(sorted(one ^ other)) or ("(obligations or wording)",)


def _denying(result: Mapping[str, Any]) -> tuple[str, ...]:
    overridden = {each["gate"] for each in result.get("overrides", ())}
    gates = {each["id"] for each in result["violations"] if each["enforcement"] == "blocking"} - overridden
    return tuple(sorted(gates | _codes(result)))


def _codes(result: Mapping[str, Any]) -> set[str]:
    return {each["code"] for each in result["diagnostics"]}
