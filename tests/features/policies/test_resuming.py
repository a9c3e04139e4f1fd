"""Checks that were cut off with their process are taken up again, and those that somebody works on are not."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.features.policies.changes import changing, checking, checks_kept, resuming
from app.features.policies.changes.board import Board
from app.features.policies.changes.change_request import Status
from app.features.policies.changes.checking import ATTEMPTS, Checker, Means, Working
from app.features.policies.changes.checks_kept import GONE, left, touch, write_check
from app.features.policies.changes.patching import Patcher
from app.features.policies.errors import ChangeError, RepositoryError
from app.impact.replaying import Node
from app.jobs.job import JobError, Run
from tests.features.policies.requests_made import CHECKS
from tests.features.policies.signing import ENVIRONMENT, NOW

NODE = Node(store="", keys=Path(), kek="files", key_store="", objects="", payloads=(), journals=Path(), bundles=Path())
THEN = NOW + GONE


@pytest.fixture
def cut(staff):
    """An office with a request whose check `owners` was begun, and not ended."""
    staff.branch()
    staff.permit_of_opening = staff.open()
    for name in CHECKS:
        status = Status.RUNNING if name == "owners" else Status.PASSED
        write_check(staff.permit_of_opening, staff.opened[-1], name, status, {}, NOW)
    return staff


@pytest.fixture
def board(cut):
    notes = []
    means = Means(
        repository=cut.repository,
        node=NODE,
        second=None,
        jobs=1,
        note=lambda kind, body: notes.append((kind, body["checks"])),
        now=lambda: THEN,
    )
    patcher = Patcher(mirror=Path(), url="", environment=ENVIRONMENT)
    checker = Checker(means)
    yield Board(repository=cut.repository, checker=checker, patcher=patcher, required=lambda: CHECKS, now=lambda: THEN)
    checker.close()


def run(cut, *, stopping=False):
    return Run(permit=cut.permit_of_opening, scheduled_for=0, missed=0, attempt=1, stopping=lambda: stopping)


def statuses(cut):
    return {each.name: each.status for each in cut.found().checks}


def test_what_was_cut_off_is_taken_up_again(cut, board):
    job = resuming.job(board)
    assert not job.idle()
    assert job.run(run(cut)) == {"requests": 1}
    assert statuses(cut) == dict.fromkeys(CHECKS, "passed")
    assert job.idle()
    assert job.run(run(cut)) == {"requests": 0}


def test_only_what_nobody_works_on_is_taken_up(cut):
    opened = cut.opened[-1]
    assert left(THEN - timedelta(seconds=1)) == ()
    assert [(each.opened, each.attempts) for each in left(THEN)] == [(opened, {"owners": 2})]
    touch(cut.permit_of_opening, opened, NOW + timedelta(seconds=10))
    assert left(THEN) == ()


def test_what_was_never_begun_is_begun_for_the_first_time(staff):
    staff.branch()
    staff.open()
    assert [each.attempts for each in left(THEN)] == [dict.fromkeys(CHECKS, 1)]


def test_what_has_moved_on_or_ended_is_left_alone(cut):
    cut.branch('{"limit": 3}\n')
    permit = cut.open()
    cut.check(permit)
    assert left(THEN) == ()
    write_check(permit, cut.opened[-1], "owners", Status.RUNNING, {}, NOW)
    assert len(left(THEN)) == 1
    changing.withdraw(cut.permit("ofc-1", "withdraw", cut.request("ofc-1")), cut.number, NOW)
    assert left(THEN) == ()


def test_a_check_that_is_cut_off_each_time_has_failed(cut, board):
    permit, opened = cut.permit_of_opening, cut.opened[-1]
    write_check(permit, opened, "owners", Status.RUNNING, {"attempt": ATTEMPTS}, NOW)
    resuming.job(board).run(run(cut))
    (owners,) = [each for each in cut.found().checks if each.name == "owners"]
    assert (owners.status, owners.said["error"]) == ("failed", "the check was cut off each time it was begun")


def test_how_often_it_was_begun_is_kept(cut, board, monkeypatch):
    def told(_opened, _means, tell):
        tell({"progress": "1 of 2"})
        raise KeyboardInterrupt  # as if the process died

    monkeypatch.setitem(checking._CHECKS, "owners", told)
    with pytest.raises(KeyboardInterrupt):
        resuming.job(board).run(run(cut))
    assert [each.attempts for each in left(THEN + GONE)] == [{"owners": 3}]


def test_who_is_to_end_begins_nothing(cut, board):
    resuming.job(board).run(run(cut, stopping=True))
    assert statuses(cut)["owners"] == "running"


def test_where_git_does_not_answer_the_job_has_failed(cut, board):
    class Away:
        def fetch(self):
            raise RepositoryError("away")

    with pytest.raises(JobError, match="away"):
        resuming.job(replace(board, repository=Away())).run(run(cut))


def test_without_a_board_there_is_nothing_to_do(cut):
    job = resuming.job(None)
    assert (job.idle(), job.run(run(cut))) == (True, {"requests": 0})


def test_who_works_says_so_again_and_again(cut, monkeypatch, caplog):
    said, twice = [], threading.Event()

    def touched(*what):
        said.append(what)
        if len(said) > 1:
            twice.set()
            raise ChangeError("busy", "somebody else writes")

    monkeypatch.setattr(checks_kept, "touch", touched)
    working = Working(cut.permit_of_opening, cut.opened[-1], lambda: NOW, beat=0.001)
    assert twice.wait(30)
    while "cannot be kept" not in caplog.text:
        pass
    working.end()
    assert said[0] == (cut.permit_of_opening, cut.opened[-1], NOW)
