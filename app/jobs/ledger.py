"""The runs of jobs, as the database keeps them: who may begin one, and how each ended.

Owns the rows. A run belongs to who inserted it, or took it over; whoever lost it learns that when it says how it ended.
"""

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from app.jobs.rows import JobRunRow
from app.jobs.schedule import Due
from app.pdp.enforce import Permit

Reading = Callable[[], AbstractContextManager[Session]]
Writing = Callable[[Permit], AbstractContextManager[Session]]

LEADER_LOST: Final = "leader_lost"
"""Code of a run whose process ended before it did."""

_MOST_DETAIL: Final = 4_096
_TOO_LONG: Final = "{}"


class State(StrEnum):
    """How a run stands."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended: `code` says why it failed."""

    state: State
    code: str | None = None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The how manyth attempt at which run of a job; `job` as the rows name it."""

    job: str
    due: Due
    number: int


class Ledger:
    """The runs. `runner` names this process among all that may run jobs, now or before."""

    def __init__(self, reading: Reading, writing: Writing, runner: str) -> None:
        self._reading, self._writing, self.runner = reading, writing, runner

    def latest(self, job: str) -> int | None:
        """Return the time (Unix seconds) that the last run of `job` was for."""
        with self._reading() as session:
            found: int | None = session.scalar(select(func.max(col(JobRunRow.scheduled_for))).where(_of(job)))
        return found

    def left(self, jobs: Collection[str]) -> list[JobRunRow]:
        """Return the runs of `jobs` that others began and did not end, the oldest first.

        They are those of processes that are gone, if who asks is the only one that may run these jobs.
        """
        started = select(JobRunRow).where(
            col(JobRunRow.state) == State.STARTED,
            col(JobRunRow.runner) != self.runner,
            col(JobRunRow.job).in_(jobs),
        )
        with self._reading() as session:
            return list(session.scalars(started.order_by(col(JobRunRow.scheduled_for))))

    def begin(self, permit: Permit, job: str, due: Due, now: float) -> bool:
        """Return whether the run is this process's to make: nobody began it before.

        Runs of the job that others began earlier, and did not end, are said to have failed.
        """
        row = JobRunRow(
            job=job,
            scheduled_for=due.scheduled_for,
            state=State.STARTED,
            attempt=1,
            missed=due.missed,
            runner=self.runner,
            decision_id=permit.decision_id,
            started_at=_milliseconds(now),
        )
        abandoned = (
            update(JobRunRow)
            .where(_of(job), col(JobRunRow.state) == State.STARTED, col(JobRunRow.runner) != self.runner)
            .values(state=State.FAILED, code=LEADER_LOST, ended_at=_milliseconds(now))
        )
        try:
            with self._writing(permit) as session:
                session.add(row)
                session.flush()
                session.connection().execute(abandoned)
        except IntegrityError:
            return False
        return True

    def take_over(self, permit: Permit, row: JobRunRow, now: float) -> bool:
        """Return whether a run that was `left` is this process's to make again."""
        mine = (
            update(JobRunRow)
            .where(*_same(row.job, row.scheduled_for, row.runner, row.attempt))
            .values(
                runner=self.runner,
                attempt=row.attempt + 1,
                decision_id=permit.decision_id,
                started_at=_milliseconds(now),
            )
        )
        return self._changed(permit, mine)

    def end(self, permit: Permit, attempt: Attempt, ended: Ended, now: float) -> bool:
        """Say how a run ended; return whether it was still this process's."""
        detail = json.dumps(dict(ended.detail))
        mine = (
            update(JobRunRow)
            .where(*_same(attempt.job, attempt.due.scheduled_for, self.runner, attempt.number))
            .values(
                state=ended.state,
                code=ended.code,
                detail=detail if len(detail) <= _MOST_DETAIL else _TOO_LONG,
                ended_at=_milliseconds(now),
            )
        )
        return self._changed(permit, mine)

    def recent(self, most: int) -> list[JobRunRow]:
        """Return the last runs, the newest first."""
        newest = select(JobRunRow).order_by(col(JobRunRow.started_at).desc()).limit(most)
        with self._reading() as session:
            return list(session.scalars(newest))

    def last_of_each(self) -> list[JobRunRow]:
        """Return the last run of each job, by name."""
        newest = (
            select(col(JobRunRow.job).label("job"), func.max(col(JobRunRow.scheduled_for)).label("last"))
            .group_by(col(JobRunRow.job))
            .subquery()
        )
        rows = (
            select(JobRunRow)
            .join(newest, (col(JobRunRow.job) == newest.c.job) & (col(JobRunRow.scheduled_for) == newest.c.last))
            .order_by(col(JobRunRow.job))
        )
        with self._reading() as session:
            return list(session.scalars(rows))

    def forget(self, permit: Permit, before: float) -> int:
        """Delete the runs for times before `before` (Unix seconds) that ended, and return how many there were."""
        old = delete(JobRunRow).where(col(JobRunRow.scheduled_for) < int(before), col(JobRunRow.state) != State.STARTED)
        return self._count(permit, old)

    def _changed(self, permit: Permit, statement: Any) -> bool:
        return self._count(permit, statement) == 1

    def _count(self, permit: Permit, statement: Any) -> int:
        with self._writing(permit) as session:
            done: CursorResult[Any] = session.connection().execute(statement)
            return done.rowcount


def _of(job: str) -> Any:
    return col(JobRunRow.job) == job


def _same(job: str, scheduled_for: int, runner: str, attempt: int) -> tuple[Any, ...]:
    """Return what holds of a run only as long as nobody else has taken it over."""
    return (
        _of(job),
        col(JobRunRow.scheduled_for) == scheduled_for,
        col(JobRunRow.runner) == runner,
        col(JobRunRow.attempt) == attempt,
        col(JobRunRow.state) == State.STARTED,
    )


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
