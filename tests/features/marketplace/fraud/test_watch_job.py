"""Somebody is told when scores are distributed otherwise than before, or than policy means it."""

import json
from types import SimpleNamespace

import pytest
from sqlmodel import select

from app.alerts.rows import AlertRow
from app.db import reading
from app.features.marketplace.errors import MarketDataError
from app.features.marketplace.fraud.rows import AttemptRow
from app.features.marketplace.fraud.trace import DAY
from app.features.marketplace.fraud.watch_job import ALERT, FraudWatch, watch_of
from app.jobs.job import JobError
from tests.features.marketplace.trading import keep, permit
from tests.features.serving import NOW
from tests.pdp.evaluating import ROOT

LIMITS = json.loads((ROOT / "policies/data/fraud_watch.json").read_text())
SMALL = LIMITS | {"least_attempts": 20}
NEVER = {"most_verified": 1.0, "most_blocked": 1.0, "most_stability_index": 99.0}


def bundle(limits):
    return SimpleNamespace(data=json.dumps({"fraud_watch": limits}))


def run(limits=SMALL):
    watch = FraudWatch(lambda: bundle(limits), ["pager"], clock=lambda: NOW, random=lambda _: "ab")
    return watch.run(SimpleNamespace(permit=permit("policies.run_job")))


def attempts(scores, *, days, verdict="allow"):
    keep(
        *(
            AttemptRow(
                decision_id=f"d-{days}-{verdict}-{place}",
                order=f"o-{place}",
                at=int(NOW) - days * DAY,
                attempt={},
                developer="acme",
                signals={},
                verdict=verdict,
                score_ppm=score,
                reasons=[],
            )
            for place, score in enumerate(scores)
        )
    )


def alerts():
    with reading() as session:
        return session.exec(select(AlertRow)).all()


@pytest.fixture
def scored(market):  # noqa: ARG001 - the database
    """A month of scores."""
    attempts(range(50_000, 150_000, 1_000), days=20)


def test_the_same_scores_are_no_news(scored):  # noqa: ARG001
    attempts(range(50_500, 150_500, 2_000), days=2)
    assert run() == {
        "attempts": 50,
        "before": 100,
        "beyond": 0,
        "verified": 0,
        "blocked": 0,
        "stability_index": pytest.approx(0, abs=0.05),
    }
    assert alerts() == []


def test_other_scores_are(scored):  # noqa: ARG001
    attempts(range(300_000, 400_000, 2_000), days=2)
    assert run()["beyond"] == 1
    [alert] = alerts()
    told = json.dumps(alert.model_dump(mode="json"))
    assert ALERT in told
    assert "stability_index" in told


@pytest.mark.parametrize(("verdict", "name"), [("verify", "verified"), ("block", "blocked")])
def test_more_is_stopped_than_meant(market, verdict, name):  # noqa: ARG001
    attempts([100_000] * 18, days=2)
    attempts([900_000] * 2, days=2, verdict=verdict)
    assert run()[name] == 0.1
    assert run(SMALL | NEVER)["beyond"] == 0
    assert len(alerts()) == 1


def test_of_too_few_nothing_is_said(scored):  # noqa: ARG001
    attempts([900_000] * 19, days=2, verdict="block")
    assert run() == {"attempts": 19, "before": 100, "beyond": 0}


def test_it_is_idle_until_something_is_scored(market):  # noqa: ARG001
    job = FraudWatch(lambda: bundle(SMALL), [], clock=lambda: NOW).job()
    assert job.idle()
    attempts([1], days=1)
    assert not job.idle()


@pytest.mark.parametrize("data", [{}, {"fraud_watch": {"days": 7}}])
def test_without_limits_the_run_fails_and_says_so(market, data):  # noqa: ARG001
    lacking = SimpleNamespace(data=json.dumps(data))
    with pytest.raises(MarketDataError):
        watch_of(lacking)
    watch = FraudWatch(lambda: lacking, [], clock=lambda: NOW)
    with pytest.raises(JobError, match="fraud_watch"):
        watch.run(SimpleNamespace(permit=permit("policies.run_job")))
