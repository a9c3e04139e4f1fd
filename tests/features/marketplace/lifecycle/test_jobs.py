"""What happens by itself, each by its own decision, when its time has come and not before."""

from types import SimpleNamespace

import pytest
from sqlmodel import select

from app.alerts.rows import AlertDeliveryRow, AlertRow
from app.db import reading, writing
from app.features.marketplace.lifecycle import stepping
from app.features.marketplace.lifecycle.award_job import AwardJob
from app.features.marketplace.lifecycle.rescan_job import FOUND, RescanJob
from app.features.marketplace.lifecycle.rows import BadgeRow, FindingRow, MeasureRow, ReviewRow, ScanRow, StepRow
from app.features.marketplace.lifecycle.watch_job import DELISTED, LifeWatch
from app.features.marketplace.rows import AgentRow, PartyRow, ReleaseState
from app.jobs.job import JobError
from app.pdp.errors import DeniedError
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from tests.features.marketplace.lifecycle.living import (
    DAY,
    FINANCE,
    HOUR,
    LISTING,
    reconciled,
    row,
    rows,
    send,
    state,
    step,
)
from tests.features.marketplace.lifecycle.working import Advisor, means, run
from tests.features.marketplace.trading import keep, permit, release

CRITICAL = "PYSEC-2026-1"
DECIDED = {"decision_id": "made-by-a-test-1"}


@pytest.fixture
def advisor():
    return Advisor()


@pytest.fixture
def rescan(market, advisor):
    return RescanJob(means(market), advisor).job()


@pytest.fixture
def watch(market):
    return LifeWatch(means(market)).job()


def alerts():
    return [each.kind for each in rows(AlertRow)]


def starts(market, version="1.0.0"):
    with reading() as session:
        since = market.now() - 7 * DAY
        return stepping.refusal(session, "invoice-reader", version, pinned=True, tolerated_since=since)


def test_a_release_is_looked_at_each_month_and_with_each_new_snapshot(market, advisor, rescan):
    assert run(market, rescan) == {"looked_at": 1, "found": 0}
    market.later(30 * DAY - 1)
    assert rescan.idle()
    assert run(market, rescan)["looked_at"] == 0
    market.later(1)
    assert not rescan.idle()
    assert run(market, rescan)["looked_at"] == 1
    advisor.name = "2026-12-23"
    assert run(market, rescan)["looked_at"] == 1
    assert row(ScanRow, "invoice-reader", "1.0.0").snapshot == "2026-12-23"
    assert reconciled(market)


def test_a_draft_is_not_looked_at_again(market, rescan):
    keep(release("1.1.0", artifact="sha256:" + "cd" * 32))
    assert run(market, rescan)["looked_at"] == 1


def test_a_known_critical_is_told_at_once_and_delisted_after_seven_days_and_a_second(market, advisor, rescan, watch):
    advisor.known["1.0.0"] = [CRITICAL]
    assert run(market, rescan) == {"looked_at": 1, "found": 1}
    assert alerts() == [FOUND]
    [finding] = market.developer().json(f"{LISTING}/life").json["findings"]
    assert finding == {
        "advisory": CRITICAL,
        "known_since": "2026-11-22T14:00:00Z",
        "delisted_after": "2026-11-29T14:00:00Z",
    }
    market.later(7 * DAY)
    assert watch.idle()
    assert run(market, watch) == {}
    assert (state(), starts(market)) == ("listed", None)
    market.later(1)
    assert not watch.idle()
    assert run(market, watch) == {"delisted": 1}
    assert (state(), starts(market)) == ("delisted", "known_vulnerability")
    assert alerts() == [FOUND, DELISTED]
    [notice] = rows(StepRow)
    assert (notice.step, notice.reason, notice.by_type) == ("delist", "known_vulnerability", "job")
    assert reconciled(market)


def test_policy_does_not_let_the_job_delist_at_seven_days(market, advisor, rescan):
    advisor.known["1.0.0"] = [CRITICAL]
    run(market, rescan)
    market.later(7 * DAY)
    with reading() as session:
        facts = stepping.ending(session, "invoice-reader")
    asked = EvaluationRequest(
        subject=Entity(type="job", id="marketplace.watch_life", properties={}),
        action="marketplace.delist",
        resource=facts,
        context={"reason": "known_vulnerability"},
    )
    with pytest.raises(DeniedError):
        market.control.around.pdp.enforce(asked, CONTROL)


def test_a_patched_release_brings_the_listing_back(market, advisor, rescan, watch):
    advisor.known["1.0.0"] = [CRITICAL]
    run(market, rescan)
    market.later(7 * DAY + 1)
    run(market, watch)
    keep(release("1.0.1", artifact="sha256:" + "cd" * 32, state=ReleaseState.LISTED.value))
    with writing(permit()) as session:
        session.get(AgentRow, "invoice-reader").newest = "1.0.1"
    run(market, rescan)
    assert run(market, watch) == {"reinstated": 1}
    assert (state(), starts(market, "1.0.1"), starts(market)) == ("listed", None, "known_vulnerability")
    assert run(market, watch) == {}
    assert reconciled(market)


def test_what_is_patched_in_time_is_not_delisted(market, advisor, rescan, watch):
    advisor.known["1.0.0"] = [CRITICAL]
    run(market, rescan)
    market.later(6 * DAY)
    advisor.known, advisor.name = {}, "2026-11-28"
    run(market, rescan)
    assert row(FindingRow, "invoice-reader", "1.0.0", CRITICAL).resolved_at == market.now()
    market.later(2 * DAY)
    assert run(market, watch) == {}


def test_what_an_officer_took_off_the_job_leaves_there(safety, watch):
    step(safety, "quarantine", reason="fraud")
    step(safety, "delist", reason="fraud")
    assert watch.idle()


def test_an_announced_end_comes(market, watch):
    step(market.developer(), "deprecate", ends_at="2027-02-20T14:00:00Z", migration_guide="yes")
    market.later(90 * DAY - 1)
    assert watch.idle()
    market.later(1)
    assert run(market, watch) == {"delisted": 1}
    assert [each.reason for each in rows(StepRow)] == ["deprecate", "end_of_life"]
    assert reconciled(market)


def test_badges_and_identities_end(market, watch):
    year = dict.fromkeys(("until", "audit_until", "iso27001_until"), "2027-11-22T00:00:00Z")
    finance = market.officer("ofc-5", FINANCE)
    send(finance, "developers/acme/identity", state="complete", soc2_until="2026-11-23T14:00:00Z", **year)
    send(market.developer(), "developers/acme/verify")
    market.later(DAY - 1)
    assert watch.idle()
    market.later(1)
    assert run(market, watch) == {"badges": 1}
    assert (row(BadgeRow, "acme", "verified"), row(PartyRow, "acme").tier) == (None, "community")
    market.later(365 * DAY)
    assert run(market, watch) == {"identities": 1}
    assert (row(PartyRow, "acme").kyc, row(PartyRow, "acme").kyc_until) == ("none", None)
    assert reconciled(market)


def test_what_changes_while_policy_decides_is_left_for_the_next_run(market, watch, monkeypatch):
    step(market.developer(), "deprecate", ends_at="2027-02-20T14:00:00Z", migration_guide="yes")
    market.later(90 * DAY)
    seen = stepping.ending

    def changing(session, agent, *, lock=False):
        found = seen(session, agent, lock=lock)
        return Entity(type=found.type, id=found.id, properties=found.properties | {"developer": "x"}) if lock else found

    monkeypatch.setattr(stepping, "ending", changing)
    assert run(market, watch) == {"delisted": 0}
    assert state() == "deprecated"


def test_what_has_earned_a_badge_is_given_it_and_keeps_it(market, trade):
    job, now = AwardJob(means(market), trade).job(), market.now()
    assert job.idle()
    keep(
        ReviewRow(order="o1", agent="invoice-reader", buyer="globex", stars=5, text="it works", at=now, **DECIDED),
        MeasureRow(
            source="platform",
            id="1",
            agent="invoice-reader",
            from_at=now - HOUR,
            to_at=now,
            calls=9,
            errors=0,
            p95_ms=900,
            up_seconds=HOUR,
            **DECIDED,
        ),
    )
    assert run(market, job) == {"asked": 1, "awarded": 0}
    trade.installs = 100
    assert run(market, job) == {"asked": 1, "awarded": 1}
    assert job.idle()
    assert row(BadgeRow, "invoice-reader", "featured").until == now + 30 * DAY
    assert reconciled(market)


def test_a_run_that_has_to_stop_begins_nothing(market, advisor, rescan):
    advisor.known["1.0.0"] = [CRITICAL]
    assert run(market, rescan, stopping=lambda: True) == {"looked_at": 0, "found": 0}


def test_under_policies_without_limits_a_run_fails_and_says_so(market):
    watch = LifeWatch(means(market, lambda: SimpleNamespace(data="{}"))).job()
    with pytest.raises(JobError) as failed:
        run(market, watch)
    assert failed.value.code == "data"


def test_alerts_go_to_the_targets(market, advisor, rescan):
    advisor.known["1.0.0"] = [CRITICAL]
    run(market, rescan)
    with reading() as session:
        assert [each.target for each in session.exec(select(AlertDeliveryRow))] == ["slack"]
