"""Results kept, and what follows from them for findings: opened, grown, opened again, closed. In one transaction.

A deviation of a record is found once and for all: its place is its name. What is so at a time (the configuration, a
statement that is missing) is found once until it has been right again.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from app.features.frameworks.declared import Declared
from app.features.frameworks.history import Change, History, Told, fresh_id
from app.features.frameworks.rows import ControlResultRow, FindingDeviationRow, FindingRow
from app.features.frameworks.standing import DeviationShown, FindingState, milliseconds, stored
from frameworks.control_test import ControlTest, Kind
from frameworks.testing import Deviation, Outcome, Period, Result

_STANDING: Final = (FindingState.OPEN, FindingState.ACCEPTED)
_LATE: Final = "overdue"
_RUNNING: Final = (*_STANDING, FindingState.REMEDIATING)


class Keeper:
    """Keeps results within the transaction of `history`. `by` is the job, `random` returns random hex."""

    def __init__(self, history: History, by: str, random: Callable[[int], str]) -> None:
        self._history, self._session, self._now = history, history.session, history.now
        self._by, self._random = by, random

    def keep(self, control: Declared, test: ControlTest, result: Result, period: Period) -> list[Told]:
        """Keep a result, and return what became of findings of its test."""
        self._session.add(_row(result, period, self._now, self._history.permit.decision_id))
        if result.outcome is Outcome.NOT_TESTED:
            return []
        steps = []
        for lasting in (True, False):
            part = {_name(each, lasting=lasting): each for each in result.deviations if _lasts(test, each) is lasting}
            fresh = self._fresh(test, part, lasting=lasting)
            steps += self._found(control, test, fresh, lasting=lasting) if fresh else []
            steps += self._settle(test, settled=not (fresh if lasting else part), lasting=lasting)
        return steps

    def times(self) -> list[Told]:
        """Return what became of findings because a time has come: an acceptance has ended, one is overdue."""
        at = milliseconds(self._now)
        accepted = col(FindingRow.state) == FindingState.ACCEPTED
        ended = self._locked(accepted, col(FindingRow.accepted_until) <= at)
        steps = [self._change(row, FindingState.OPEN, "acceptance_ended", news=True) for row in ended]
        waiting = col(FindingRow.state).in_([FindingState.OPEN, FindingState.REMEDIATING])
        late = [row for row in self._locked(waiting, col(FindingRow.due_at) <= at) if not self._history.has(row, _LATE)]
        return steps + [self._change(row, FindingState(row.state), _LATE, news=True) for row in late]

    def _fresh(self, test: ControlTest, part: Mapping[str, Deviation], *, lasting: bool) -> dict[str, Deviation]:
        """Return the deviations that are not known, by name."""
        keys = select(FindingDeviationRow.key).where(col(FindingDeviationRow.test) == test.id)
        if lasting:
            known = set(self._session.exec(keys.where(col(FindingDeviationRow.key).in_(part))))
        else:
            running = select(FindingRow.id).where(col(FindingRow.state).in_(_RUNNING))
            found = self._session.exec(keys.where(col(FindingDeviationRow.finding).in_(running)))
            known = {key.partition(":")[2] for key in found}
        return {name: each for name, each in part.items() if name not in known}

    def _found(
        self, control: Declared, test: ControlTest, fresh: Mapping[str, Deviation], *, lasting: bool
    ) -> list[Told]:
        """Put new deviations into a finding: one that is open, one that was thought to be mended, or one more."""
        states = [FindingState.OPEN] if lasting else [FindingState.OPEN, FindingState.REMEDIATED]
        rows = self._of(test, states, lasting=lasting)
        if rows:
            row = rows[-1]
            code = "grew" if row.state == FindingState.OPEN else "reopened"
        else:
            row = self._history.open(control, test, fresh_id(self._random), lasting=lasting)
            code = "opened"
        keys = {name if lasting else f"{row.id}:{name}": each for name, each in fresh.items()}
        known = self._session.exec(select(FindingDeviationRow.key).where(col(FindingDeviationRow.finding) == row.id))
        for key in known:
            keys.pop(key, None)
        self._history.add(row, keys)
        step = self._change(row, FindingState.OPEN, code, news=code != "grew")
        return [replace(step, positions=tuple(each.position for each in fresh.values() if each.position))]

    def _settle(self, test: ControlTest, *, settled: bool, lasting: bool) -> list[Told]:
        """Close the findings that a result shows to be dealt with: nothing new came, or all is right again."""
        if not settled:
            return []
        mended = [FindingState.REMEDIATED]
        states, code = (mended, "confirmed") if lasting else ([*mended, *_STANDING], "right_again")
        rows = self._of(test, states, lasting=lasting)
        return [self._change(row, FindingState.CLOSED, code) for row in rows]

    def _of(self, test: ControlTest, states: Collection[FindingState], *, lasting: bool) -> Sequence[FindingRow]:
        mine = col(FindingRow.test) == test.id, col(FindingRow.lasting) == lasting
        return self._locked(*mine, col(FindingRow.state).in_(states))

    def _locked(self, *conditions: ColumnElement[bool]) -> Sequence[FindingRow]:
        order = col(FindingRow.opened_at), col(FindingRow.id)
        return self._session.exec(select(FindingRow).where(*conditions).order_by(*order).with_for_update()).all()

    def _change(self, row: FindingRow, state: FindingState, code: str, *, news: bool = False) -> Told:
        made = Change(state=state, by=self._by, code=code)
        return self._history.change(row, made, news=news)


def _lasts(test: ControlTest, deviation: Deviation) -> bool:
    """Tell whether a deviation happened, so that it cannot become right again."""
    if test.population is not None and test.population.configuration is not None:
        return False
    return test.kind is Kind.MACHINE or bool(deviation.position)


def _name(deviation: Deviation, *, lasting: bool) -> str:
    """Return what tells a deviation from others of its test, for as long as it is one."""
    if lasting:
        return deviation.position or f"gap:{deviation.time}"
    if not deviation.position:  # something is missing, and has been for longer each time
        return "gap"
    return hashlib.sha256(f"{deviation.position}\0{deviation.reason}".encode()).hexdigest()[:32]


def _row(result: Result, period: Period, now: datetime, decision_id: str) -> ControlResultRow:
    rows = result.population
    shown = [DeviationShown(position=each.position, time=each.time, reason=each.reason) for each in result.deviations]
    return ControlResultRow(
        test=result.test,
        tested_at=milliseconds(now),
        control=result.control,
        kind=result.kind.value,
        outcome=result.outcome.value,
        period_start=milliseconds(period.start),
        period_end=milliseconds(period.end),
        query=rows.query,
        population=rows.count,
        population_sha256=rows.sha256,
        first=rows.first,
        last=rows.last,
        first_time=rows.first_time,
        last_time=rows.last_time,
        revisions=json.dumps(list(rows.revisions)),
        deviation_count=result.deviation_count,
        deviations=stored(shown),
        decision_id=decision_id,
    )
