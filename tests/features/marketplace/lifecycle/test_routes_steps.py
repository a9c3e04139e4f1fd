"""A listing is deprecated, hidden, put into quarantine, taken off and brought back, each by who may and when it may."""

import pytest

from app.db import reading
from app.features.marketplace.lifecycle import stepping
from app.features.marketplace.lifecycle.rows import StepRow
from app.features.marketplace.rows import AgentRow
from tests.features.marketplace.lifecycle.living import (
    DAY,
    LISTING,
    SAFETY,
    WHY,
    reconciled,
    release_state,
    row,
    rows,
    state,
    step,
)
from tests.features.marketplace.trading import agent, keep

IN_90_DAYS, A_SECOND_LESS, IN_89_DAYS = "2027-02-20T14:00:00Z", "2027-02-20T13:59:59Z", "2027-02-19T14:00:00Z"


def test_a_developer_announces_the_end_ninety_days_before(market):
    developer = market.developer()
    for early in (IN_89_DAYS, A_SECOND_LESS):
        assert step(developer, "deprecate", ends_at=early, migration_guide="yes").status_code == 403
    assert state() == "listed"
    assert step(developer, "deprecate", ends_at=IN_90_DAYS, migration_guide="yes").json["state"] == "deprecated"
    assert row(AgentRow, "invoice-reader").ends_at == market.now() + 90 * DAY
    [notice] = developer.json(f"{LISTING}/life").json["notices"]
    assert (notice["step"], notice["before"], notice["after"], notice["text"]) == (
        "deprecate",
        "listed",
        "deprecated",
        WHY,
    )
    assert reconciled(market)


def test_what_replaces_a_listing_is_on_sale(market):
    keep(agent("invoice-reader-2"))
    developer = market.developer()
    answer = step(developer, "deprecate", ends_at=IN_90_DAYS, replacement="invoice-reader-2")
    assert (answer.status_code, answer.json["type"]) == (400, "urn:omega:problem:malformed_request")
    keep(agent("invoice-reader-3", state="listed"))
    assert step(developer, "deprecate", ends_at=IN_90_DAYS, replacement="invoice-reader-3").status_code == 200
    assert row(AgentRow, "invoice-reader").replacement == "invoice-reader-3"


def test_another_developer_changes_nothing(market):
    other = market.officer("ofc-3")
    assert step(other, "delist", reason="withdrawn").status_code == 403
    assert step(other, "yank", "/releases/1.0.0", reason="broken").status_code == 403
    assert (state(), release_state()) == ("listed", "listed")


def test_a_yanked_release_runs_where_it_is_pinned(market, safety):
    assert step(market.developer(), "yank", "/releases/1.0.0", reason="broken").json["state"] == "yanked"
    with reading() as session:
        starts = [
            stepping.refusal(session, "invoice-reader", "1.0.0", pinned=p, tolerated_since=0) for p in (True, False)
        ]
    assert starts == [None, "yanked"]
    assert step(safety, "reinstate", "/releases/1.0.0").json["state"] == "listed"
    assert reconciled(market)


def test_a_quarantine_reaches_every_install_until_another_officer_has_looked(market, safety):
    assert step(safety, "quarantine", reason="malicious_code").json["state"] == "quarantined"
    with reading() as session:
        assert stepping.refusal(session, "invoice-reader", "1.0.0", pinned=True, tolerated_since=0) == "quarantined"
    assert step(safety, "reinstate").status_code == 403
    assert step(market.developer(), "reinstate").status_code == 403
    assert step(market.officer("ofc-8", SAFETY), "reinstate").json["state"] == "listed"
    assert [each.step for each in rows(StepRow)] == ["quarantine", "reinstate"]
    assert reconciled(market)


def test_a_release_goes_into_quarantine_alone(safety):
    assert step(safety, "quarantine", "/releases/1.0.0", reason="malicious_code").json["state"] == "quarantined"
    assert (state(), release_state()) == ("listed", "quarantined")


def test_what_is_delisted_was_announced(market, safety):
    assert step(safety, "delist", reason="policy_violation").status_code == 403
    step(safety, "quarantine", reason="policy_violation")
    market.later(60)
    assert step(safety, "delist", reason="policy_violation").json["state"] == "delisted"
    assert step(market.officer("ofc-8", SAFETY), "reinstate").json["state"] == "listed"
    market.later(60)
    assert step(safety, "delist", reason="policy_violation").status_code == 403


def test_who_belongs_to_a_developer_acts_for_no_office(market):
    both = market.officer("dev-1", SAFETY)
    keep(agent("theirs", developer="globex", state="listed"))
    answer = both.post(
        "/marketplace/listings/theirs/delist", {"reason": "fraud", "text": WHY}, accept="application/json"
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("text", ["", "short", "x" * 2_001])
def test_nothing_is_decided_without_a_word_to_those_it_concerns(market, safety, text):
    answer = step(safety, "quarantine", reason="fraud", text=text)
    assert (answer.status_code, answer.json["type"]) == (400, "urn:omega:problem:malformed_request")
    assert market.decisions("marketplace.quarantine") == []


def test_what_is_unknown_is_not_there(safety):
    for path in ("listings/nothing/quarantine", "listings/invoice-reader/releases/9.9.9/quarantine"):
        answer = safety.post(f"/marketplace/{path}", {"reason": "fraud", "text": WHY}, accept="application/json")
        assert answer.status_code == 404


def test_steps_are_taken_on_both_databases(market_anywhere):
    safety = market_anywhere.officer("ofc-7", SAFETY)
    assert step(safety, "quarantine", reason="fraud").json["state"] == "quarantined"
    assert step(market_anywhere.officer("ofc-8", SAFETY), "reinstate").json["state"] == "listed"
    assert reconciled(market_anywhere)


def test_a_service_of_the_developer_yanks(market):
    answer = market.control.visitor().client.post(
        f"{LISTING}/releases/1.0.0/yank",
        json={"reason": "broken", "text": WHY},
        headers={"accept": "application/json"},
        environ_overrides=market.service(),
    )
    assert answer.json["state"] == "yanked"
    assert row(StepRow, answer.json["decision_id"]).by == "acme"
