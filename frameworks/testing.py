"""Tests of controls over the rows of a period: one pass, each result with its population and its deviations.

The log alone is asked: rows are its records, and what persons attest is a record too. The configuration is asked only
while the period is open, and whoever has rows of it hands them in. Memory does not grow with the rows, but for what
`frameworks.judging` has to remember.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from frameworks.checks import AtLeastEvery, Unbroken
from frameworks.condition import Holds, walk
from frameworks.control_test import ControlTest, Kind
from frameworks.judging import Bounds, Chains, Found, Judge, judge, reach, witnesses
from frameworks.population import Selection
from frameworks.results import Deviation, Outcome, Period, Population, Result, Row, instant, time_text
from frameworks.statements import SECOND_WITHIN, Statements, countersignatures, statements

__all__ = ["Controlled", "Deviation", "Outcome", "Period", "Population", "Result", "Row", "Testing"]

SYSTEM: Final = "system"
"""The tenant of the service's own records, which are everybody's."""

_revision: Final = walk("body.policy.revision")

Sink = Callable[[str, Row], None]
"""Is told each row of a population, with the id of the test."""


class Controlled(Protocol):
    """What is asked of a control here: its id and its tests."""

    @property
    def id(self) -> str:
        """Return its id."""

    @property
    def tests(self) -> tuple[ControlTest, ...]:
        """Return its tests."""


@dataclass(slots=True)
class _Counting:
    """The rows of one population as they come."""

    count: int = 0
    first: Row | None = None
    last: Row | None = None
    first_time: str = ""
    last_time: str = ""
    revisions: set[str] = field(default_factory=set)
    digest: Any = field(default_factory=hashlib.sha256)

    def take(self, row: Row) -> None:
        time = row.time
        if self.first is None:
            self.first, self.first_time, self.last_time = row, time, time
        elif time < self.first_time:
            self.first_time = time
        elif time > self.last_time:
            self.last_time = time
        self.count += 1
        self.last = row
        self.digest.update(bytes.fromhex(row.leaf))
        revision = _revision(row.document)
        if type(revision) is str:
            self.revisions.add(revision)

    def population(self, query: str) -> Population:
        return Population(
            query=query,
            count=self.count,
            sha256=self.digest.hexdigest(),
            first=self.first.position if self.first else "",
            last=self.last.position if self.last else "",
            first_time=self.first_time,
            last_time=self.last_time,
            revisions=tuple(sorted(self.revisions)),
        )


@dataclass(slots=True, kw_only=True)
class _Running:
    """One test as it runs; `counting` counts its population, which others may have too."""

    test: ControlTest
    judge: Judge
    counting: _Counting
    selection: Selection
    found: Found = field(default_factory=Found)
    asked: bool = True

    def result(self, tested_at: str) -> Result:
        if self.asked:
            self.judge.finish(self.found)
        effective = self.judge.newest if isinstance(self.judge, Statements) else self.counting.last_time
        return Result(
            test=self.test.id,
            control=self.test.control,
            kind=self.test.kind,
            outcome=self._outcome(),
            population=self.counting.population(self.selection.query),
            deviations=tuple(self.found.first),
            deviation_count=self.found.count,
            tested_at=tested_at,
            effective=effective,
            collected=tested_at,
        )

    def _outcome(self) -> Outcome:
        if not self.asked:
            return Outcome.NOT_TESTED
        if isinstance(self.judge, Statements):
            return self.judge.outcome(self.found)
        if self.found.count:
            return Outcome.DEVIATIONS
        needs_none = isinstance(self.test.check, (AtLeastEvery, Unbroken))
        return Outcome.EFFECTIVE if self.counting.count or needs_none else Outcome.DID_NOT_OCCUR


@dataclass(slots=True)
class _Gathering:
    """One population and the tests that are about it; `since`, `until`: from when to before when, as text."""

    selection: Selection
    since: str
    until: str
    counting: _Counting = field(default_factory=_Counting)
    tests: list[_Running] = field(default_factory=list)
    holds: Holds | None = None

    def __post_init__(self) -> None:
        self.holds = self.selection.conditions

    def take(self, row: Row, sink: Sink | None) -> None:
        """Take a record of a type and an action that are wanted."""
        if self.since <= row.time < self.until and (self.holds is None or self.holds(row.document)):
            self.gather(row, sink)

    def gather(self, row: Row, sink: Sink | None) -> None:
        self.counting.take(row)
        for each in self.tests:
            each.judge.take(row, each.found)
            if sink is not None:
                sink(each.test.id, row)


@dataclass(slots=True)
class _Watching:
    """The rows that those of a test are held against."""

    selection: Selection
    judge: Judge
    holds: Holds | None = None

    def __post_init__(self) -> None:
        self.holds = self.selection.conditions

    def take(self, row: Row, _sink: Sink | None) -> None:
        """Take a record of a type and an action that are wanted."""
        if self.holds is None or self.holds(row.document):
            self.judge.witness(row)


class Testing:
    """Tests of some controls over the rows of one period."""

    def __init__(
        self,
        controls: Iterable[Controlled],
        period: Period,
        *,
        now: datetime,
        sink: Sink | None = None,
        tenant: str | None = None,
    ) -> None:
        """Prepare the tests.

        Args:
            controls: whose tests they are; results come in their order.
            period: what is tested. Where it ends later than `now`, what is still to come is missed by nobody.
            now: when it is tested.
            sink: is told each row of each population, with the id of the test.
            tenant: whose records are asked, with the service's own; None: all. What is asked of chains is asked of all.
        """
        self._sink, self._tenants, self._now = sink, None if tenant is None else {tenant, SYSTEM}, now
        bounds = Bounds(
            start=instant(time_text(period.start)), end=instant(time_text(period.end)), now=instant(time_text(now))
        )
        self._period = period
        self._since, self._until = time_text(period.start), time_text(period.end)
        self._reach = period
        self._gatherings: dict[tuple[str, str], _Gathering] = {}
        self._watching: list[_Watching] = []
        self._running = [self._prepared(test, bounds) for control in controls for test in control.tests]
        self._chains, self._unbroken = Chains(), [each for each in self._running if _is_unbroken(each)]
        self._of: dict[tuple[Any, Any], tuple[_Gathering | _Watching, ...]] = {}

    @property
    def reach(self) -> Period:
        """Return from when to when rows are wanted: the period, and what its rows are held against."""
        return self._reach

    def take(self, row: Row) -> None:
        """Take the next record: chains in the order of their names, records of a chain in that of their numbers."""
        document = row.document
        if self._unbroken and (reason := self._chains.take(row)) and self._since <= row.time < self._until:
            for running in self._unbroken:
                running.found.add(row.position, row.time, reason)
        if self._tenants is not None and document.get("tenant") not in self._tenants:
            return
        body = document.get("body")
        action = body.get("action") if isinstance(body, dict) else None
        key = document.get("type"), action if isinstance(action, str) else None
        if (asked := self._of.get(key)) is None:
            asked = self._of[key] = self._asked(*key)
        for each in asked:
            each.take(row, self._sink)

    def wants(self, configuration: str) -> bool:
        """Tell whether a test is about this part of the configuration."""
        return any(each.selection.configuration == configuration for each in self._running)

    def take_configuration(self, name: str, rows: Iterable[Row]) -> None:
        """Take all rows of one part of the configuration; a part that is not taken is not tested."""
        concerned = [each for each in self._gatherings.values() if each.selection.configuration == name]
        for gathering in concerned:
            for running in gathering.tests:
                running.asked = True
        for row in rows:
            for gathering in concerned:
                if gathering.selection.has(row.document):
                    gathering.gather(row, self._sink)

    def finish(self) -> list[Result]:
        """Return the result of each test, in the order of controls and tests."""
        tested_at = time_text(self._now)
        return [each.result(tested_at) for each in self._running]

    def _prepared(self, test: ControlTest, bounds: Bounds) -> _Running:
        if test.population is None or test.check is None:
            earlier = timedelta(days=test.stale_after)
            self._reaches(earlier, SECOND_WITHIN if test.second_role else timedelta())
            said = Statements(test, bounds)
            return self._begun(test, said, statements(test), countersignatures(test), self._period.start - earlier)
        self._reaches(*reach(test.check))
        return self._begun(test, judge(test.check, bounds), test.population, witnesses(test.check), self._period.start)

    def _begun(
        self, test: ControlTest, judge: Judge, selection: Selection, watched: Selection | None, since: datetime
    ) -> _Running:
        begins = time_text(since)
        key = selection.query, begins
        if (gathering := self._gatherings.get(key)) is None:
            gathering = self._gatherings[key] = _Gathering(selection, begins, self._until)
        running = _Running(
            test=test,
            judge=judge,
            counting=gathering.counting,
            selection=selection,
            asked=selection.configuration is None,
        )
        gathering.tests.append(running)
        if watched is not None:
            self._watching.append(_Watching(watched, judge))
        return running

    def _reaches(self, earlier: timedelta, later: timedelta) -> None:
        start = min(self._reach.start, self._period.start - earlier)
        end = max(self._reach.end, min(self._period.end + later, self._now))
        self._reach = Period(start=start, end=end)

    def _asked(self, kind: Any, action: Any) -> tuple[_Gathering | _Watching, ...]:
        """Return what is asked of records of one type and action."""
        every: list[_Gathering | _Watching] = [*self._gatherings.values(), *self._watching]
        return tuple(each for each in every if _may_have(each.selection, kind, action))


def _is_unbroken(running: _Running) -> bool:
    return running.test.kind is Kind.MACHINE and isinstance(running.test.check, Unbroken)


def _may_have(selection: Selection, kind: Any, action: Any) -> bool:
    if selection.configuration or (selection.types and kind not in selection.types):
        return False
    return not selection.actions or action in selection.actions
