"""Payouts: what is let go and not owed goes to the bank once, and comes back to the books where it does not arrive."""

import pytest

from app.db import writing
from app.features.marketplace.rows import Kyc, PartyRow
from app.features.marketplace.sales.errors import WaitingError
from app.features.marketplace.sales.rows import PayoutRow
from app.pdp.errors import DeniedError
from tests.features.marketplace.trading import permit

FREE = 7920 - 396


def change(name, **values):
    with writing(permit()) as session:
        row = session.get(PartyRow, name)
        for field, value in values.items():
            setattr(row, field, value)


def test_a_payout_is_in_transit_until_the_provider_says_that_it_arrived(shop_anywhere):
    shop = shop_anywhere
    shop.buy("k1")
    shop.later(days=7)
    shop.run("release")
    row = shop.pay_out("old")
    assert (row.state, row.amount, shop.balances()["dev:old:in_transit"]) == ("in_transit", FREE, FREE)
    assert shop.payout_event(row.payout, "paid")
    assert shop.run("settle")["done"] == 1
    assert shop.balances() == {"psp:stripe": -9900 + FREE, "revenue:commission": 1980, "dev:old:reserve": 396}
    assert shop.run("settle") == {"done": 0, "denied": 0, "left": 0}


def test_a_payout_that_fails_may_be_paid_out_again(ready):
    row = ready.pay_out("old")
    ready.payout_event(row.payout, "failed")
    ready.payout_event(row.payout, "paid")  # says nothing any more
    ready.run("settle")
    assert ready.balances().get("dev:old:available") == FREE
    assert [name for name, _ in ready.provider.calls][-1] == "reverse"
    assert ready.pay_out("old", "2").amount == FREE


def test_a_failed_payout_is_not_booked_before_the_provider_has_the_money_back(ready):
    row = ready.pay_out("old")
    ready.payout_event(row.payout, "failed")
    ready.provider.failing["reverse"] = "after"
    assert ready.run("settle") == {"done": 0, "denied": 0, "left": 1}
    assert ready.balances()["dev:old:in_transit"] == FREE
    ready.provider.failing.clear()
    assert ready.run("settle")["done"] == 1
    assert ready.provider.count("reverse") == 1


@pytest.mark.parametrize("method", ["transfer", "payout"])
def test_a_payout_that_the_provider_declines_is_undone_at_once(ready, method):
    ready.provider.failing[method] = "declined"
    assert ready.pay_out("old").state == "failed"
    assert ready.balances()["dev:old:available"] == FREE
    assert ready.provider.count("reverse") == (method == "payout")


@pytest.mark.parametrize("method", ["transfer", "payout"])
@pytest.mark.parametrize("how", ["before", "after"])
def test_a_payout_of_which_nobody_knows_is_gone_on_with(ready, method, how):
    ready.provider.failing[method] = how
    row = ready.pay_out("old")
    assert (row.state, row.payout) == ("in_transit", None)
    ready.provider.failing.clear()
    assert ready.pay_out("old").payout is None
    ready.later(seconds=60)
    assert ready.run("settle")["done"] == 1
    [row] = ready.kept(PayoutRow)
    assert (row.payout, ready.provider.count("transfer"), ready.provider.count("payout")) == (
        f"po_{row.id}:payout",
        1,
        1,
    )


def test_the_same_key_is_the_same_payout(ready):
    first, again = ready.pay_out("old"), None
    ready.buy("k2")
    ready.later(days=7)
    ready.run("release")
    again = ready.pay_out("old")
    assert (again.id, again.amount, len(ready.kept(PayoutRow))) == (first.id, FREE, 1)


def test_nothing_is_paid_out_where_there_is_nothing(shop):
    shop.later(days=8)
    with pytest.raises(WaitingError, match="nothing"):
        shop.pay_out("old")


def test_nothing_is_paid_out_where_there_is_no_account(ready):
    change("old", account=None)
    with pytest.raises(WaitingError, match="no account"):
        ready.pay_out("old")


@pytest.mark.parametrize(
    ("changed", "gate"),
    [
        ({"kyc": Kyc.PENDING.value}, "known"),
        ({"kyc_until": 1_795_356_000}, "known"),
        ({"legal_form": "organisation"}, "not_sanctioned"),
    ],
)
def test_whoever_is_not_known_is_not_paid(ready, changed, gate):
    change("old", **changed)
    with pytest.raises(DeniedError) as denied:
        ready.pay_out("old")
    assert denied.value.decision.failed == (gate,)


def test_what_a_refund_took_of_the_reserve_stays_behind(ready):
    first = ready.pay_out("old")
    [order] = ready.kept()
    ready.refund(order.id, 5_000)
    assert ready.balances()["receivable:old"] == -(4_000 - 396)
    ready.buy("k2", plan="20000-0")
    ready.later(days=7)
    ready.run("release")
    spare = 16_000 - 800 - (4_000 - 396)
    missing = 996 - 800  # of 5 % of 3,920 and 16,000
    row = ready.pay_out("old", "2")
    assert (row.amount, ready.balances()["dev:old:available"]) == (spare - missing, missing)
    assert first.id != row.id


def test_the_job_pays_everybody_once_a_day(ready):
    ready.buy("k2", of="new")
    ready.later(days=14)
    ready.run("release")
    assert ready.run("pay_out") == {"done": 2, "denied": 0, "left": 0}
    assert {row.developer for row in ready.kept(PayoutRow)} == {"new", "old"}
    assert ready.run("pay_out") == {"done": 0, "denied": 0, "left": 0}


def test_an_event_about_a_payout_of_somebody_else_says_so(ready):
    assert not ready.payout_event("po_other", "paid")
