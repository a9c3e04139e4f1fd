"""How a check is judged over rows as they come: one judge for each test, which remembers as little as it can.

`each`, `none` and `at_most` without `within` remember nothing of a row but its deviation; `at_least_every` two times of
each stretch as long as its gap; `followed`, `preceded` and `at_most` with `within` key and time of each row.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol

from frameworks import condition
from frameworks.checks import AtLeastEvery, AtMost, Check, Each, Followed, Linked, NoRow, Unbroken, duration
from frameworks.condition import MISSING
from frameworks.population import Selection
from frameworks.results import Deviation, Row, in_microseconds, instant, written

SHOWN: Final = 100
"""Deviations that a result names; the others are counted."""

_NO_KEY: Final = "nothing stands at `{}`, by which rows are told apart"


@dataclass(slots=True)
class Found:
    """Deviations as they are found."""

    count: int = 0
    first: list[Deviation] = field(default_factory=list)

    def add(self, position: str, time: str, reason: str) -> None:
        """Count one more, and keep it if it is among the first."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(Deviation(position=position, time=time, reason=reason))

    def gap(self, begin: int, end: int) -> None:
        """Count a time in which something is missing."""
        self.add("", written(begin), f"nothing from {written(begin)} to {written(end)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """From when to when it is tested, and when that is done, in microseconds since 1970."""

    start: int
    end: int
    now: int

    @property
    def known_to(self) -> int:
        """Return up to when something can have happened."""
        return min(self.end, self.now)


class Judge(Protocol):
    """Judges the rows of one population."""

    def take(self, row: Row, found: Found) -> None:
        """Take the next row of the population."""

    def witness(self, row: Row) -> None:
        """Take the next row of the population that the rows are held against."""

    def finish(self, found: Found) -> None:
        """Say what can be said only once every row is known."""


def witnesses(check: Check) -> Selection | None:
    """Return against which rows a check holds those of its population, if it does."""
    return check.by if isinstance(check, Linked) else None


def reach(check: Check) -> tuple[timedelta, timedelta]:
    """Return for how long before and behind a period a check wants rows."""
    nothing = timedelta()
    match check:
        case Followed():
            return nothing, check.within
        case Linked():
            return check.within, nothing
        case _:
            return nothing, nothing


def judge(check: Check, bounds: Bounds) -> Judge:
    """Return who judges by a check."""
    match check:
        case Each():
            return _Eacher(check)
        case NoRow():
            return _Refuser()
        case Linked():
            return _Linker(check, bounds)
        case AtLeastEvery():
            return _Clock(check, bounds)
        case Unbroken():
            return _Counted()
        case AtMost():
            return _Limiter(check) if check.within is None else _Window(check, check.within)


class _Counted:
    """Judges nothing: what there is to be said is said elsewhere, or by the others."""

    def take(self, row: Row, found: Found) -> None:
        pass

    def witness(self, row: Row) -> None:
        pass

    def finish(self, found: Found) -> None:
        pass


class _Eacher(_Counted):
    def __init__(self, check: Each) -> None:
        self._holds = condition.holds_all(check.conditions)
        self._each = [(condition.holds(each), f"`{each.text}` does not hold") for each in check.conditions]

    def take(self, row: Row, found: Found) -> None:
        if not self._holds(row.document):
            reasons = [reason for holds, reason in self._each if not holds(row.document)]
            found.add(row.position, row.time, "; ".join(reasons))


class _Refuser(_Counted):
    def take(self, row: Row, found: Found) -> None:
        found.add(row.position, row.time, "there should be none")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A row that wants others; `other` is what theirs must differ from."""

    position: str
    at: int
    keys: tuple[Any, ...]
    other: Any


class _Linker(_Counted):
    """`followed` and `preceded`."""

    def __init__(self, check: Linked, bounds: Bounds) -> None:
        self._check, self._now = check, bounds.now
        self._later, self._within = isinstance(check, Followed), in_microseconds(check.within)
        self._key, self._by_key = condition.walk(check.key), condition.walk(check.by_key)
        self._distinct = condition.walk(check.distinct) if check.distinct else None
        self._other = condition.walk(check.other_than) if check.other_than else None
        self._rows: list[_Waiting] = []
        self._by: dict[Any, list[tuple[int, str, Any]]] = defaultdict(list)

    def take(self, row: Row, found: Found) -> None:
        at = instant(row.time)
        if self._later and at + self._within >= self._now:
            return  # its time is not up
        keys = _keys(self._key(row.document))
        if not keys:
            found.add(row.position, row.time, _NO_KEY.format(self._check.key))
            return
        other = self._other(row.document) if self._other else MISSING
        if self._other and not _is_key(other):
            found.add(row.position, row.time, _NO_KEY.format(self._check.other_than))
            return
        self._rows.append(_Waiting(row.position, at, keys, other))

    def witness(self, row: Row) -> None:
        value = self._distinct(row.document) if self._distinct else row.position
        if _is_key(value):
            for key in _keys(self._by_key(row.document)):
                self._by[key].append((instant(row.time), row.position, value))

    def finish(self, found: Found) -> None:
        for each in self._by.values():
            each.sort()
        for row in self._rows:
            least = min(len(self._seen(row, key)) for key in row.keys)
            if least < self._check.at_least:
                found.add(row.position, written(row.at), self._reason(least))

    def _seen(self, row: _Waiting, key: Any) -> set[Any]:
        there = self._by.get(key, ())
        first, last = (row.at, row.at + self._within) if self._later else (row.at - self._within, row.at)
        begin = bisect_left(there, first, key=_at)
        end = bisect_right(there, last, key=_at)
        return {value for _, position, value in there[begin:end] if position != row.position and value != row.other}

    def _reason(self, seen: int) -> str:
        way = "followed" if self._later else "preceded"
        what = f" distinct `{self._check.distinct}`" if self._check.distinct else ""
        return f"{way} within {duration(self._check.within)} by {seen}{what}, not {self._check.at_least}"


class _Clock(_Counted):
    """`at_least_every`. Within one stretch as long as the gap there is none: its first and last time are enough."""

    def __init__(self, check: AtLeastEvery, bounds: Bounds) -> None:
        self._gap, self._bounds = in_microseconds(check.gap), bounds
        self._stretches: dict[int, tuple[int, int]] = {}

    def take(self, row: Row, found: Found) -> None:  # noqa: ARG002 - nothing is known yet
        at = instant(row.time)
        first, last = self._stretches.get(at // self._gap, (at, at))
        self._stretches[at // self._gap] = min(first, at), max(last, at)

    def finish(self, found: Found) -> None:
        before = self._bounds.start
        for _, (first, last) in sorted(self._stretches.items()):
            if first - before > self._gap:
                found.gap(before, first)
            before = last
        if self._bounds.known_to - before > self._gap:
            found.gap(before, self._bounds.known_to)


class _Limiter(_Counted):
    """`at_most` over the whole period."""

    def __init__(self, check: AtMost) -> None:
        self._check = check
        self._per = condition.walk(check.per) if check.per else None
        self._seen: Counter[Any] = Counter()

    def take(self, row: Row, found: Found) -> None:
        key = self._per(row.document) if self._per else ""
        if not _is_key(key):
            found.add(row.position, row.time, _NO_KEY.format(self._check.per))
            return
        self._seen[key] += 1
        if self._seen[key] > self._check.count:
            found.add(row.position, row.time, f"more than {self._check.count}")


class _Window(_Counted):
    """`at_most` in any time of one length."""

    def __init__(self, check: AtMost, within: timedelta) -> None:
        self._check, self._within, self._length = check, within, in_microseconds(within)
        self._per = condition.walk(check.per) if check.per else None
        self._seen: dict[Any, list[tuple[int, str]]] = defaultdict(list)

    def take(self, row: Row, found: Found) -> None:
        key = self._per(row.document) if self._per else ""
        if not _is_key(key):
            found.add(row.position, row.time, _NO_KEY.format(self._check.per))
            return
        self._seen[key].append((instant(row.time), row.position))

    def finish(self, found: Found) -> None:
        reason = f"more than {self._check.count} within {duration(self._within)}"
        over: list[tuple[int, str]] = []
        for rows in self._seen.values():
            rows.sort()
            count = self._check.count
            over += [row for number, row in enumerate(rows[count:]) if row[0] - rows[number][0] < self._length]
        for at, position in sorted(over):
            found.add(position, written(at), reason)


class Chains:
    """Whether numbers and hashes of every chain follow each other, over all records of whomever."""

    def __init__(self) -> None:
        self._chain, self._seq, self._leaf = "", -1, ""

    def take(self, row: Row) -> str | None:
        """Hold a record against the one before it, and return what is wrong with it, if something is."""
        reason = self._reason(row)
        self._chain, self._seq, self._leaf = row.chain, row.seq, row.leaf
        return reason

    def _reason(self, row: Row) -> str | None:
        prev = row.document.get("prev")
        if row.chain != self._chain:
            if row.seq == 0 and prev != "0" * 64:
                return "is the first of its chain, and names one before it"
            return None
        if row.seq != self._seq + 1:
            return f"{self._chain}-{self._seq} is the record before it"
        return None if prev == self._leaf else "does not name the leaf hash of the record before it"


def _at(entry: tuple[int, str, Any]) -> int:
    return entry[0]


def _is_key(value: Any) -> bool:
    return type(value) is str or type(value) is int


def _keys(value: Any) -> tuple[Any, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(values) if all(map(_is_key, values)) else ()
