"""Work beside the requests: one job of an engagement at a time, few of all, in processes that end with their parent."""

import os
import threading
from dataclasses import dataclass

import pytest

from auditor_portal.beside import Beside, CrowdedError, WorkError, in_a_process


@dataclass(frozen=True)
class Count:
    """A job: tells that it counts to two, and ends as it is told to."""

    ends: str

    def __call__(self, told):
        told(1, 2)
        match self.ends:
            case "well":
                return {"pid": os.getpid(), "nice": os.nice(0)}
            case "badly":
                raise WorkError("there is nothing to count")
            case "at once":
                os._exit(3)
        raise AssertionError(self.ends)


@pytest.mark.slow
def test_a_job_is_done_in_a_process_of_its_own_that_gives_way():
    told = []
    found = in_a_process(Count("well"), lambda done, of: told.append((done, of)))
    assert (found["pid"] != os.getpid(), found["nice"] >= os.nice(0) + 10 or found["nice"] == 19) == (True, True)
    assert told == [(1, 2)]


@pytest.mark.slow
@pytest.mark.parametrize(("ends", "said"), [("badly", "nothing to count"), ("at once", "interrupted")])
def test_what_a_job_could_not_do_is_said_and_so_is_that_it_died(ends, said):
    with pytest.raises(WorkError, match=said):
        in_a_process(Count(ends), lambda _done, _of: None)


class Told:
    """Remembers what a queue said of its jobs."""

    def __init__(self):
        self.said = []

    def submit(self, beside, name, engagement, job, kept=lambda: None):
        beside.submit(
            name,
            engagement,
            job,
            began=lambda: self.said.append((name, "began")),
            ended=lambda found: self.said.append((name, found)),
            failed=lambda why: self.said.append((name, why)),
            kept=kept,
        )


def held():
    """Return a launch that waits for a word, and that word."""
    word = threading.Semaphore(0)

    def launch(job, told):
        assert word.acquire(timeout=30)
        return job(told)

    return launch, word


def test_one_of_an_engagement_at_a_time_few_at_once_and_not_many_of_all():
    launch, word = held()
    beside, told = Beside(launch, at_once=1, most=3), Told()
    for number in range(3):
        told.submit(beside, f"j{number}", f"e{number}", lambda _: "done")
    with pytest.raises(CrowdedError, match="one at a time") as caught:
        told.submit(beside, "j3", "e1", lambda _: "done")
    assert caught.value.code == "conflict"
    with pytest.raises(CrowdedError, match="too much waits") as caught:
        told.submit(beside, "j3", "e3", lambda _: "done")
    assert caught.value.code == "overloaded"
    word.release(3)
    assert beside.join(30)
    assert [each for each in told.said if each[1] == "done"] == [(f"j{number}", "done") for number in range(3)]


def test_progress_is_told_while_it_is_done_and_not_after():
    word, told_so = threading.Semaphore(0), threading.Semaphore(0)

    def job(told):
        told(2, 9)
        told_so.release()
        assert word.acquire(timeout=30)

    beside = Beside(lambda job, told: job(told))
    Told().submit(beside, "j", "e", job)
    assert told_so.acquire(timeout=30)
    assert beside.progress("j") == (2, 9)
    assert not beside.join(0.01)
    word.release()
    assert beside.join(30)
    assert beside.progress("j") is None


def broken(_told):
    raise ZeroDivisionError


def refusing(_told):
    raise WorkError("no")


@pytest.mark.parametrize(("job", "said"), [(broken, "says nothing of why"), (refusing, "no")])
def test_a_job_that_fails_says_so_and_the_next_is_done(job, said):
    beside, told = Beside(lambda job, progress: job(progress), at_once=1), Told()
    told.submit(beside, "one", "e", job)
    assert beside.join(30)
    told.submit(beside, "two", "e", lambda _: "done")
    assert beside.join(30)
    assert said in told.said[1][1]
    assert told.said[-1] == ("two", "done")


def test_what_cannot_be_written_down_is_not_begun():
    def kept():
        raise RuntimeError

    beside, told = Beside(lambda job, progress: job(progress)), Told()
    with pytest.raises(RuntimeError):
        told.submit(beside, "one", "e", lambda _: "done", kept)
    told.submit(beside, "two", "e", lambda _: "done")
    assert beside.join(30)
    assert told.said == [("two", "began"), ("two", "done")]


def test_what_cannot_be_written_down_afterwards_is_in_nobodys_way(caplog):
    def ended(_found):
        raise RuntimeError

    def failed(_why):
        raise RuntimeError

    beside = Beside(lambda job, progress: job(progress))
    nothing = {"began": lambda: None, "kept": lambda: None}
    beside.submit("one", "e", lambda _: "done", ended=ended, failed=failed, **nothing)
    assert beside.join(30)
    assert "could not be written down" in caplog.text
