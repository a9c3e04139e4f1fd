"""APScheduler, for as long as a process leads."""

import threading

import pytest
from sqlalchemy.exc import OperationalError

from app.jobs.job import Job, Scope
from app.jobs.running import Runner
from app.jobs.schedule import Due, Every
from app.jobs.scheduler import scheduling
from tests.jobs.making import Asked, ledger, opened, permit

LONG = Every(seconds=86_400)


class Work:
    """A job that says that it runs, and waits until it may end."""

    def __init__(self):
        self.runs, self.began, self.may_end = [], threading.Event(), threading.Event()

    def __call__(self, run):
        self.runs.append(run)
        self.began.set()
        assert self.may_end.wait(20)
        return {}


@pytest.fixture
def engine(sqlite_url):
    engine = opened(sqlite_url)
    yield engine
    engine.dispose()


def runner(engine, *jobs):
    return Runner(jobs, ledger(engine), Asked(), node="n1")


def job(work, name="x.sweep", **changes):
    return Job(name=name, title="sweeps", schedule=LONG, run=work, **changes)


def never():
    raise AssertionError


def test_what_was_left_comes_first_and_then_what_is_due_of_this_scope(engine):
    work, other, both = Work(), Work(), threading.Event()
    work.may_end.set()
    ledger(engine, "dead").begin(permit(), "x.sweep", Due(scheduled_for=86_400), 86_500)

    def counted(run):
        if run.attempt == 1:
            both.set()
        return work(run)

    made = runner(engine, job(counted), job(other, "x.other", scope=Scope.NODE))
    with scheduling(made, Scope.CLUSTER, lambda: False, never):
        assert both.wait(20)
    assert [run.attempt for run in work.runs] == [2, 1]
    assert other.runs == []


def test_at_the_end_a_run_is_told_and_waited_for(engine):
    work = Work()
    made = runner(engine, job(work))
    with scheduling(made, Scope.CLUSTER, lambda: False, never):
        assert work.began.wait(20)
        threading.Timer(0.1, work.may_end.set).start()
    assert work.runs[0].stopping()
    assert made.busy == ()


def test_who_lost_the_lock_while_a_job_runs_has_to_end(engine):
    work, ended = Work(), []
    made = runner(engine, job(work))
    with scheduling(made, Scope.CLUSTER, lambda: True, lambda: ended.append(1)):
        assert work.began.wait(20)
    assert ended == [1]
    work.may_end.set()


def test_who_lost_it_while_nothing_runs_goes_on(engine):
    with scheduling(runner(engine), Scope.CLUSTER, lambda: True, never):
        pass


def test_a_database_that_is_away_does_not_end_the_scheduler(engine, monkeypatch):
    work = Work()
    work.may_end.set()
    made = runner(engine, job(work))

    def broken(_):
        raise OperationalError("x", {}, Exception())

    monkeypatch.setattr(made, "recover", broken)
    with scheduling(made, Scope.CLUSTER, lambda: False, never):
        assert work.began.wait(20)
