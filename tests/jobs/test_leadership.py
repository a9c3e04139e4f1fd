"""Who leads: one at a time, nobody who lost the lock, and another once the leader is gone."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from app.jobs import leadership
from app.jobs.leadership import FileLock, PostgreSqlLock, lead
from app.jobs.ledger import State
from tests.jobs.making import ledger, opened

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.slow)])
def locks(request, tmp_path):
    """Two locks on one thing, as two processes have them."""
    if request.param == "file":
        made = [FileLock(tmp_path / "lock") for _ in range(2)]
    else:
        url = request.getfixturevalue("postgresql_url")
        made = [PostgreSqlLock(url) for _ in range(2)]
    yield made
    for lock in made:
        lock.release()


def test_one_holds_it(locks):
    mine, theirs = locks
    assert not mine.held()
    assert mine.take()
    assert mine.held()
    assert not theirs.take()
    assert not theirs.held()
    mine.release()
    mine.release()
    assert theirs.take()
    assert not mine.held()


def test_who_holds_a_file_that_was_replaced_holds_nothing(tmp_path):
    lock, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert lock.take()
    (tmp_path / "lock").unlink()
    assert not lock.held()
    assert other.take()
    assert not lock.held()
    lock.release()
    other.release()


def test_a_file_that_is_replaced_while_it_is_taken_is_not_held(tmp_path, monkeypatch):
    lock = FileLock(tmp_path / "lock")
    monkeypatch.setattr(leadership.fcntl, "flock", lambda *_: (tmp_path / "lock").unlink())
    assert not lock.take()


def test_a_file_that_cannot_be_made_is_not_held(tmp_path, caplog):
    assert not FileLock(tmp_path / "missing" / "lock").take()
    assert "cannot be used" in caplog.text


def test_a_database_that_is_not_there_lets_nobody_lead(tmp_path, caplog):
    assert not PostgreSqlLock(f"postgresql://omega@/none?host={tmp_path}").take()
    assert "does not answer" in caplog.text


@pytest.mark.slow
def test_a_session_that_ended_holds_nothing(postgresql_url):
    lock = PostgreSqlLock(postgresql_url)
    assert lock.take()
    other = opened(postgresql_url)
    with other.begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        )
    other.dispose()
    assert not lock.held()
    lock.release()


class FakeLock:
    """Is taken and held as the test says."""

    fence = 0.0

    def __init__(self, *held):
        self.answers, self.log = list(held), []

    def take(self):
        self.log.append("take")
        return True

    def held(self):
        return self.answers.pop(0)

    def release(self):
        self.log.append("release")


def led(lock, stop):
    log = []

    @contextmanager
    def work():
        log.append("in")
        yield
        log.append("out")
        if len(log) == 4:
            stop.set()

    lead(lock, work, stop, look=0)
    return log


def test_work_ends_when_the_lock_is_lost_and_begins_when_it_is_held_again(caplog):
    lock = FakeLock(*(answer == "y" for answer in "yynnyyn"))
    assert led(lock, threading.Event()) == ["in", "out", "in", "out"]
    assert lock.log == ["take", "release"] * 3  # the second was lost before the work began
    assert caplog.text.count("this process leads no more") >= 1


def test_who_is_stopped_leads_no_more():
    stop = threading.Event()
    stop.set()
    lock = FakeLock()
    assert led(lock, stop) == []
    assert lock.log == []


def begun(url, file, name):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.scheduler_process", url, file, name],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["postgresql", "file"])
def test_of_three_processes_another_leads_when_the_leader_is_killed(kind, request, tmp_path):
    """No run is lost and none is doubled, the one that the leader died in included."""
    url = request.getfixturevalue("postgresql_url" if kind == "postgresql" else "sqlite_url")
    engine = opened(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE done (at BIGINT, by TEXT)"))
    file = "-" if kind == "postgresql" else str(tmp_path / "lock")
    processes = {name: begun(url, file, name) for name in ("one", "two", "three")}
    rows = lambda state: [row for row in ledger(engine).recent(100) if row.state == state]  # noqa: E731
    try:
        until(lambda: len(rows(State.FINISHED)) >= 2)
        (cut,) = until(lambda: rows(State.STARTED))
        processes[cut.runner].send_signal(signal.SIGKILL)
        until(lambda: sum(row.runner != cut.runner for row in rows(State.FINISHED)) >= 3)
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    runs = {row.scheduled_for: row for row in ledger(engine).recent(100)}
    times = sorted(runs)
    assert runs[cut.scheduled_for].attempt == 2
    assert runs[cut.scheduled_for].runner != cut.runner
    assert sum(1 + runs[at].missed for at in times) - runs[times[0]].missed == times[-1] - times[0] + 1
    with engine.begin() as connection:
        done = connection.execute(text("SELECT at, by FROM done")).all()
    engine.dispose()
    assert len({at for at, _ in done}) == len(done)
    assert {row.scheduled_for for row in runs.values() if row.state == State.FINISHED} <= {at for at, _ in done}
    assert len({by for _, by in done}) == 2
