"""Runs: asked for, begun, done, ended; and what is left of those whose process died."""

import json
import threading

import pytest
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.jobs.job import Job, JobError, Scope
from app.jobs.ledger import Ledger
from app.jobs.running import Runner
from app.jobs.schedule import Due, Every
from app.pdp.errors import UnrecordedError
from tests.jobs.making import DENIED, Asked, ledger, opened, permit, sessions

NOW = 1_000_000_020.0


class Work:
    """What a job does: counts, returns what it is told to, raises what it is told to."""

    def __init__(self):
        self.runs, self.raising, self.during = [], None, None

    def __call__(self, run):
        self.runs.append(run)
        if self.during:
            self.during(run)
        if self.raising:
            raise self.raising
        return {"count": len(self.runs)}


@pytest.fixture
def engine(sqlite_url):
    engine = opened(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def asked():
    return Asked()


def job(work, **changes):
    return Job(**{"name": "x.sweep", "title": "sweeps", "schedule": Every(seconds=30), "run": work, **changes})


@pytest.fixture
def running(engine, asked):
    def make(*jobs, runner="me", clock=lambda: NOW):
        return Runner(jobs, ledger(engine, runner), asked, node="n1", clock=clock)

    return make


def rows(engine):
    return [
        (row.job, row.scheduled_for, row.state, row.attempt, row.missed, row.code) for row in ledger(engine).recent(9)
    ]


def test_a_run_that_is_due_is_asked_for_and_made_once(running, engine, work, asked):
    each = job(work)
    first, second = running(each), running(each, runner="other")
    assert first.look(each) == Due(scheduled_for=1_000_000_020)
    assert first.look(each) is None
    assert second.look(each) is None
    assert rows(engine) == [("x.sweep", 1_000_000_020, "finished", 1, 0, None)]
    (run,) = work.runs
    assert (run.permit.decision_id, run.missed, run.attempt, run.stopping()) == ("aa-1", 0, 1, False)
    (request,) = asked.requests
    assert (request.subject.type, request.subject.id, request.action) == ("job", "x.sweep", "policies.run_job")
    assert (request.resource.type, request.resource.id) == ("job", "x.sweep")
    assert request.resource.properties == {"scheduled_for": "2001-09-09T01:47:00Z"}
    assert request.context == {"attempt": 1, "missed": 0, "by": "schedule"}


def test_a_job_asks_for_its_own_action_with_its_own_facts(running, work, asked):
    each = job(work, action="x.own", facts=lambda: {"size": 3}, scope=Scope.NODE)
    running(each).look(each)
    (request,) = asked.requests
    assert (request.action, request.resource.type, request.resource.id) == ("x.own", "node", "n1")
    assert (request.resource.properties, request.context) == ({"size": 3}, {"by": "schedule"})


def test_a_job_of_each_node_has_runs_of_its_own(running, engine, work):
    each = job(work, scope=Scope.NODE)
    running(each).look(each)
    assert rows(engine)[0][0] == "x.sweep@n1"


def test_what_was_missed_is_made_up_for_by_one_run(running, engine, work, caplog):
    each = job(work)
    running(each).look(each)
    running(each, clock=lambda: NOW + 95).look(each)
    assert rows(engine)[0] == ("x.sweep", 1_000_000_110, "finished", 1, 2, None)
    assert "one run makes up for 2 that were missed" in caplog.text
    assert work.runs[1].missed == 2


def test_who_is_denied_does_nothing(running, engine, work, asked, caplog):
    each = job(work)
    runner = running(each)
    asked.raising = DENIED
    assert runner.look(each) is None
    runner.look(each)
    assert (rows(engine), work.runs, runner.denied) == ([], [], {"x.sweep": "aa-9"})
    assert caplog.text.count("denied by decision aa-9") == 1
    asked.raising = None
    assert runner.look(each)
    assert runner.denied == {}


def test_nothing_is_done_without_evidence(running, engine, work, asked, caplog):
    each = job(work)
    asked.raising = UnrecordedError("the disk is full")
    assert running(each).look(each) is None
    assert (rows(engine), work.runs) == ([], [])
    assert "evidence_unavailable: the disk is full" in caplog.text


@pytest.mark.parametrize(
    ("raising", "code"),
    [(JobError("store_unavailable", "it is away"), "store_unavailable"), (ZeroDivisionError(), "unforeseen")],
    ids=["with a reason", "for a reason nobody foresaw"],
)
def test_a_run_that_fails_says_why(running, engine, work, raising, code):
    each = job(work)
    work.raising = raising
    assert running(each).look(each) is not None
    assert rows(engine)[0][2:] == ("failed", 1, 0, code)


def test_a_job_with_nothing_to_do_asks_nothing(running, work, asked):
    idle = [True]
    each = job(work, idle=lambda: idle[0])
    runner = running(each)
    assert runner.look(each) is None
    assert asked.requests == []
    idle[0] = False
    assert runner.look(each)


def test_a_person_may_have_it_run_at_once(running, engine, work, asked):
    each = job(work)
    assert running(each, clock=lambda: NOW + 7.5).run_now(each)
    assert rows(engine)[0][1] == 1_000_000_027
    assert asked.requests[0].context["by"] == "operator"


def test_a_person_may_have_it_run_twice_in_one_second(running, engine, work):
    each = job(work)
    runner = running(each, clock=lambda: NOW + 7.999)
    assert runner.run_now(each)
    assert runner.run_now(each)
    assert [row[1] for row in rows(engine)] == [1_000_000_027, 1_000_000_028]


def test_where_nobody_knows_the_last_run_this_second_will_do(running, engine, work, monkeypatch):
    each = job(work)
    runner = running(each, clock=lambda: NOW + 7.5)

    def away(_):
        raise SQLAlchemyError("away")

    monkeypatch.setattr(runner._ledger, "latest", away)
    assert runner.run_now(each)
    assert rows(engine)[0][1] == 1_000_000_027


def test_a_job_is_not_run_beside_itself(running, work):
    each = job(work)
    runner, seen = running(each), []
    work.during = lambda _: seen.append((runner.busy, runner.look(each), runner.run_now(each)))
    runner.look(each)
    assert seen == [(("x.sweep",), None, False)]
    assert runner.busy == ()


def test_who_stops_begins_nothing_and_tells_what_runs(running, work):
    each = job(work)
    runner = running(each)
    work.during = lambda _: runner.stop()
    runner.look(each)
    assert work.runs[0].stopping()
    assert not runner.run_now(each)


def test_what_a_dead_leader_left_is_made_again(running, engine, work, asked, caplog):
    each = job(work)
    ledger(engine, "dead").begin(permit(), "x.sweep", Due(scheduled_for=999_999_990, missed=1), NOW - 30)
    runner = running(each)
    assert runner.recover(Scope.CLUSTER) == 1
    assert runner.recover(Scope.CLUSTER) == 0
    assert rows(engine) == [("x.sweep", 999_999_990, "finished", 2, 1, None)]
    assert asked.requests[0].context == {"attempt": 2, "missed": 1, "by": "schedule"}
    assert "the run for 999999990 is made again" in caplog.text


@pytest.mark.parametrize(
    ("changes", "attempts"), [({"repeatable": False}, 1), ({}, 3)], ids=["not repeatable", "tried often enough"]
)
def test_what_is_not_made_again_is_said_to_have_failed(running, engine, work, changes, attempts):
    each = job(work, **changes)
    dead = ledger(engine, "dead 1")
    dead.begin(permit(), "x.sweep", Due(scheduled_for=999_999_990), NOW - 30)
    for number in range(1, attempts):
        (row,) = dead.left(["x.sweep"]) or ledger(engine, f"dead {number + 1}").left(["x.sweep"])
        ledger(engine, f"dead {number + 1}").take_over(permit(), row, NOW)
    runner = running(each)
    assert runner.recover(Scope.CLUSTER) == 0
    runner.look(each)
    assert sorted((row[1:] for row in rows(engine)), reverse=True) == [
        (1_000_000_020, "finished", 1, 0, None),
        (999_999_990, "failed", attempts, 0, "leader_lost"),
    ]


def test_what_a_node_left_is_nobody_elses(running, engine, work):
    ledger(engine, "dead").begin(permit(), "x.sweep@n2", Due(scheduled_for=999_999_990), NOW - 30)
    each = job(work, scope=Scope.NODE)
    assert running(each).recover(Scope.NODE) == 0


def test_a_denied_recovery_leaves_it(running, engine, work, asked):
    ledger(engine, "dead").begin(permit(), "x.sweep", Due(scheduled_for=999_999_990), NOW - 30)
    asked.raising = DENIED
    assert running(job(work)).recover(Scope.CLUSTER) == 0
    assert rows(engine)[0][2] == "started"


def test_a_run_that_another_took_over_meanwhile_is_not_ended_twice(running, engine, work, caplog):
    each = job(work)

    def stolen(_):
        (row,) = ledger(engine, "other").left(["x.sweep"])
        ledger(engine, "other").take_over(permit(), row, NOW)

    work.during = stolen
    running(each).look(each)
    assert rows(engine)[0][2:4] == ("started", 2)
    assert "another process has taken over this run" in caplog.text


class Broken(Ledger):
    """Fails from the call on that it is told."""

    failing = ""

    def _fail(self, name):
        if self.failing == name:
            raise OperationalError("x", {}, Exception())

    def latest(self, key):
        self._fail("latest")
        return super().latest(key)

    def begin(self, *arguments):
        self._fail("begin")
        return super().begin(*arguments)

    def end(self, *arguments):
        self._fail("end")
        return super().end(*arguments)


@pytest.mark.parametrize(("failing", "done"), [("latest", 0), ("begin", 0), ("end", 1), ("idle", 0)], ids=str)
def test_a_database_that_is_away_breaks_nothing(engine, work, failing, done):
    kept = Broken(*sessions(engine), "me")
    kept.failing = failing
    each = job(work, idle=lambda: kept._fail("idle"))
    assert Runner([each], kept, Asked(), node="n1", clock=lambda: NOW).look(each) is None
    assert len(work.runs) == done


def test_details_are_kept(running, engine, work):
    each = job(work)
    running(each).look(each)
    assert json.loads(ledger(engine).recent(1)[0].detail) == {"count": 1}


def test_many_threads_make_one_run(running, engine, work):
    each = job(work)
    runners = [running(each, runner=f"r{number}") for number in range(4)]
    threads = [threading.Thread(target=runner.look, args=[each]) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(work.runs) == 1
    assert len(rows(engine)) == 1
