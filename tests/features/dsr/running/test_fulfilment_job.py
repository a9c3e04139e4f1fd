"""The job asks for each request, carries out what is permitted, and deletes what has had its time."""

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from app.db import DatabaseUrlError, reading, writing
from app.features.dsr.carrying_out import StoredRequests
from app.features.dsr.errors import VaultError
from app.features.dsr.keeping import Move, apply, prepare, submit
from app.features.dsr.request import State, Step
from app.features.dsr.rows import RequestRow, StepRow
from app.features.dsr.running import run as runs
from app.features.dsr.running.errors import RunError
from app.features.dsr.running.fulfilment_job import FulfilmentJob, question
from app.features.dsr.running.rows import RunRow, RunState
from app.features.dsr.said import parse_document
from app.features.dsr.vault import KeyVault
from app.jobs.job import JobError, Run
from app.pep import CONTROL
from app.privacy.errors import KeyStoreError
from tests.features.dsr.running.carrying import PERMIT
from tests.features.gating import gating
from tests.privacy.keyring import LOOKUP
from tests.privacy.stores.people import broken

ERASE = {"kind": "erase", "law": "ccpa", "person": {"kind": "user", "id": "alice"}, "email": "alice@example.com"}


class Jobs:
    """The job over a world, with the shipped policies."""

    def __init__(self, world):
        self.world = world
        self.pdp = gating(clock=lambda: datetime.fromtimestamp(world.clock(), UTC)).pdp
        self.made = FulfilmentJob(self.means, lambda asked: self.pdp.enforce(asked, CONTROL), clock=world.clock)
        self.failing = None
        self.job = self.made.job()

    def means(self):
        if self.failing is not None:
            raise self.failing
        return self.world.means

    def run(self, stopping=lambda: False):
        return self.job.run(Run(permit=PERMIT, scheduled_for=0, missed=0, attempt=1, stopping=stopping))


@pytest.fixture
def jobs(world):
    return Jobs(world)


def row(request="dsr-1"):
    with reading() as session:
        return session.get(RunRow, request)


def test_what_is_due_is_carried_out(world, jobs):
    assert jobs.job.name == "dsr.fulfil"
    assert jobs.job.idle()
    world.begin("erase")
    world.begin("export", "dsr-2")
    assert not jobs.job.idle()
    assert jobs.run() == {"ended": 1, "waiting": 0, "stopped": 1, "failed": 0, "deleted": 0}
    assert jobs.job.idle()
    assert world.requests.states == {"dsr-1": "complete", "dsr-2": "requires_manual"}


def test_what_waits_is_looked_at_when_it_is_due_again(world, jobs):
    world.memory.failing = broken("erase")
    world.begin("erase")
    assert jobs.run()["waiting"] == 1
    assert jobs.job.idle()
    world.clock.now += 31
    assert not jobs.job.idle()


def test_what_policy_denies_is_asked_again_in_an_hour_and_a_hold_stops_it(world, jobs):
    world.begin("erase")
    world.requests.states["dsr-1"] = "paused"
    assert jobs.run()["waiting"] == 1
    assert (row().code, row().next_at) == ("denied", world.clock() + 3_600)
    assert world.receipts() == []
    world.requests.states["dsr-1"] = "approved"
    world.requests.held = True
    world.begin("erase")
    assert jobs.run()["stopped"] == 1
    assert world.requests.states["dsr-1"] == "legal_hold"


def test_a_run_that_nobody_goes_on_with_is_closed(world, jobs):
    world.memory.failing = broken("erase")
    world.begin("erase")
    jobs.run()
    with writing(PERMIT) as session:
        runs.close(session, "dsr-1", now=int(world.clock()))
    assert jobs.run()["ended"] == 1
    assert row().person is None


def test_a_request_that_fails_does_not_keep_others_from_being_carried_out(world, jobs):
    world.begin("export")
    world.begin("export", "dsr-2")
    asked = world.requests.asked
    world.requests.asked = lambda request: _raise(RunError("failed", "x")) if request == "dsr-1" else asked(request)
    assert jobs.run() == {"ended": 1, "waiting": 0, "stopped": 0, "failed": 1, "deleted": 0}


def test_nothing_more_is_begun_once_the_process_is_to_end(world, jobs):
    world.begin("export")
    assert jobs.run(stopping=lambda: True)["ended"] == 0


def test_archives_are_deleted_after_seven_days(world, jobs):
    world.begin("export")
    jobs.run()
    assert len(world.detached.of(world.who.subject)) == 1
    world.clock.now += 7 * 86_400
    assert not jobs.job.idle()
    assert jobs.run()["deleted"] == 1
    assert world.detached.of(world.who.subject) == []
    assert jobs.job.idle()


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyStoreError("away"), "key_store_unavailable"), (DatabaseUrlError("odd"), "keys")],
    ids=["the key store fails", "the settings name no database"],
)
def test_what_cannot_be_opened_fails_the_run(jobs, error, code):
    jobs.failing = error
    with pytest.raises(JobError) as caught:
        jobs.run()
    assert caught.value.code == code


def _raise(error):
    raise error


# The requests of the feature.


@pytest.fixture
def stored(world):
    vault = KeyVault(world.table, LOOKUP)
    wanted = parse_document(ERASE, frozenset({"en"}))
    submit(PERMIT, prepare("dsr-5", "default", wanted, vault, source="studio", now=5), vouched=True, link="x")
    for step, by in ((Step.AGREE, "ofc-1"), (Step.APPROVE, "ofc-2")):
        take(step, by)
    return StoredRequests(vault, world.clock)


def take(step, by="ofc-1", code=""):
    with writing(PERMIT) as session:
        apply(session, session.get(RequestRow, "dsr-5"), PERMIT, Move(step=step, code=code, by=by, at=6))


def state():
    with reading() as session:
        return session.get(RequestRow, "dsr-5").state


def test_what_the_feature_keeps_is_what_policy_is_asked(stored, world):
    asked = stored.asked("dsr-5")
    assert (asked.kind, asked.tenant, asked.ground) == ("erase", "default", "request")
    assert question(asked).resource.properties == {
        "kind": "erase",
        "approvers": ["ofc-1", "ofc-2"],
        "held": False,
        "state": "approved",
        "verified": True,
    }
    world.holds.hold("default", "user", "alice", "litigation:1", record=world.log)
    assert stored.asked("dsr-5").facts["held"]
    wanted = stored.wanted("dsr-5")
    assert wanted.person.id == "alice"
    assert wanted.person.identifiers == {"email": "alice@example.com"}
    assert wanted.purposes == ("*",)


def test_an_erasure_of_the_feature_is_carried_out_to_the_end(stored, world, jobs):
    world.requests = stored
    with writing(PERMIT) as session:
        runs.begin(session, "dsr-5", PERMIT, now=int(world.clock()))
    assert jobs.run()["ended"] == 1
    assert state() == State.COMPLETE
    assert row("dsr-5").state == RunState.ENDED
    with reading() as session:
        steps = session.exec(select(StepRow.step).where(StepRow.request == "dsr-5").order_by(StepRow.number)).all()
    assert steps[-2:] == ["begin", "complete"]


def test_steps_lead_where_a_run_wants_the_request_and_a_pause_stays_until_all_is_done(stored):
    def moved(wanted):
        with writing(PERMIT) as session:
            stored.move(session, PERMIT, "dsr-5", wanted, "x")
        return state()

    assert moved("in_processing") == "in_processing"
    assert moved("in_processing") == "in_processing"
    assert moved("pending_external") == "pending_external"
    assert moved("requires_manual") == "requires_manual"
    assert moved("in_processing") == "in_processing"
    assert moved("error") == "error"
    assert moved("in_processing") == "in_processing"
    take(Step.PAUSE, code="asked")
    assert moved("in_processing") == "paused"
    assert moved("complete") == "complete"  # what has been done is done, whoever paused it meanwhile
    with writing(PERMIT) as session:
        stored.move(session, PERMIT, "nothing", "complete", "")


def test_requests_that_are_not_there_or_cannot_be_opened(stored, world):
    for look in (stored.asked, stored.wanted):
        with pytest.raises(RunError) as caught:
            look("dsr-6")
        assert caught.value.code == "unknown"

    class Failing(KeyVault):
        def held(self, subject):
            raise VaultError(subject and "away")

        def open(self, subject, block, place):
            raise VaultError(f"away {len(block)}" if subject and place else "")

    failing = StoredRequests(Failing(world.table, LOOKUP), world.clock)
    for look in (failing.asked, failing.wanted):
        with pytest.raises(RunError, match="away") as caught:
            look("dsr-5")
        assert caught.value.code == "failed"
