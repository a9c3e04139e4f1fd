"""APScheduler, for as long as a process leads: it wakes jobs, and `app.jobs.running` knows what is due.

The one module that knows APScheduler, besides `app.jobs.schedule`. Nothing is kept in it: what ran stands in the
database, so that whoever leads next goes on there.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from app.jobs.job import Job, Scope
from app.jobs.running import Runner

_LOG = logging.getLogger(__name__)
_THREADS: Final = 4
_PATIENCE: Final = 10.0  # seconds that runs have to end when the process does


@contextmanager
def scheduling(runner: Runner, scope: Scope, lost: Callable[[], bool], ended: Callable[[], None]) -> Iterator[None]:
    """Wake the jobs of `scope` until this is left; first of all make up for what was missed.

    Where `lost()` holds by then, somebody else leads soon: runs that are still being made cannot be stopped, so that
    `ended` is called, which has to end the process.
    """
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that a job is still being run is no news
    leads = threading.Event()
    leads.set()
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(_THREADS)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    jobs = [job for job in runner.jobs.values() if job.scope is scope]

    def look(job: Job) -> None:
        if leads.is_set():  # else it waited for a thread while the lock was lost
            runner.look(job)

    def begin() -> None:
        """Make up for what others left, and only then for what is due: a later run would say that they failed."""
        try:
            runner.recover(scope)
        except SQLAlchemyError as error:
            _LOG.warning("what others left cannot be read: %s", type(error).__name__)
        for job in jobs:
            if leads.is_set():
                now = datetime.now(UTC)
                scheduler.add_job(look, job.schedule.trigger(), args=[job], id=job.name, next_run_time=now)

    scheduler.start()
    beginning = threading.Thread(target=begin, name=f"begin {scope}", daemon=True)  # a lock may be lost meanwhile
    beginning.start()
    try:
        yield
    finally:
        leads.clear()
        scheduler.shutdown(wait=False)
        names = {job.name for job in jobs}
        if lost():
            if names & set(runner.busy):
                ended()
        else:
            runner.stop()
            until = time.monotonic() + _PATIENCE
            while names & set(runner.busy) and time.monotonic() < until:
                time.sleep(0.05)
