"""The jobs of the platform itself: delete what has to go in time, verify the log, tell of alerts, forget old runs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from app import housekeeping, keys, log_verifying
from app.alerts.delivering import Deliverer
from app.alerts.outbox import Outbox
from app.jobs.job import Job, JobError, Run
from app.jobs.ledger import Ledger
from app.jobs.schedule import Every
from app.objects import ObjectsError
from app.settings import Settings
from evidence.errors import EvidenceError

_HOUR: Final = 3_600
_DAY: Final = 24 * _HOUR
_DELIVER: Final = 5  # seconds
KEPT: Final = 30 * _DAY
"""Seconds for which runs and alerts are kept. That they were, the log says for longer."""


def jobs(
    settings: Settings,
    ledger: Ledger,
    outbox: Outbox,
    *,
    note: Callable[[str, Mapping[str, Any]], None],
    clock: Callable[[], float] = time.time,
) -> list[Job]:
    """Return the jobs of a node with these `settings`.

    `note` puts a record of a type into the log; `clock` returns Unix seconds.
    """
    deliverer = Deliverer(outbox, settings.alerts, clock=clock)

    def sweep(_: Run) -> Mapping[str, Any]:
        return _failing(lambda: asdict(housekeeping.sweep(settings, _now(clock))))

    def expire(_: Run) -> Mapping[str, Any]:
        return _failing(lambda: housekeeping.expire(settings, _now(clock)))

    def verify(_: Run) -> Mapping[str, Any]:
        return _failing(lambda: _verified(settings, note, _now(clock)))

    def forget(run: Run) -> Mapping[str, Any]:
        before = clock() - KEPT
        return {"runs": ledger.forget(run.permit, before), "alerts": outbox.forget(run.permit, before)}

    return [
        Job(
            name="alerts.deliver",
            title="tell of alerts",
            schedule=Every(seconds=_DELIVER),
            run=lambda run: deliverer.deliver(run.permit, run.stopping),
            idle=deliverer.idle,
        ),
        Job(
            name="evidence.expire",
            title="delete the segments whose time has passed",
            schedule=Every(seconds=_DAY, offset=4 * _HOUR),
            run=expire,
        ),
        Job(
            name="evidence.verify",
            title="verify what came to the log since the last time",
            schedule=Every(seconds=_DAY, offset=6 * _HOUR),
            run=verify,
        ),
        Job(
            name="jobs.forget",
            title="delete what is old of runs and alerts",
            schedule=Every(seconds=_DAY, offset=5 * _HOUR),
            run=forget,
        ),
        Job(
            name="payloads.sweep",
            title="delete the payloads that nobody needs any more",
            schedule=Every(seconds=_DAY, offset=3 * _HOUR),
            run=sweep,
        ),
    ]


def _verified(settings: Settings, note: Callable[[str, Mapping[str, Any]], None], now: datetime) -> Mapping[str, Any]:
    """Verify the log and have it on record how that went.

    Raises:
        JobError: the log does not hold; the record says where.
    """
    found = log_verifying.verify(settings, now)
    note(log_verifying.VERIFIED, found.document())
    if found.finding is not None:
        raise JobError("log", f"{found.finding[0]} at {found.finding[1]}")
    return found.document()


def _failing(work: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return work()
    except (EvidenceError, ObjectsError) as error:
        raise JobError(error.code, str(error)) from error
    except keys.KeyFileError as error:
        raise JobError("keys", str(error)) from error


def _now(clock: Callable[[], float]) -> datetime:
    return datetime.fromtimestamp(clock(), UTC)
