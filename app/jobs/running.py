"""One run after the other: ask, say that it begins, do it, say how it ended.

Owns the order of these, and what is done about runs that others left. Knows neither clocks nor who leads.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from app.jobs.job import RUN_JOB, Job, JobError, Run, Scope
from app.jobs.ledger import Attempt, Ended, Ledger, State
from app.jobs.schedule import Due, due
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError, PdpError
from app.pdp.model import Entity, EvaluationRequest

_LOG = logging.getLogger(__name__)

ATTEMPTS: Final = 3
"""How often a run is begun whose process ends before it does."""

_LATE: Final = 0.01  # seconds by which a second has surely begun
_UNFORESEEN: Final = "unforeseen"


class Asking(Protocol):
    """Asks the policy decision point for what jobs want; see `app.pdp.enforce.Pdp`."""

    def enforce(self, request: EvaluationRequest) -> Permit:
        """Return a permit, once it is on record.

        Raises:
            DeniedError: policy denies it; that is on record.
            PdpError: nobody can decide, or nothing can be recorded.
        """


class Runner:
    """Runs jobs, each of them at most once at a time. For many threads."""

    def __init__(
        self,
        jobs: Iterable[Job],
        ledger: Ledger,
        asking: Asking,
        *,
        node: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Run `jobs` on `node`; `clock` returns Unix seconds."""
        self.jobs = {job.name: job for job in jobs}
        self.denied: dict[str, str] = {}  # jobs that policy does not let run, and the last decision that says so
        self._ledger, self._asking, self._node, self._clock = ledger, asking, node, clock
        self._locks = {name: threading.Lock() for name in self.jobs}
        self._stopping = threading.Event()

    @property
    def busy(self) -> tuple[str, ...]:
        """Return the names of the jobs that are being run."""
        return tuple(name for name, lock in self._locks.items() if lock.locked())

    def stop(self) -> None:
        """Begin no run any more, and tell those that are being made."""
        self._stopping.set()

    def key(self, job: Job) -> str:
        """Return the name under which runs of `job` are kept."""
        return f"{job.name}@{self._node}" if job.scope is Scope.NODE else job.name

    def look(self, job: Job) -> Due | None:
        """Make the run of `job` that is due, if one is, and return which."""
        with self._alone(job) as alone:
            if not alone or (job.idle is not None and self._quietly(job, job.idle)):
                return None
            try:
                found = due(job.schedule, self._ledger.latest(self.key(job)), self._clock())
            except SQLAlchemyError as error:
                _LOG.warning("job %s: the database does not answer: %s", job.name, type(error).__name__)
                return None
            return found if found is not None and self._make(job, found, by="schedule") is not None else None

    def run_now(self, job: Job) -> bool:
        """Run `job` because a person wants it; return whether it was run to its end."""
        with self._alone(job) as alone:
            ended = self._make(job, Due(scheduled_for=self._free_second(job)), by="operator") if alone else None
        return ended is not None and ended.state is State.FINISHED

    def recover(self, scope: Scope) -> int:
        """Make the runs again that processes left which are gone, and return how many.

        Whoever calls this is the only one that may run jobs of this scope.
        """
        jobs = {self.key(job): job for job in self.jobs.values() if job.scope is scope and job.repeatable}
        made = 0
        for row in self._ledger.left(jobs):
            job = jobs[row.job]
            if row.attempt >= ATTEMPTS:
                continue  # the next run of the job says that it failed
            with self._alone(job) as alone:
                taken = Due(scheduled_for=row.scheduled_for, missed=row.missed)
                permit = self._permit(job, taken, row.attempt + 1, by="schedule") if alone else None
                if permit is not None and self._ledger.take_over(permit, row, self._clock()):
                    _LOG.warning("job %s: the run for %d is made again", job.name, row.scheduled_for)
                    self._do(job, permit, taken, row.attempt + 1)
                    made += 1
        return made

    def _free_second(self, job: Job) -> int:
        """Return this second; the next, once it has come, where a run of `job` was for this one."""
        now = self._clock()
        try:
            taken = self._ledger.latest(self.key(job)) == int(now)
        except SQLAlchemyError:
            taken = False  # whoever keeps the run says so
        if taken:
            self._stopping.wait(int(now) + 1 - now + _LATE)
        return int(now) + taken

    @contextmanager
    def _alone(self, job: Job) -> Iterator[bool]:
        """Give whether nobody else in this process runs `job`, nor will until this ends."""
        lock = self._locks[job.name]
        if self._stopping.is_set() or not lock.acquire(blocking=False):
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _make(self, job: Job, wanted: Due, *, by: str) -> Ended | None:
        permit = self._permit(job, wanted, 1, by=by)
        if permit is None:
            return None
        try:
            if not self._ledger.begin(permit, self.key(job), wanted, self._clock()):
                return None  # somebody else has it
        except SQLAlchemyError as error:
            _LOG.warning("job %s: its run cannot be kept: %s", job.name, type(error).__name__)
            return None
        if wanted.missed:
            _LOG.warning("job %s: one run makes up for %d that were missed", job.name, wanted.missed)
        return self._do(job, permit, wanted, 1)

    def _permit(self, job: Job, wanted: Due, attempt: int, *, by: str) -> Permit | None:
        facts: Mapping[str, Any]
        if job.action == RUN_JOB:
            facts, kind, identifier = {"scheduled_for": _moment(wanted.scheduled_for)}, "job", job.name
        else:
            facts, kind, identifier = (job.facts or dict)(), "node", self._node
        request = EvaluationRequest(
            subject=Entity(type="job", id=job.name, properties={}),
            action=job.action,
            resource=Entity(type=kind, id=identifier, properties=dict(facts)),
            context={"attempt": attempt, "missed": wanted.missed, "by": by} if job.action == RUN_JOB else {"by": by},
        )
        try:
            permit = self._asking.enforce(request)
        except DeniedError as error:
            if self.denied.get(job.name) is None:
                _LOG.warning("job %s: %s", job.name, error)
            self.denied[job.name] = error.decision_id
            return None
        except PdpError as error:
            _LOG.warning("job %s: not run: %s: %s", job.name, error.code, error)
            return None
        self.denied.pop(job.name, None)
        return permit

    def _do(self, job: Job, permit: Permit, wanted: Due, attempt: int) -> Ended | None:
        run = Run(
            permit=permit,
            scheduled_for=wanted.scheduled_for,
            missed=wanted.missed,
            attempt=attempt,
            stopping=self._stopping.is_set,
        )
        try:
            ended = Ended(state=State.FINISHED, detail=job.run(run))
        except JobError as error:
            _LOG.warning("job %s: %s: %s", job.name, error.code, error)
            ended = Ended(state=State.FAILED, code=error.code, detail={})
        except Exception:  # noqa: BLE001 - a job that breaks must not end the scheduler; what it was stands in the log
            _LOG.exception("job %s broke", job.name)
            ended = Ended(state=State.FAILED, code=_UNFORESEEN, detail={})
        try:
            made = Attempt(job=self.key(job), due=wanted, number=attempt)
            if not self._ledger.end(permit, made, ended, self._clock()):
                _LOG.warning("job %s: another process has taken over this run", job.name)
        except SQLAlchemyError as error:  # it is made again, by whoever leads next
            _LOG.warning("job %s: how it ended cannot be kept: %s", job.name, type(error).__name__)
            return None
        return ended

    def _quietly(self, job: Job, idle: Callable[[], bool]) -> bool:
        try:
            return idle()
        except SQLAlchemyError as error:
            _LOG.warning("job %s: the database does not answer: %s", job.name, type(error).__name__)
            return True


def _moment(seconds: int) -> str:
    """Return a time as policies know it (RFC 3339, UTC)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
