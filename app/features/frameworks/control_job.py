"""The job that tests controls: what is due, results on record, findings, alerts, remediation, scores.

A result is put on record before it is kept: no evidence, no finding. Whether a remediation may be begun by itself,
policy says of each finding.
"""

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.alerts.outbox import post
from app.db import writing
from app.features.frameworks import dealing, due, scoring, statements_kept, telling
from app.features.frameworks.dealing import Remedies
from app.features.frameworks.declared import Controls, Declared
from app.features.frameworks.events import Events
from app.features.frameworks.history import Change, History, Told
from app.features.frameworks.keeping import Keeper
from app.features.frameworks.machine import Machine, UntestableError
from app.features.frameworks.rows import FindingRow, FrameworkScoreRow
from app.features.frameworks.standing import (
    UNSETTLED,
    AttestationShown,
    FindingState,
    ResultShown,
    all_attestations,
    findings,
    latest,
)
from app.jobs.job import Job, JobError, Run
from app.jobs.schedule import Every
from app.pdp.enforce import Permit
from app.pdp.errors import PdpError
from app.pdp.model import Entity, EvaluationRequest
from frameworks.control_test import ControlTest, Kind
from frameworks.testing import Outcome, Period, Result

_LOG = logging.getLogger(__name__)

TEST: Final = "frameworks.test_controls"
REMEDIATE: Final = "frameworks.remediate"
"""The names of the jobs; the second is an action as well, which the first asks for."""

_LOOK: Final = 60  # seconds between two looks at what is due
_HASTE: Final = 10  # seconds between two looks at what is wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A test that has to be made."""

    control: Declared
    test: ControlTest
    before: str | None  # the outcome of the last time
    said: tuple[AttestationShown, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A test that was made, over a period."""

    wanted: Wanted
    result: Result
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A control with some of its tests."""

    id: str
    tests: tuple[ControlTest, ...]


class ControlJob:
    """Tests controls again and again."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        controls: Controls,
        machine: Machine,
        remedies: Remedies,
        *,
        criteria: Mapping[str, Sequence[str]],
        enforce: Callable[[EvaluationRequest], Permit],
        note: Callable[[str, Mapping[str, Any]], None],
        targets: Sequence[str] = (),
        events: Events | None = None,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        """Begin.

        Args:
            controls: that are tested.
            machine: makes the tests over the log.
            remedies: what can be done about deviations.
            criteria: of each framework, `<framework>/<item>`.
            enforce: asks the decision point.
            note: puts a record into the log.
            targets: who is told of alerts.
            events: what happened lately; without it, tests are made on schedule alone.
            clock: Unix seconds.
            random: so many random bytes as hex.
        """
        self._controls, self._machine, self._remedies, self._criteria = controls, machine, remedies, criteria
        self._enforce, self._note, self._targets, self._events = enforce, note, targets, events
        self._clock, self._random = clock, random

    def jobs(self) -> list[Job]:
        """Return the jobs."""
        return [
            Job(
                name=TEST,
                title="test the controls that are due",
                schedule=Every(seconds=_LOOK),
                run=self.run,
                idle=lambda: not self.wanted(self._now()),
            ),
            Job(
                name=REMEDIATE,
                title="do what is wanted about findings",
                schedule=Every(seconds=_HASTE),
                run=self.remediate,
                idle=lambda: not dealing.waiting(),
            ),
        ]

    def wanted(self, now: datetime, *, asked: bool = False) -> list[Wanted]:
        """Return the tests that are due, or that something concerns which happened; all of them where it is `asked`."""
        last, said = latest(), all_attestations()
        happened = self._events.since(now) if self._events is not None else ()
        found = []
        for control in self._controls.values():
            for test in control.tests:
                before, stated = last.get(test.id), tuple(said.get(test.id, ()))
                tested = None if before is None else before.tested_at
                concerned = any(each.concerns(test, tested, now) for each in happened)
                if asked or concerned or due.due(test, tested, stated[0].at if stated else None, now):
                    outcome = None if before is None else before.outcome
                    found.append(Wanted(control=control, test=test, before=outcome, said=stated))
        return found

    def run(self, run: Run) -> Mapping[str, Any]:
        """Make the tests that are due, or all where none is: somebody wants to have it run.

        Raises:
            JobError: the log cannot be read.
        """
        now = self._now()
        try:
            made = self.made(self.wanted(now) or self.wanted(now, asked=True), now, run.stopping)
        except UntestableError as error:
            raise JobError(error.code, str(error)) from error
        for each in made:
            self._note(telling.TESTED, telling.record(each.result, each.period))
        steps = self._keep(run.permit, made, now)
        for step in steps:
            self._note(step.kind, step.record())
        begun = [self._begin(step, now) for step in steps if step.code in {"opened", "reopened"}]
        self._score(run.permit, now)
        wrong = sum(each.result.outcome in {Outcome.DEVIATIONS, Outcome.STALE} for each in made)
        return {"tests": len(made), "deviating": wrong, "findings": len(steps), "remediated": sum(begun)}

    def made(self, wanted: Sequence[Wanted], now: datetime, stopping: Callable[[], bool]) -> list[Made]:
        """Make tests: those of persons from what they stated, those of machines in one pass for each period.

        Raises:
            UntestableError: the log cannot be read.
        """
        began = self._machine.began()
        if began is None or began >= now:
            return []
        made = []
        passes: dict[Period, list[Wanted]] = {}
        for each in wanted:
            if each.test.kind is Kind.MACHINE:
                passes.setdefault(due.period(each.test, began, now), []).append(each)
            else:
                result = statements_kept.result(each.test, each.said, began, now)
                period = Period(start=max(began, now - timedelta(days=each.test.stale_after)), end=now)
                made.append(Made(wanted=each, result=result, period=period))
        for period, tests in sorted(passes.items(), key=lambda each: each[0].start, reverse=True):
            if stopping():
                break
            parts = [_Part(id=each.control.id, tests=(each.test,)) for each in tests]
            results = self._machine.results(parts, period, now)
            made += [Made(wanted=one, result=two, period=period) for one, two in zip(tests, results, strict=True)]
        return made

    def remediate(self, run: Run) -> Mapping[str, Any]:
        """Do what is wanted about findings."""
        steps = []
        for finding in dealing.waiting():
            if not run.stopping():
                steps += self._perform(run.permit, finding, REMEDIATE)
        return {"remediated": sum(each.state is FindingState.REMEDIATED for each in steps)}

    def _keep(self, permit: Permit, made: Sequence[Made], now: datetime) -> list[Told]:
        """Keep results and what follows from them, and that somebody is to be told of what is news."""
        with writing(permit) as session:
            keeper = Keeper(History(session, permit, now), TEST, self._random)
            steps = []
            for each in made:
                steps += keeper.keep(each.wanted.control, each.wanted.test, each.result, each.period)
                if alert := telling.recovered(
                    each.result, each.wanted.before or "", permit.decision_id, self._random(16), now
                ):
                    post(session, alert, self._targets)
            steps += keeper.times()
            for step in steps:
                if step.news:
                    post(session, telling.alert(step, permit.decision_id, self._random(16), now), self._targets)
        return steps

    def _begin(self, step: Told, now: datetime) -> bool:
        """Begin and do what a test declares about its finding, if policy lets that happen by itself."""
        if not step.remediation or step.remediation not in self._remedies:
            return False
        asked = EvaluationRequest(
            subject=Entity(type="job", id=TEST, properties={}),
            action=REMEDIATE,
            resource=Entity(type="finding", id=step.finding, properties=dealing.facts(step)),
            context={"by_hand": False, "note": ""},
        )
        try:
            permit = self._enforce(asked)
        except PdpError as error:
            _LOG.warning("finding %s is not remediated by itself: %s", step.finding, error.code)
            return False
        with writing(permit) as session:
            row = session.get(FindingRow, step.finding)
            if row is None or row.state != FindingState.OPEN:
                return False
            made = Change(state=FindingState.REMEDIATING, by=TEST, code="begun")
            History(session, permit, now).change(row, made)
        return any(each.state is FindingState.REMEDIATED for each in self._perform(permit, step.finding, TEST))

    def _perform(self, permit: Permit, finding: str, by: str) -> list[Told]:
        now = self._now()
        step = dealing.perform(permit, finding, self._remedies, by, now)
        if step is None:
            return []
        self._note(step.kind, step.record())
        if step.news:
            with writing(permit) as session:
                post(session, telling.alert(step, permit.decision_id, self._random(16), now), self._targets)
        return [step]

    def _score(self, permit: Permit, now: datetime) -> None:
        """Keep the score of each framework as it is now; the last one of a day stays."""
        outcomes = {test: Outcome(each.outcome) for test, each in latest().items() if not self._stale(each, now)}
        unsettled = {each.test for each in findings(states=UNSETTLED, most=100_000)}
        with writing(permit) as session:
            for framework, criteria in self._criteria.items():
                found = scoring.score(criteria, self._controls, outcomes, unsettled)
                session.merge(
                    FrameworkScoreRow(
                        framework=framework,
                        day=now.strftime("%Y-%m-%d"),
                        criteria=found.criteria,
                        effective=found.effective,
                        idle=found.idle,
                        deviating=found.deviating,
                        unknown=found.unknown,
                        decision_id=permit.decision_id,
                    )
                )

    def _stale(self, result: ResultShown, now: datetime) -> bool:
        """Tell whether a result is too old to say anything, or its test is not declared any more."""
        control = self._controls.get(result.control)
        tests = () if control is None else control.tests
        days = next((test.stale_after for test in tests if test.id == result.test), 0)
        return now >= result.tested_at + timedelta(days=days)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
