"""Checks of change requests that were cut off with their process, as a job: somebody who leads takes them up again."""

from collections.abc import Mapping
from typing import Any, Final

from app.features.policies.changes import checking, checks_kept
from app.features.policies.changes.board import Board
from app.features.policies.changes.checking import Working
from app.features.policies.errors import PoliciesError
from app.jobs.job import Job, JobError, Run
from app.jobs.schedule import Every

NAME: Final = "policies.resume_checks"
_SECONDS: Final = 30


def job(board: Board | None) -> Job:
    """Return the job; without a board there are no checks."""

    def run(run: Run) -> Mapping[str, Any]:
        return {"requests": 0 if board is None else _resume(run, board)}

    return Job(
        name=NAME,
        title="take up the checks of change requests that were cut off",
        schedule=Every(seconds=_SECONDS),
        run=run,
        idle=lambda: board is None or not checks_kept.left(board.now()),
    )


def _resume(run: Run, board: Board) -> int:
    found, means = checks_kept.left(board.now()), board.checker.means
    for each in found:
        if run.stopping():
            break
        working = Working(run.permit, each.opened, board.now)
        try:
            board.repository.fetch()
            checking.run(run.permit, each.opened, means, each.attempts)
        except PoliciesError as error:
            raise JobError(error.code, str(error)) from error
        finally:
            working.end()
    return len(found)
