"""Reviews of who bought, support with its clocks, and service levels that open a security review."""

import pytest

from app.features.marketplace.lifecycle.rows import MeasureRow, ReviewRow, SecurityReviewRow, TicketRow
from app.features.marketplace.rows import PartyKind
from tests.features.marketplace.lifecycle.living import (
    DAY,
    FINANCE,
    HOUR,
    LISTING,
    SAFETY,
    SUPPORT,
    WHY,
    Order,
    reconciled,
    row,
    rows,
    send,
    step,
)
from tests.features.marketplace.trading import MemberRow, keep, party


@pytest.fixture
def buyer(market, trade):
    trade.orders["globex", "invoice-reader"] = Order("ord-1")
    return market.buyer()


def life(browser):
    return browser.json(f"{LISTING}/life").json


def measured(market, name="m1", service="platform", **changed):
    body = {
        "id": name,
        "from": "2026-11-22T12:00:00Z",
        "to": "2026-11-22T13:00:00Z",
        "calls": 1_000,
        "errors": 1,
        "p95_ms": 900,
        "up_seconds": 3_600,
    }
    return market.control.visitor().client.post(
        f"{LISTING}/measures", json=body | changed, environ_overrides=market.service(service)
    )


def test_who_bought_it_reviews_it_once(market, buyer):
    assert step(buyer, "reviews", stars="4").status_code == 201
    assert step(buyer, "reviews", stars="1").status_code == 403
    assert (life(buyer)["rating"], life(buyer)["reviews"][0]["text"]) == (4.0, WHY)
    assert reconciled(market)


def test_who_did_not_buy_it_does_not(market):
    assert step(market.buyer(), "reviews", stars="1").status_code == 403
    assert rows(ReviewRow) == []


def test_nobody_reviews_what_is_their_own(buyer):
    keep(MemberRow(account="buy-1", party="acme", decision_id="made-by-a-test-1"))
    assert step(buyer, "reviews", stars="5").status_code == 403


def test_a_hidden_review_counts_for_nothing_until_it_is_shown_again(market, buyer, safety):
    step(buyer, "reviews", stars="1")
    assert send(buyer, "reviews/ord-1/moderate", step="hide", reason="abuse").status_code == 403
    assert send(safety, "reviews/ord-1/moderate", step="hide", reason="abuse").status_code == 200
    assert (life(buyer)["rating"], life(buyer)["reviews"]) == (0.0, [])
    assert safety.json("/marketplace/queue").json["hidden_reviews"][0]["id"] == "ord-1"
    assert send(safety, "reviews/ord-1/moderate", step="show", reason="mistaken").status_code == 200
    assert life(buyer)["rating"] == 1.0
    assert reconciled(market)


def test_support_has_clocks_that_stop_when_somebody_answers_and_resolves(market, buyer):
    ticket = step(buyer, "support").json["ticket"]
    market.later(24 * HOUR - 1)
    [seen] = life(market.developer())["support"]
    assert (seen["response_late"], seen["resolution_late"], seen["response_due"]) == (
        False,
        False,
        "2026-11-23T14:00:00Z",
    )
    market.later(1)
    developer = market.developer()
    assert life(developer)["support"][0]["response_late"]
    assert send(developer, f"support/{ticket}/steps", step="answer").status_code == 200
    market.later(6 * DAY)
    assert life(market.developer())["support"][0]["resolution_late"]
    assert send(market.officer("ofc-6", SUPPORT), f"support/{ticket}/steps", step="resolve").status_code == 200
    assert row(TicketRow, ticket).state == "resolved"
    assert send(market.developer(), f"support/{ticket}/steps", step="answer").status_code == 403
    assert reconciled(market)


def test_a_buyer_sees_and_resolves_their_own_requests_alone(market, buyer, trade):
    ticket = step(buyer, "support").json["ticket"]
    trade.orders["initech", "invoice-reader"] = Order("ord-2")
    keep(
        party("initech", PartyKind.BUYER),
        MemberRow(account="buy-2", party="initech", decision_id="made-by-a-test-1"),
    )
    other = market.officer("buy-2")
    assert life(other)["support"] == []
    assert send(other, f"support/{ticket}/steps", step="resolve").status_code == 403
    assert send(buyer, f"support/{ticket}/steps", step="resolve").status_code == 200


def test_a_measure_counts_once(market):
    assert measured(market).json["missed"] == []
    again = measured(market, calls=5)
    assert (again.status_code, again.json["type"]) == (409, "urn:omega:problem:conflict")
    assert [each.calls for each in rows(MeasureRow)] == [1_000]
    assert measured(market, service="acme-ci").status_code == 403
    assert reconciled(market)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, 7])
def test_a_measure_has_a_name(market, name):
    assert measured(market, name=name).status_code == 400


@pytest.mark.parametrize(
    ("changed", "missed"),
    [
        ({"p95_ms": 1_999, "errors": 9, "up_seconds": 3_583}, []),
        ({"p95_ms": 2_000}, ["p95"]),
        ({"errors": 10}, ["error_rate"]),
        ({"up_seconds": 3_582}, ["availability"]),
    ],
)
def test_service_levels_are_missed_at_their_limit(market, changed, missed):
    assert measured(market, **changed).json["missed"] == missed


def test_fifteen_percent_of_failures_open_one_security_review_that_a_better_service_closes(market):
    measured(market, "m1", errors=149)
    assert rows(SecurityReviewRow) == []
    measured(market, "m2", errors=151)
    measured(market, "m3", errors=300)
    [review] = rows(SecurityReviewRow)
    assert (review.agent, review.why, review.closed_at) == ("invoice-reader", "15.0 % of 2000 calls failed", None)
    queue = market.officer("ofc-7", SAFETY).json("/marketplace/queue").json
    assert queue["security_reviews"] == [
        {"listing": "invoice-reader", "why": review.why, "opened_at": "2026-11-22T14:00:00Z"}
    ]
    measured(market, "m4", calls=100_000, errors=0)
    assert row(SecurityReviewRow, review.id).closed_at == market.now()


def test_the_queue_is_for_the_offices(market):
    assert market.officer("buy-1", FINANCE).json("/marketplace/queue").status_code == 403
    assert market.officer("ofc-6", SUPPORT).get("/marketplace/queue").status_code == 200
