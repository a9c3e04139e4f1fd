"""What a job is: a name, the times at which it is due, the action it asks for, and what it does then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.jobs.schedule import Every
from app.pdp.enforce import Permit

RUN_JOB: Final = "policies.run_job"
"""The action that a job asks for unless it has one of its own."""


class Scope(StrEnum):
    """Who runs a job."""

    CLUSTER = "cluster"  # one node for all
    NODE = "node"  # each node for itself


class JobError(Exception):
    """A job did not do what it is for; `code` stands in its run, the message in the log of the service."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, permitted and on record: what a job is handed.

    `stopping` says whether the process is to end; who goes on then is killed, and run again by whoever leads next.
    """

    permit: Permit
    scheduled_for: int  # Unix seconds
    missed: int
    attempt: int
    stopping: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job, as a feature registers it.

    Attributes:
        name: `<feature>.<verb>`; policies know it by this name.
        title: what it does, in words.
        schedule: when it is due.
        run: does it, and returns what a person may want to know: JSON values without personal data. It may block.
        action: what the policy decision point is asked before each run; the subject is the job.
        facts: returns the resource's properties for `action`, where it is not `policies.run_job`.
        scope: whether one node runs it for all.
        repeatable: whether a run that was cut off may be made again.
        idle: tells, without a permit and without writing, that a run would find nothing to do.
    """

    name: str
    title: str
    schedule: Every
    run: Callable[[Run], Mapping[str, Any]]
    action: str = RUN_JOB
    facts: Callable[[], Mapping[str, Any]] | None = None
    scope: Scope = Scope.CLUSTER
    repeatable: bool = True
    idle: Callable[[], bool] | None = None
