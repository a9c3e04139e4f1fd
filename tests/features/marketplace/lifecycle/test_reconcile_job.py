"""Every allow that changes something has its effect, and every effect its allow; what was removed is found."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert
from sqlmodel import delete

from app import schema
from app.alerts.rows import AlertRow
from app.db import open_engine, writing
from app.features.marketplace.acting import EffectRow, GivenUpRow
from app.features.marketplace.lifecycle.reconcile_job import (
    DIFFERS,
    NO_DECISION,
    NO_EFFECT,
    IndexDecisions,
    ReconcileJob,
)
from app.features.marketplace.lifecycle.rows import DifferenceRow
from app.index.rows import DECISION
from app.jobs.job import JobError
from tests.features.marketplace.lifecycle.living import DAY, HOUR, SAFETY, rows, state, step
from tests.features.marketplace.lifecycle.working import means, run
from tests.features.marketplace.trading import permit
from tests.features.serving import NOW


class Decisions:
    """What is on record, as the log of the marketplace has it; what is forgotten is no longer there."""

    def __init__(self, market):
        self.market, self.forgotten, self.asked = market, set(), []

    def allowed(self, actions, since, until):
        self.asked.append(set(actions))
        if not since <= NOW < until:  # when every record of a test is made
            return {}
        found = [(each.position.decision_id, each) for each in self.market.control.around.log.records]
        return {
            name: each.body["action"]
            for name, each in found
            if each.type == "decision"
            and each.body["action"] in actions
            and each.body["result"]["allow"]
            and name not in self.forgotten
        }


@pytest.fixture
def decisions(market):
    return Decisions(market)


@pytest.fixture
def job(market, decisions):
    return ReconcileJob(means(market), decisions).job()


def effects():
    return [each.decision_id for each in rows(EffectRow)]


def differences():
    return [(each.decision, each.what, each.settled_at) for each in rows(DifferenceRow)]


@pytest.fixture
def quarantined(market, safety):
    """The decision by which a listing went into quarantine, long enough ago."""
    found = step(safety, "quarantine", reason="fraud").json["decision_id"]
    market.later(2 * HOUR)
    return found


def test_what_belongs_together_is_no_difference(market, job, decisions, quarantined):
    assert run(market, job) == {"decisions": 1, "differences": 0, "new": 0}
    assert (effects(), state()) == ([quarantined], "quarantined")
    assert "marketplace.quarantine" in decisions.asked[0]
    assert "marketplace.follow" not in decisions.asked[0]
    assert "policies.run_job" not in decisions.asked[0]


def test_an_effect_that_was_removed_is_found_told_once_and_shown(market, job, quarantined):
    with writing(permit()) as session:
        session.execute(delete(EffectRow))
    assert run(market, job) == {"decisions": 1, "differences": 1, "new": 1}
    assert run(market, job) == {"decisions": 1, "differences": 1, "new": 0}
    assert differences() == [(quarantined, NO_EFFECT, None)]
    assert [each.kind for each in rows(AlertRow)] == [DIFFERS]
    [shown] = market.officer("ofc-8", SAFETY).json("/marketplace/queue").json["differences"]
    assert (shown["decision"], shown["action"], shown["what"]) == (quarantined, "marketplace.quarantine", "no_effect")


def test_what_was_given_up_is_no_difference(market, job, quarantined):
    with writing(permit()) as session:
        session.execute(delete(EffectRow))
        session.add(GivenUpRow(decision_id=quarantined, action="marketplace.quarantine", at=market.now()))
    assert run(market, job)["differences"] == 0


def test_a_decision_that_is_gone_from_the_log_is_found_and_settled_when_it_is_there_again(
    market, job, decisions, quarantined
):
    decisions.forgotten.add(quarantined)
    assert run(market, job)["new"] == 1
    assert differences() == [(quarantined, NO_DECISION, None)]
    decisions.forgotten.clear()
    assert run(market, job)["differences"] == 0
    assert differences() == [(quarantined, NO_DECISION, market.now())]


def test_an_effect_of_another_action_than_was_allowed_is_found(market, job, quarantined):
    with writing(permit()) as session:
        session.get(EffectRow, quarantined).action = "marketplace.delist"
    run(market, job)
    assert differences() == [(quarantined, NO_DECISION, None)]


def test_what_is_settled_longer_ago_than_a_week_is_not_looked_at_again(market, job, quarantined):
    with writing(permit()) as session:
        session.get_one(EffectRow, quarantined).action = "marketplace.delist"
    market.later(8 * DAY)
    assert run(market, job)["new"] == 0


def entry(seq, at, **more):
    time = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    known = {"chain": "00" * 10, "seq": seq, "segment": 0, "time": time, "tenant": "default", "type": "decision"}
    return known | {"caller": "control", "action": "marketplace.yank", "allow": True} | more


def test_the_index_knows_what_the_control_plane_was_allowed_page_after_page(sqlite_url):
    engine = open_engine(sqlite_url)
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    now = int(NOW)
    others = [
        entry(900, now, caller="marketplace"),
        entry(901, now, allow=False),
        entry(902, now, action="marketplace.follow"),
        entry(903, now - DAY),
        entry(904, now + DAY),
    ]
    with engine.begin() as connection:
        connection.execute(insert(DECISION), [entry(number, now + number) for number in range(250)])
        connection.execute(insert(DECISION), others)
    found = IndexDecisions(engine).allowed(["marketplace.yank"], now, now + DAY)
    assert len(found) == 250
    assert set(found.values()) == {"marketplace.yank"}


def test_without_an_index_the_run_fails(market, sqlite_url):
    nothing = open_engine(f"{sqlite_url}.other")
    with pytest.raises(JobError) as failed:
        run(market, ReconcileJob(means(market), IndexDecisions(nothing)).job())
    assert failed.value.code == "index"
