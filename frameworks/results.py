"""Rows, and what tests of controls show over them: values alone, and how they write times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from frameworks.control_test import Kind

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Outcome(StrEnum):
    """What a test showed."""

    EFFECTIVE = "effective"
    DEVIATIONS = "deviations"
    DID_NOT_OCCUR = "did_not_occur"
    STALE = "stale"
    NOT_TESTED = "not_tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `start` to before `end`, UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record: where it stands, its time as it stands in it, its leaf hash in hex, and all of it as JSON."""

    chain: str
    seq: int
    time: str
    leaf: str
    document: Mapping[str, Any]

    @property
    def position(self) -> str:
        """Return `<chain>-<seq>`."""
        return f"{self.chain}-{self.seq}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """What is not as the control wants it: `<chain>-<seq>` of a row, or "" where something is missing."""

    position: str
    time: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """All rows that a test is about.

    `sha256` is over the 32-byte leaf hashes of its rows in the order of (chain, seq); `first` and `last` are positions
    in that order, `first_time` and `last_time` the earliest and the latest time, `revisions` the policy revisions of
    its rows in the order of their names.
    """

    query: str
    count: int
    sha256: str
    first: str
    last: str
    first_time: str
    last_time: str
    revisions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one test showed. `deviations` are the first 100 of `deviation_count`.

    `effective` is the time of the newest thing it rests on, "" where it rests on nothing; `collected` when it was
    taken from the log, which is `tested_at`.
    """

    test: str
    control: str
    kind: Kind
    outcome: Outcome
    population: Population
    deviations: tuple[Deviation, ...]
    deviation_count: int
    tested_at: str
    effective: str
    collected: str


def instant(time: str) -> int:
    """Return a time of a record in microseconds since 1970.

    Raises:
        ValueError: it is no time.
    """
    return in_microseconds(datetime.fromisoformat(time) - _EPOCH)


def in_microseconds(span: timedelta) -> int:
    """Return a duration in microseconds."""
    return span // _MICROSECOND


def written(instant: int) -> str:
    """Return microseconds since 1970 as records write times."""
    return time_text(_EPOCH + instant * _MICROSECOND)


def time_text(time: datetime) -> str:
    """Return a time as records write it: UTC, six digits of fraction. Such texts order as the times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
