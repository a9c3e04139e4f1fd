"""An order is charged once, whatever dies in between, and only as policy says."""

import pytest
from sqlmodel import select

from app.db import reading
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.sales import purchasing
from app.features.marketplace.sales.errors import ReusedKeyError
from app.features.marketplace.sales.ledger import TxnRow
from app.features.marketplace.sales.orders import bought
from app.features.marketplace.sales.rows import OrderRow
from app.pdp.errors import DeniedError
from tests.features.marketplace.sales.shop import DAY

SOLD = {"psp:stripe": -9900, "revenue:commission": 1980, "dev:old:escrow": 7524, "dev:old:reserve": 396}


def actions():
    with reading() as session:
        return sorted(session.exec(select(EffectRow.action)).all())


def test_an_order_is_charged_and_what_it_earned_is_held(shop_anywhere):
    shop = shop_anywhere
    row = shop.buy("k1")
    assert (row.state, row.charge, row.paid_at) == ("paid", f"ch_{row.id}", shop.clock)
    assert shop.balances() == SOLD
    assert shop.provider.held == {"USD": 9900}
    assert actions() == ["marketplace.order", "marketplace.purchase"]
    with reading() as session:
        [txn] = session.exec(select(TxnRow))
        assert txn.decision_id == row.decision_id
        assert session.get(EffectRow, row.decision_id).action == "marketplace.purchase"


def test_the_same_key_is_the_same_order(shop):
    first, again = shop.buy("k1"), shop.buy("k1")
    assert (again.id, again.state, shop.balances()) == (first.id, "paid", SOLD)
    assert len(shop.provider.calls) == 1


def test_the_same_key_with_another_body_is_refused(shop):
    shop.buy("k1")
    with pytest.raises(ReusedKeyError):
        shop.buy("k1", plan="9901-0")
    assert shop.balances() == SOLD


def test_the_same_key_of_another_buyer_is_another_order(shop):
    from tests.features.marketplace.trading import PartyKind, keep, party  # noqa: PLC0415 - beside its one use

    keep(party("initech", PartyKind.BUYER))
    assert shop.buy("k1").id != shop.buy("k1", by="initech").id


def test_what_the_platform_bears_of_a_discount_leaves_the_developer_whole(shop):
    shop.buy("k1", plan="8900-1000")
    assert shop.balances() == SOLD | {"psp:stripe": -8900, "expense:promotion": -1000}


def test_what_costs_nothing_asks_no_provider(shop):
    row = shop.buy("k1", plan="0-9900")
    assert (row.state, row.charge, shop.provider.calls) == ("paid", None, [])
    assert shop.balances() == {name: each for name, each in SOLD.items() if name != "psp:stripe"} | {
        "expense:promotion": -9900
    }


def test_what_the_provider_declines_is_not_sold(shop):
    shop.provider.failing["charge"] = "declined"
    assert shop.buy("k1").state == "declined"
    assert shop.balances() == {}
    shop.provider.failing.clear()
    assert shop.buy("k1").state == "declined"
    assert shop.buy("k2").state == "paid"


@pytest.mark.parametrize("how", ["before", "after"])
def test_what_nobody_knows_of_is_gone_on_with_under_the_same_key(shop, how):
    shop.provider.failing["charge"] = how
    row = shop.buy("k1")
    assert (row.state, shop.balances()) == ("charging", {})
    shop.later(seconds=60)
    assert shop.run("settle") == {"done": 0, "denied": 0, "left": 1}
    assert shop.order(row.id).state == "charging"
    shop.provider.failing.clear()
    shop.run("settle")
    assert (shop.order(row.id).state, shop.balances(), shop.provider.held) == ("paid", SOLD, {"USD": 9900})
    assert shop.provider.count("charge") == 1
    assert actions() == ["marketplace.order", "marketplace.purchase", "marketplace.settle"]


def test_a_charge_is_not_asked_for_again_once_the_provider_may_have_forgotten_its_key(shop):
    shop.provider.failing["charge"] = "after"
    row = shop.buy("k1")
    shop.provider.failing.clear()
    shop.later(days=1)
    assert shop.run("settle") == {"done": 0, "denied": 1, "left": 0}
    assert shop.buy("k1").state == shop.order(row.id).state == "charging"
    assert len(shop.provider.calls) == 1


def test_a_raised_risk_waits_for_a_second_factor(shop):
    shop.score = 0.6
    row = shop.buy("k1")
    assert (row.state, shop.provider.calls, actions()) == ("verifying", [], ["marketplace.order"])
    with pytest.raises(DeniedError) as denied:
        shop.buy("k1")
    assert denied.value.decision.failed == ("stepped_up",)
    assert shop.buy("k1", verified=True).state == "paid"
    assert shop.balances() == SOLD


@pytest.mark.parametrize(("score", "state"), [(0.5, "paid"), (0.8, "verifying"), (0.81, "held")])
def test_what_becomes_of_an_order_is_what_the_risk_calls_for(shop, score, state):
    shop.score = score
    row = shop.buy("k1")
    assert row.state == state
    assert [order for _, order in shop.cases] == ([row.id] if state in {"held", "verifying"} else [])


def test_without_a_score_an_order_is_held(shop):
    object.__setattr__(shop.till, "risk", lambda *_: {"scored": False})
    assert shop.buy("k1").state == "held"
    assert (shop.balances(), len(shop.cases)) == ({}, 1)


def test_what_is_not_on_sale_is_refused(shop):
    from tests.features.marketplace.trading import agent, keep  # noqa: PLC0415 - beside its one use

    keep(agent("draft-agent", "old"))
    assert shop.buy("k1", of="draft").state == "refused"
    assert shop.balances() == {}


def test_whoever_paid_and_did_not_take_all_of_it_back_has_bought(shop):
    row = shop.buy("k1")
    with reading() as session:
        assert bought(session, "globex", "old-agent").id == row.id
        assert bought(session, "globex", "new-agent") is None
        assert bought(session, "initech", "old-agent") is None
    shop.refund(row.id, 9899)
    with reading() as session:
        assert bought(session, "globex", "old-agent").id == row.id
    shop.refund(row.id, 1, "2")
    with reading() as session:
        assert bought(session, "globex", "old-agent") is None


def test_what_cost_nothing_was_bought(shop):
    shop.buy("k1", plan="0-9900")
    with reading() as session:
        assert bought(session, "globex", "old-agent") is not None


def test_a_death_between_the_two_decisions_leaves_an_order_that_the_same_key_goes_on_with(shop, monkeypatch):
    class Died(BaseException):
        pass

    def die(*_args, **_more):
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr("app.features.marketplace.sales.purchasing.let_charge", die)
        with pytest.raises(Died):
            shop.buy("k1")
    [row] = shop.kept(OrderRow)
    assert (row.state, shop.balances()) == ("placed", {})
    shop.later(seconds=DAY)
    assert shop.buy("k1").state == "paid"
    assert shop.balances() == SOLD


@pytest.mark.parametrize("place", ["charge", "keep_charge"])
def test_a_death_around_the_charge_is_gone_on_with_and_charges_once(shop, monkeypatch, place):
    class Died(BaseException):
        pass

    def die(*_args, **_more):
        raise Died

    with monkeypatch.context() as dying:
        dying.setattr(shop.provider if place == "charge" else purchasing, place, die)
        with pytest.raises(Died):
            shop.buy("k1")
    assert shop.balances() == {}
    shop.later(seconds=60)
    shop.run("settle")
    assert (shop.balances(), shop.provider.held, shop.provider.count("charge")) == (SOLD, {"USD": 9900}, 1)
