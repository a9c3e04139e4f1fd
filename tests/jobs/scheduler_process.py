"""One of several processes that may lead: `scheduler_process.py <database> <file to lock, or -> <name>`.

Its job takes a while and then says in the database, once, that it was done.
"""

import os
import sys
import threading
import time
from pathlib import Path

from sqlalchemy import text

from app.jobs.job import Job, Scope
from app.jobs.leadership import FileLock, PostgreSqlLock, lead
from app.jobs.running import Runner
from app.jobs.schedule import Every
from app.jobs.scheduler import scheduling
from tests.jobs.making import Asked, ledger, opened

TAKES = 0.3  # seconds


def main():
    url, file, name = sys.argv[1:]
    engine = opened(url)

    def tick(run):
        time.sleep(TAKES)
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO done VALUES (:at, :by)"), {"at": run.scheduled_for, "by": name})
        return {}

    job = Job(name="x.tick", title="ticks", schedule=Every(seconds=1), run=tick)
    runner = Runner([job], ledger(engine, name), Asked(), node=name)
    lock = PostgreSqlLock(url) if file == "-" else FileLock(Path(file))
    work = lambda: scheduling(runner, Scope.CLUSTER, lambda: not lock.held(), lambda: os._exit(1))  # noqa: E731
    lead(lock, work, threading.Event())


if __name__ == "__main__":
    main()
