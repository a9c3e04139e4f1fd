"""Buying, taking back, being paid and looking at it over HTTP, and only by those whom it concerns."""

import re

import pytest
from sqlalchemy import text

from app.db import writing
from app.features.marketplace.rows import AgentState, PartyRow
from app.features.marketplace.sales.till import Till
from tests.features.marketplace.sales.provider import Provider
from tests.features.marketplace.sales.shop import DAY, price
from tests.features.marketplace.trading import agent, keep, market_at, permit
from tests.features.serving import NOW

WANTED = {"agent": "invoice-reader", "plan": "9900-0", "quantity": 1, "source": "card_visa", "licence": "accepted"}


class Selling:
    """A marketplace over HTTP that sells `invoice-reader` of `acme` to `globex`."""

    def __init__(self, market, till, risk):
        self.market, self.till, self.risk = market, till, risk
        keep(agent(state=AgentState.LISTED.value))
        with writing(permit()) as session:
            session.get(PartyRow, "acme").account = "acct_acme"
            session.get(PartyRow, "acme").created_at = int(NOW) - 400 * DAY

    def post(self, browser, path, body, key="k1"):
        headers = {"idempotency-key": key, "accept": "application/json", "sec-fetch-site": "same-origin"}
        return browser.client.post(path, data={"csrf": browser.csrf(), "key": key} | body, headers=headers)

    def buy(self, key="k1", **changed):
        return self.post(self.market.buyer(), "/marketplace/orders", WANTED | changed, key)


@pytest.fixture
def selling(sqlite_url):
    risk = {"scored": True, "score": 0.1}
    clock = []
    till = Till(payments=Provider(), price=price, risk=lambda *_: risk, now=lambda: clock[0]())  # noqa: PLW0108 - it comes later
    with market_at(sqlite_url, till=till) as market:
        clock.append(market.now)
        yield Selling(market, till, risk)


def test_a_buyer_buys_and_sees_the_order(selling):
    answer = selling.buy()
    assert (answer.status_code, answer.json["state"], answer.json["total"]) == (201, "paid", "99.00 USD")
    page = selling.market.buyer().get(f"/marketplace/orders/{answer.json['id']}")
    assert (page.status_code, "Refund" in page.text) == (200, True)
    assert selling.buy().json["id"] == answer.json["id"]
    assert selling.till.payments.count("charge") == 1


def test_another_body_under_the_same_key_is_a_conflict(selling):
    selling.buy()
    assert selling.buy(plan="9901-0").status_code == 409


@pytest.mark.parametrize(
    "changed", [{"agent": ""}, {"quantity": "-1"}, {"quantity": "x"}, {"source": "s" * 129}, {"plan": "\n"}]
)
def test_what_cannot_be_read_is_refused(selling, changed):
    assert selling.buy(**changed).status_code == 400


def test_an_order_needs_a_key(selling):
    browser = selling.market.buyer()
    answer = browser.post("/marketplace/orders", WANTED, accept="application/json")
    assert answer.status_code == 400


def test_without_the_licence_nothing_is_sold(selling):
    assert selling.buy(licence="").json["state"] == "refused"


def test_whoever_acts_for_no_buyer_buys_nothing(selling):
    assert selling.post(selling.market.developer(), "/marketplace/orders", WANTED).status_code == 403


def test_a_buyer_takes_a_part_back_on_the_page(selling):
    order = selling.buy().json["id"]
    browser = selling.market.buyer()
    page = browser.get(f"/marketplace/orders/{order}")
    key = re.search(r'name="key" value="([^"]+)"', page.text)[1]
    done = browser.post(f"/marketplace/orders/{order}/refund", {"amount_minor": "900", "key": key})
    assert done.status_code == 303
    assert "900 minor units" in browser.get(f"/marketplace/orders/{order}").text


def test_support_gives_back_and_others_do_not(selling):
    order = selling.buy().json["id"]
    path, body = f"/marketplace/orders/{order}/refund", {"amount_minor": "100"}
    assert selling.post(selling.market.officer("ofc-1", "omega-auditors"), path, body).status_code == 403
    answer = selling.post(selling.market.officer("ofc-2", "omega-support"), path, body)
    assert (answer.status_code, answer.json["state"], answer.json["amount_minor"]) == (200, "done", 100)


def test_an_order_of_raised_risk_goes_on_after_a_second_factor(selling):
    selling.risk["score"] = 0.6
    order = selling.buy().json
    assert order["state"] == "verifying"
    with selling.market._engine.begin() as connection:
        connection.execute(text("UPDATE officer_session SET second_factor = false"))
    path = f"/marketplace/orders/{order['id']}/confirm"
    assert selling.post(selling.market.control.officer("buy-1"), path, {}).status_code == 403
    selling.market.later(1)
    assert selling.post(selling.market.buyer(), path, {}).json["state"] == "paid"


@pytest.mark.parametrize(("verdict", "state"), [("charge", "paid"), ("refuse", "refused")])
def test_trust_and_safety_clears_what_was_held(selling, verdict, state):
    selling.risk["score"] = 0.9
    order = selling.buy().json
    assert order["state"] == "held"
    path, body = f"/marketplace/orders/{order['id']}/clear", {"verdict": verdict}
    assert selling.post(selling.market.officer("ofc-1", "omega-finance"), path, body).status_code == 403
    officer = selling.market.officer("ofc-2", "omega-trust-and-safety")
    assert selling.post(officer, path, body).json["state"] == state
    assert selling.post(officer, path, body).status_code == 403


def test_a_developer_is_paid_out_and_sees_a_statement(selling):
    selling.buy()
    developer = selling.market.developer()
    lines = developer.json("/marketplace/developers/acme/statement").json["lines"]
    assert {(each["account"], each["amount_minor"]) for each in lines} == {("escrow", 7524), ("reserve", 396)}
    text_of = developer.get("/marketplace/developers/acme/statement?format=csv").text
    assert text_of.startswith("at,kind,of,account,amount_minor,currency,decision_id\r\n")
    assert "sale" in developer.get("/marketplace/developers/acme/statement").text
    assert developer.json("/marketplace/developers/acme/statement?currency=usd").status_code == 400
    answer = selling.post(developer, "/marketplace/developers/acme/payouts", {})
    assert answer.status_code == 409  # it is held
    assert selling.post(selling.market.buyer(), "/marketplace/developers/acme/payouts", {}).status_code == 403


def test_nobody_sees_what_is_none_of_theirs(selling):
    order = selling.buy().json["id"]
    stranger = selling.market.officer("ofc-9", "omega-auditors")
    for path in (f"orders/{order}", "developers/acme/statement", "finance"):
        assert stranger.json(f"/marketplace/{path}").status_code == 403
    assert selling.market.developer().json(f"/marketplace/orders/{order}").status_code == 200
    assert selling.market.buyer().json("/marketplace/orders/ord-none").status_code == 404


def test_finance_sees_what_waits(selling):
    selling.risk["score"] = 0.9
    order = selling.buy().json
    finance = selling.market.officer("ofc-1", "omega-finance")
    assert [each["id"] for each in finance.json("/marketplace/finance").json["held"]] == [order["id"]]
    assert "Held orders" in finance.get("/marketplace/finance").text


def test_without_a_provider_nothing_is_sold(sqlite_url):
    with market_at(sqlite_url) as market:
        made = Selling(market, None, {})
        assert made.buy().status_code == 503
