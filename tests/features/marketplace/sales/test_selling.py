"""The real till: what is sold is priced by plans, coupons and rates, scored by fraud detection, and told by events."""

import pytest

from app.alerts.rows import AlertRow
from app.db import reading
from app.features.marketplace.acting import EffectRow, effect
from app.features.marketplace.billing.errors import CouponError, PlanError
from app.features.marketplace.billing.event import About, Event, Status
from app.features.marketplace.billing.inbox import take_in
from app.features.marketplace.billing.rows import CouponRow, RedemptionRow
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.fraud.rows import AttemptRow, CaseRow
from app.features.marketplace.money import Money
from app.features.marketplace.rows import PartyKind
from app.features.marketplace.sales import events, purchasing
from app.features.marketplace.sales.orders import order_id
from app.features.marketplace.sales.rows import DisputeRow, OrderRow, PayoutRow
from app.features.marketplace.sales.sales_jobs import SalesJobs
from app.features.marketplace.sales.selling import till_of
from app.features.marketplace.sales.till import Wanted
from tests.features.gating import shipped
from tests.features.marketplace.billing.selling import coupon, plan
from tests.features.marketplace.sales.shop import THRESHOLDS
from tests.features.marketplace.trading import keep, party, permit

YEAR, OFF = 3_000, 300
SOLD = {"psp:stripe": -YEAR, "revenue:commission": 900, "dev:old:escrow": 1_995, "dev:old:reserve": 105}
"""A year at 2.50 a month: 30 % of it are the platform's, 5 % of the rest is kept back."""

CHEAPER = {"discount": "annual", "funding": "platform", "basis_points": 1_000, "least": 1}
CREDIT = {"discount": "credit", "funding": "platform", "basis_points": 0, "least": 1, "currency": "USD"}
STOLEN = {"card_country": "US", "network_country": "RU", "network": "192.0.2.7", "declined": 6}


def with_real_till(shop):
    """Have a shop sell as the service does, but for who moves the money; its buyers are two months old."""
    shop.later(days=60)
    shop.till = till_of(shop.provider, shipped, shop.enforce, targets=["pager"], now=lambda: shop.clock)
    shop.jobs = SalesJobs(shop.till, shop.enforce, lambda: THRESHOLDS)
    seat = {"kind": "seat", "steps": [{"up_to": None, "unit": "2.50"}], "agent": "old-agent", "interval": "year"}
    keep(party("initech", PartyKind.BUYER), plan("year", **seat), plan("few", **seat | {"least": 2}))
    return shop


@pytest.fixture
def selling(shop):
    return with_real_till(shop)


@pytest.fixture
def selling_anywhere(shop_anywhere):
    return with_real_till(shop_anywhere)


def event(name, about, subject, status, **more):
    said = {"amount": None, "charge": None, "account": None, "reason": None, "at": 1} | more
    return Event(provider="stripe", id=name, about=about, subject=subject, status=status, **said)


def told(happened, time=1):
    """Take an event in, as the route of webhooks does, each time by a decision of its own."""
    allowed = permit("marketplace.receive", decision_id=f"made-by-a-test-{happened.id}-{time}")
    with effect(allowed, now=lambda: 1) as session:
        return take_in(session, happened, happened.id, decision_id=allowed.decision_id, now=1)


def disputed(shop, row, name, status, time=1):
    said = {"amount": Money("USD", row.gross), "charge": row.charge, "at": shop.clock}
    return told(event(name, About.DISPUTE, "dp_1", status, **said), time)


def left(code):
    with reading() as session:
        row = session.get(CouponRow, code)
        return row.uses, row.amount


def test_what_is_sold_costs_what_the_plan_says(selling_anywhere):
    shop = selling_anywhere
    row = shop.buy("k1", plan="year")
    assert (row.state, row.listed, row.gross, row.promotion) == ("paid", YEAR, YEAR, 0)
    assert (row.fee, row.net, row.reserve) == (900, 2_100, 105)
    assert (shop.balances(), shop.provider.held) == (SOLD, {"USD": YEAR})
    [kept] = shop.kept(AttemptRow)
    assert (kept.order, kept.verdict, kept.decision_id) == (row.id, "allow", row.decision_id)
    assert sorted(each.action for each in shop.kept(EffectRow)) == ["marketplace.order", "marketplace.purchase"]
    assert shop.refund(row.id, YEAR).state == "done"
    assert (shop.balances(), shop.provider.held) == ({}, {"USD": 0})


@pytest.mark.parametrize("name", ["other", "retired", "none"])
def test_what_is_not_on_sale_has_no_price(selling, name):
    keep(plan("other", agent="new-agent"), plan("retired", agent="old-agent", retired_at=1))
    with pytest.raises(UnknownError):
        selling.buy("k1", plan=name)
    assert selling.kept(OrderRow) == []


def test_fewer_than_are_sold_have_no_price(selling):
    with pytest.raises(PlanError):
        selling.buy("k1", plan="few")


def test_the_last_use_of_a_coupon_is_one_buyers(selling_anywhere):
    shop = selling_anywhere
    keep(coupon("LAUNCH10", uses=1, **CHEAPER))
    row = shop.buy("k1", plan="year", coupons=["LAUNCH10"])
    assert (row.state, row.gross, row.promotion, row.net) == ("paid", YEAR - OFF, OFF, 2_100)
    assert shop.balances() == SOLD | {"psp:stripe": OFF - YEAR, "expense:promotion": -OFF}
    [used] = shop.kept(RedemptionRow)
    assert (used.coupon, used.order, used.amount, used.decision_id) == ("LAUNCH10", row.id, OFF, row.decision_id)
    with pytest.raises(CouponError):
        shop.buy("k2", by="initech", plan="year", coupons=["LAUNCH10"])
    assert (left("LAUNCH10"), len(shop.kept(OrderRow)), shop.provider.count("charge")) == ((0, 0), 1, 1)


def test_a_coupon_that_somebody_else_used_up_meanwhile_is_refused(selling_anywhere, monkeypatch):
    shop = selling_anywhere
    keep(coupon("LAUNCH10", uses=1, **CHEAPER))
    let_charge = purchasing.let_charge

    def meanwhile(*args, **more):
        monkeypatch.setattr(purchasing, "let_charge", let_charge)
        assert shop.buy("k2", by="initech", plan="year", coupons=["LAUNCH10"]).state == "paid"
        return let_charge(*args, **more)

    monkeypatch.setattr(purchasing, "let_charge", meanwhile)
    with pytest.raises(CouponError):
        shop.buy("k1", plan="year", coupons=["LAUNCH10"])
    assert {each.buyer: each.state for each in shop.kept(OrderRow)} == {"globex": "placed", "initech": "paid"}
    assert ([each.buyer for each in shop.kept(RedemptionRow)], shop.provider.count("charge")) == (["initech"], 1)


def test_a_credit_is_taken_as_far_as_it_goes(selling):
    keep(coupon("CREDIT-1", amount=4_000, **CREDIT))
    assert [selling.buy(key, plan="year", coupons=["CREDIT-1"]).gross for key in ("k1", "k2")] == [0, 2_000]
    assert left("CREDIT-1") == (1, 0)


def test_a_credit_that_shrank_meanwhile_does_not_pay_for_what_it_no_longer_covers(selling):
    keep(coupon("CREDIT-1", amount=4_000, **CREDIT))
    wanted = Wanted(
        buyer="globex", agent="old-agent", plan="year", quantity=1, coupons=("CREDIT-1",), source="card_visa"
    )
    row = purchasing.draft(
        selling.till, order_id("globex", "k1"), wanted, account="buy-1", licence_accepted=True, attempt={}
    )
    selling.buy("k2", plan="year", coupons=["CREDIT-1"])
    with pytest.raises(CouponError), effect(permit("marketplace.purchase")) as session:
        selling.till.redeem(session, row, "made-by-a-test-1")
    assert left("CREDIT-1") == (1, 1_000)


@pytest.mark.parametrize(
    ("made", "before"),
    [(coupon("LAUNCH10", uses=1, **CHEAPER), (1, 0)), (coupon("CREDIT-1", amount=50, **CREDIT), (1, 50))],
)
def test_what_was_not_paid_gives_the_coupon_back(selling, made, before):
    code = made.code
    keep(made)
    selling.provider.failing["charge"] = "declined"
    assert selling.buy("k1", plan="year", coupons=[code]).state == "declined"
    assert (left(code), selling.kept(RedemptionRow), selling.balances()) == (before, [], {})


def test_a_risky_attempt_is_denied_and_somebody_looks_into_it(selling_anywhere):
    shop = selling_anywhere
    states = []
    for number in range(12):
        shop.later(seconds=20)
        states.append(shop.buy(f"k{number}", plan="year", attempt=STOLEN | {"card": f"card-{number}"}).state)
    assert states[-1] == "held"
    [*_, kept] = sorted(shop.kept(AttemptRow), key=lambda each: each.at)
    held = order_id("globex", "k11")
    [case] = [each for each in shop.kept(CaseRow) if each.order == held]
    assert (kept.order, kept.verdict, case.attempt, case.verdict, case.state) == (
        held,
        "block",
        kept.decision_id,
        "block",
        "open",
    )
    assert len(kept.reasons) == 3
    assert len(shop.kept(AlertRow)) == len(shop.kept(CaseRow)) == states.count("held")
    assert shop.provider.count("charge") == states.count("paid")


def test_a_dispute_that_the_provider_tells_of_is_booked_once(selling_anywhere):
    shop = selling_anywhere
    row = shop.buy("k1", plan="year")
    assert disputed(shop, row, "evt_1", Status.OPEN)
    assert not disputed(shop, row, "evt_1", Status.OPEN, time=2)
    [kept] = shop.kept(DisputeRow)
    assert (kept.id, kept.order, kept.decision_id) == ("dp_1", row.id, "made-by-a-test-evt_1-1")
    assert shop.run("book")["done"] == 1
    assert shop.balances() == {}
    shop.later(seconds=1)
    assert disputed(shop, row, "evt_2", Status.WON)
    assert shop.run("book")["done"] == 1
    assert shop.balances() == {name: each for name, each in SOLD.items() if name != "dev:old:reserve"} | {
        "dev:old:escrow": 2_100
    }


def test_what_the_provider_tells_of_something_unknown_is_refused(selling):
    row = selling.buy("k1", plan="year")
    amount = Money("USD", 1)
    for wrong in (
        event("evt_1", About.DISPUTE, "dp_1", Status.OPEN, amount=amount, charge="ch_other"),
        event("evt_2", About.DISPUTE, "dp_1", Status.OPEN, amount=amount),
        event("evt_3", About.DISPUTE, "dp_1", Status.OPEN, charge=row.charge),
        event("evt_4", About.PAYOUT, "po_other", Status.SUCCEEDED),
    ):
        with pytest.raises(UnknownError):
            told(wrong)
    assert selling.kept(DisputeRow) == []


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Status.SUCCEEDED, "paid"),
        (Status.FAILED, "failed"),
        (Status.CANCELLED, "failed"),
        (Status.PENDING, "in_transit"),
    ],
)
def test_a_payout_ends_as_the_provider_tells(selling, status, state):
    selling.buy("k1", plan="year")
    selling.later(days=7)
    selling.run("release")
    row = selling.pay_out("old")
    assert told(event("evt_1", About.PAYOUT, row.payout, status, at=selling.clock))
    selling.run("settle")
    assert selling.kept(PayoutRow)[0].state == state
    arrived = {"paid": "psp:stripe", "failed": "dev:old:available", "in_transit": "dev:old:in_transit"}[state]
    assert arrived in selling.balances()


def test_events_that_say_no_state_change_nothing(selling):
    row = selling.buy("k1", plan="year")
    said = {"amount": Money("USD", 1), "charge": row.charge}
    with effect(permit("marketplace.receive")) as session:
        events.disputed(session, event("evt_1", About.DISPUTE, "dp_1", None, **said))
        events.paid_out(session, event("evt_2", About.PAYOUT, "po_1", None))
    assert selling.kept(DisputeRow) == []
