"""Refunds and disputes: out of whose pocket, never more than was paid, and back where a dispute is won."""

import pytest

from app.features.marketplace.errors import ChangedError, UnknownError
from app.features.marketplace.sales.errors import ReusedKeyError
from app.features.marketplace.sales.rows import DisputeRow, DisputeState, RefundRow
from app.pdp.errors import DeniedError

NET, RESERVE = 7920, 396


def test_a_refund_comes_out_of_what_is_held_of_the_order(shop_anywhere):
    shop = shop_anywhere
    row = shop.buy("k1")
    made = shop.refund(row.id, 100)
    assert (made.state, made.refund, shop.provider.held) == ("done", f"re_{made.id}:refund", {"USD": 9800})
    assert shop.balances() == {
        "psp:stripe": -9800,
        "revenue:commission": 1960,
        "dev:old:escrow": NET - RESERVE - 80,
        "dev:old:reserve": RESERVE,
    }
    kept = shop.order(row.id)
    assert (kept.refunded, kept.refunding, kept.returned, kept.escrow_left) == (100, 0, 80, NET - RESERVE - 80)


def test_an_order_that_is_back_in_whole_leaves_nothing_with_anybody(shop):
    row = shop.buy("k1", plan="101-0")
    for number, amount in enumerate((33, 33, 33, 2)):
        shop.refund(row.id, amount, str(number))
    assert shop.balances() == {}
    with pytest.raises(DeniedError) as denied:
        shop.refund(row.id, 1, "more")
    assert set(denied.value.decision.failed) == {"not_refunded", "within_paid"}


def test_a_refund_after_the_payout_leaves_a_debt_that_later_sales_pay(shop):
    row = shop.buy("k1")
    shop.later(days=7)
    shop.run("release")
    assert shop.pay_out("old").state == "in_transit"
    shop.refund(row.id, 9900)
    assert shop.balances()["receivable:old"] == -(NET - RESERVE)
    assert shop.balances().get("dev:old:reserve", 0) == 0
    shop.buy("k2", plan="20000-0")
    shop.later(days=7)
    shop.run("release")
    assert "receivable:old" not in shop.balances()
    assert shop.balances()["dev:old:available"] == (16_000 - 800) - (NET - RESERVE)


def test_whoever_owes_is_not_paid_out(shop):
    row = shop.buy("k1")
    shop.later(days=7)
    shop.run("release")
    shop.pay_out("old")
    shop.refund(row.id, 9900)
    with pytest.raises(DeniedError) as denied:
        shop.pay_out("old", "2")
    assert "no_debt" in denied.value.decision.failed


def test_the_same_key_is_the_same_refund(shop):
    row = shop.buy("k1")
    first, again = shop.refund(row.id, 9900), shop.refund(row.id, 9900)
    assert (first.id, shop.provider.count("refund"), shop.balances()) == (again.id, 1, {})
    with pytest.raises(ReusedKeyError):
        shop.refund(row.id, 9899)


def test_a_refund_after_thirty_days_is_denied(shop):
    row = shop.buy("k1")
    shop.later(days=30)
    shop.refund(row.id, 1)
    shop.later(seconds=1)
    with pytest.raises(DeniedError) as denied:
        shop.refund(row.id, 1, "2")
    assert denied.value.decision.failed == ("within_window",)


def test_what_was_not_paid_is_not_given_back(shop):
    shop.score = 0.9
    row = shop.buy("k1")
    with pytest.raises(UnknownError):
        shop.refund(row.id, 1)


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_refund_of_which_nobody_knows_is_gone_on_with_and_counts_meanwhile(shop, how):
    row = shop.buy("k1")
    shop.provider.failing["refund"] = how
    assert shop.refund(row.id, 9000).state == "pending"
    with pytest.raises(DeniedError):
        shop.refund(row.id, 901, "2")
    shop.provider.failing.clear()
    assert shop.refund(row.id, 9000).state == "pending"
    shop.later(seconds=60)
    assert shop.run("settle")["done"] == 1
    assert (shop.provider.held, shop.provider.count("refund"), shop.balances()["psp:stripe"]) == ({"USD": 900}, 1, -900)


def test_a_refund_that_the_provider_declines_changes_nothing(shop):
    row = shop.buy("k1")
    before = shop.balances()
    shop.provider.failing["refund"] = "declined"
    assert shop.refund(row.id, 9900).state == "failed"
    shop.provider.failing.clear()
    assert (shop.balances(), shop.order(row.id).refunding) == (before, 0)
    assert shop.refund(row.id, 9900, "2").state == "done"


def test_a_dispute_takes_the_money_and_a_fee_and_brings_it_back_when_it_is_won(shop_anywhere):
    shop = shop_anywhere
    row = shop.buy("k1")
    shop.dispute("dp-1", row.charge, 9900)
    assert shop.run("book")["done"] == 1
    assert shop.balances() == {"psp:stripe": 1_500, "expense:dispute_fee": -1_500}
    shop.dispute("dp-1", row.charge, 9900, DisputeState.WON)
    assert shop.run("book")["done"] == 1
    assert shop.balances() == {
        "psp:stripe": -9_900 + 1_500,
        "expense:dispute_fee": -1_500,
        "revenue:commission": 9_900 - NET,
        "dev:old:escrow": NET,
    }
    assert shop.run("book") == {"done": 0, "denied": 0, "left": 0}


def test_a_dispute_that_is_lost_stays_booked(shop):
    row = shop.buy("k1")
    shop.dispute("dp-1", row.charge, 9900)
    shop.run("book")
    booked = shop.balances()
    shop.dispute("dp-1", row.charge, 9900, DisputeState.LOST)
    shop.run("book")
    assert (shop.balances(), shop.kept(DisputeRow)[0].state) == (booked, "lost")


def test_webhooks_in_another_order_and_more_than_once_come_to_the_same(shop):
    row = shop.buy("k1")
    for state in (DisputeState.LOST, DisputeState.OPEN, DisputeState.OPEN, DisputeState.WON):
        shop.dispute("dp-1", row.charge, 9900, state)
    assert [shop.run("book")["done"] for _ in range(3)] == [1, 1, 0]
    assert shop.kept(DisputeRow)[0].state == "lost"


def test_a_dispute_of_more_than_is_left_waits_for_somebody(shop):
    row = shop.buy("k1")
    shop.refund(row.id, 1)
    shop.dispute("dp-1", row.charge, 9900)
    assert shop.run("book") == {"done": 0, "denied": 1, "left": 0}
    assert shop.kept(DisputeRow)[0].state == "reported"


def test_a_dispute_of_a_charge_that_is_not_ours_is_refused(shop):
    with pytest.raises(UnknownError):
        shop.dispute("dp-1", "ch_other", 9900)


def test_what_is_disputed_is_not_let_go(shop):
    row = shop.buy("k1")
    shop.dispute("dp-1", row.charge, 100)
    shop.later(days=7)
    assert shop.run("release") == {"done": 0, "denied": 0, "left": 0}
    shop.dispute("dp-1", row.charge, 100, DisputeState.WON)
    shop.run("book")
    shop.run("book")
    assert shop.run("release")["done"] == 1


def test_a_dispute_that_is_won_after_the_hold_pays_the_debt_first(shop):
    row = shop.buy("k1")
    shop.later(days=7)
    shop.run("release")
    shop.pay_out("old")
    shop.dispute("dp-1", row.charge, 9900)
    shop.run("book")
    assert shop.balances()["receivable:old"] == -(NET - RESERVE)
    shop.dispute("dp-1", row.charge, 9900, DisputeState.WON)
    shop.run("book")
    assert "receivable:old" not in shop.balances()
    assert shop.balances()["dev:old:available"] == RESERVE


def test_a_new_developer_is_held_for_longer(shop):
    shop.buy("k1", of="new")
    shop.buy("k2", of="old")
    shop.later(days=7)
    assert shop.run("release")["done"] == 1
    shop.later(days=7, seconds=-1)
    assert shop.run("release")["done"] == 0
    shop.later(seconds=1)
    assert shop.run("release")["done"] == 1
    assert shop.balances()["dev:new:available"] == 6930 - 346


def test_the_reserve_is_let_go_after_ninety_days(shop):
    shop.buy("k1")
    shop.later(days=90, seconds=-1)
    shop.run("release")
    assert shop.balances()["dev:old:reserve"] == RESERVE
    shop.later(seconds=1)
    assert shop.run("release")["done"] == 1
    assert shop.balances()["dev:old:available"] == NET
    assert shop.run("release") == {"done": 0, "denied": 0, "left": 0}


def test_a_refund_that_was_decided_on_an_order_that_has_changed_is_not_made(shop, monkeypatch):
    row = shop.buy("k1")
    enforce = shop.enforce

    def meanwhile(request):
        allowed = enforce(request)
        monkeypatch.setattr(shop, "enforce", enforce)
        shop.refund(row.id, 9900, "other")
        return allowed

    monkeypatch.setattr(shop, "enforce", meanwhile)
    with pytest.raises(ChangedError):
        shop.refund(row.id, 9900)
    assert [each.amount for each in shop.kept(RefundRow)] == [9900]
    assert (shop.balances(), shop.provider.held) == ({}, {"USD": 0})
