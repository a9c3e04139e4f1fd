"""The job that carries requests out: asks for each of them by itself, and goes on where another process was killed.

Deletes what has had its time: archives after seven days, entries of who was erased once no backup needs them.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app.db import DatabaseUrlError, reading, writing
from app.features.dsr.running import rows
from app.features.dsr.running.acting import Means
from app.features.dsr.running.errors import RunError
from app.features.dsr.running.fulfilling import Fulfiller
from app.features.dsr.running.rows import RunRow, RunState
from app.features.dsr.running.run import JOB, Asked
from app.features.dsr.running.run_rows import change
from app.jobs.job import Job, JobError, Run
from app.jobs.schedule import Every
from app.keys import KeyFileError
from app.objects import ObjectsError
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pdp.model import Entity, EvaluationRequest
from app.privacy.errors import PrivacyError

_EVERY: Final = 60  # seconds
_MOST: Final = 100  # requests of one run


class FulfilmentJob:
    """The job, over what `means` returns when it is first needed; `enforce` asks the decision point."""

    def __init__(
        self,
        means: Callable[[], Means],
        enforce: Callable[[EvaluationRequest], Permit],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin with nothing opened; `clock` returns Unix seconds."""
        self._open, self._enforce, self._clock = means, enforce, clock
        self._means: Means | None = None

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=JOB,
            title="carry out requests of data subjects",
            schedule=Every(seconds=_EVERY),
            run=self.run,
            idle=self.idle,
        )

    def idle(self) -> bool:
        """Tell whether there is nothing to carry on with, and nothing to delete."""
        now = int(self._clock())
        with reading() as session:
            return not rows.due(session, now, 1) and not rows.expired(session, now)

    def run(self, run: Run) -> Mapping[str, Any]:
        """Carry on with every request that is due, and delete what has had its time.

        Raises:
            JobError: what runs need cannot be opened.
        """
        try:
            means = self._means = self._means or self._open()
            deleted = self._expire(means, run.permit)
        except (PrivacyError, ObjectsError) as error:
            raise JobError(error.code, str(error)) from error
        except (KeyFileError, DatabaseUrlError) as error:
            raise JobError("keys", str(error)) from error
        try:
            return self._carry_all_on(means, run) | {"deleted": deleted}
        finally:
            means.exports.rest()

    def _carry_all_on(self, means: Means, run: Run) -> dict[str, int]:
        """Carry on with every request that is due, and return how many stand how."""
        fulfiller, count = Fulfiller(means), dict.fromkeys(("ended", "waiting", "stopped", "failed"), 0)
        with reading() as session:
            due = rows.due(session, int(self._clock()), _MOST)
        for request in due:
            if run.stopping():
                break
            try:
                self._carry_on(fulfiller, means, request, run)
            except (RunError, PrivacyError):
                count["failed"] += 1
                continue
            count[_standing(request)] += 1
        return count

    def _carry_on(self, fulfiller: Fulfiller, means: Means, request: str, run: Run) -> None:
        with reading() as session:
            row = session.get(RunRow, request)
        if row is not None and row.state == RunState.CLOSING:
            fulfiller.close(request, run.permit)
            return
        asked = means.requests.asked(request)
        try:
            permit = self._enforce(question(asked))
        except DeniedError as error:
            held = "not_held" in error.decision.failed
            fulfiller.refuse(request, run.permit, "legal_hold" if held else "denied")
            return
        fulfiller.run(asked, permit, run.stopping)

    def _expire(self, means: Means, permit: Permit) -> int:
        """Delete the archives that nobody may fetch any more, and what nobody needs of the list of who was erased."""
        now = int(self._clock())
        with reading() as session:
            old = rows.expired(session, now)
        for each in old:
            means.exports.delete(each.archive or ())
            with writing(permit) as session:
                change(session, each.request, archive_until=None)
        return len(old) + means.suppression.expire(datetime.fromtimestamp(now, UTC))


def question(asked: Asked) -> EvaluationRequest:
    """Return what the decision point is asked before a request is carried on with."""
    return EvaluationRequest(
        subject=Entity(type="job", id=JOB, properties={}),
        action=JOB,
        resource=Entity(type="dsr_request", id=asked.id, properties={"kind": asked.kind, **asked.facts}),
        context={},
    )


def _standing(request: str) -> str:
    with reading() as session:
        row = session.get(RunRow, request)
    state = RunState.ENDED if row is None else RunState(row.state)
    return {RunState.ENDED: "ended", RunState.STOPPED: "stopped"}.get(state, "waiting")
