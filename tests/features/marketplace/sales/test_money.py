"""Every cent is conserved, per order and in total, whatever is bought, given back, disputed, held and paid out.

The machine does what people, jobs and the provider do; `Books` says by itself, in fractions of whole orders, what each
account holds after it, and of each attempt whether it is done or refused. OMEGA_ROUNDS raises how many histories.
"""

import contextlib
import inspect
import os
import tempfile
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import hypothesis.strategies as st
import pytest
from _pytest.outcomes import Failed
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.db import reading
from app.features.marketplace.errors import MarketplaceError
from app.features.marketplace.money import Money
from app.features.marketplace.sales.errors import RacedError, ReusedKeyError, UnbalancedError, WaitingError
from app.features.marketplace.sales.ledger import differences
from app.features.marketplace.sales.rows import DisputeState
from app.pdp.errors import DeniedError
from tests.features.marketplace.sales import seeded_bugs, test_money_back, test_payouts
from tests.features.marketplace.sales.shop import DAY, OLD, shop_at, shop_on

ROUNDS = int(os.environ.get("OMEGA_ROUNDS", "100"))
FEE = 1_500


class Sold:
    """An order, as it should stand."""

    def __init__(self, developer, gross, promotion, at):
        whole = gross + promotion
        self.developer, self.gross, self.promotion, self.at = developer, gross, promotion, at
        self.fee = round(Fraction(whole * (3 if developer == "new" else 2), 10))
        self.net = whole - self.fee
        self.kept = round(Fraction(self.net, 20))
        self.held = self.net - self.kept
        self.back, self.coming, self.disputed = 0, 0, set()
        self.released = {"escrow": False, "reserve": False}

    def borne(self, back):
        return floor(Fraction(self.net * back, self.gross)) if back else 0

    @property
    def left(self):
        return self.gross - self.back - self.coming


class Books:
    """What every account should hold."""

    def __init__(self, clock):
        self.began, self.orders, self.disputes, self.payouts = clock, {}, {}, {}
        self.free, self.debt = {"old": 0, "new": 0}, {"old": 0, "new": 0}
        self.bank, self.fees = 0, 0

    def give_back(self, order, amount):
        sold = self.orders[order]
        share = sold.borne(sold.back + amount) - sold.borne(sold.back)
        sold.back += amount
        taken = min(share, sold.held)
        sold.held -= taken
        share -= taken
        taken = min(share, self.free[sold.developer])
        self.free[sold.developer] -= taken
        share -= taken
        taken = min(share, sold.kept)
        sold.kept -= taken
        self.debt[sold.developer] += share - taken

    def take_back(self, order, amount):
        sold = self.orders[order]
        share = sold.borne(sold.back) - sold.borne(sold.back - amount)
        sold.back -= amount
        paid = min(self.debt[sold.developer], share)
        self.debt[sold.developer] -= paid
        if sold.released["escrow"]:
            self.free[sold.developer] += share - paid
        else:
            sold.held += share - paid

    def release(self, now):
        """Let go what is due, and return how many holds."""
        count = 0
        for kind in ("escrow", "reserve"):
            for sold in sorted(self.orders.values(), key=lambda each: each.at):
                days = 90 if kind == "reserve" else 7
                if kind == "escrow" and sold.developer == "new" and now - self.began < 30 * DAY:
                    days = 14
                if sold.released[kind] or now - sold.at < days * DAY or sold.disputed:
                    continue
                count += 1
                sold.released[kind] = True
                amount = sold.held if kind == "escrow" else sold.kept
                paid = min(self.debt[sold.developer], amount)
                self.debt[sold.developer] -= paid
                self.free[sold.developer] += amount - paid
                if kind == "escrow":
                    sold.held = 0
                else:
                    sold.kept = 0
        return count

    def payable(self, developer, now):
        """Return what a payout pays, or None where it is refused."""
        own = [each for each in self.orders.values() if each.developer == developer]
        earned = sum(each.net - each.borne(each.back) for each in own if now - each.at < 90 * DAY)
        missing = max(0, ceil(Fraction(earned, 20)) - sum(each.kept for each in own))
        amount = self.free[developer] - min(self.free[developer], missing)
        since = max((each.at for each in own if each.released["escrow"]), default=None)
        young = since is None and now - (self.began if developer == "new" else self.began - OLD) < 7 * DAY
        short = missing > self.free[developer]
        return None if self.debt[developer] or amount <= 0 or young or short else amount

    def balances(self):
        """Return what each account holds, those that hold nothing left out."""
        found = {"expense:dispute_fee": -self.fees, "revenue:commission": 0, "expense:promotion": 0, "psp:stripe": 0}
        for name in self.free:
            own = [each for each in self.orders.values() if each.developer == name]
            found |= {
                f"dev:{name}:escrow": sum(each.held for each in own),
                f"dev:{name}:reserve": sum(each.kept for each in own),
                f"dev:{name}:available": self.free[name],
                f"dev:{name}:in_transit": sum(amount for of, amount in self.payouts.values() if of == name),
                f"receivable:{name}": -self.debt[name],
            }
        for each in self.orders.values():
            promotion = each.promotion - (floor(Fraction(each.promotion * each.back, each.gross)) if each.back else 0)
            found["expense:promotion"] -= promotion
            found["psp:stripe"] -= each.gross - each.back
            found["revenue:commission"] += each.gross - each.back + promotion - (each.net - each.borne(each.back))
        found["psp:stripe"] += self.bank + self.fees
        return {name: amount for name, amount in found.items() if amount}


class Sales(RuleBasedStateMachine):
    """Histories of a shop."""

    @initialize()
    def open(self):
        self.closing = contextlib.ExitStack()
        directory = self.closing.enter_context(tempfile.TemporaryDirectory())
        self.shop = self.closing.enter_context(self.shop_on(Path(directory) / "shop.db"))
        self.books, self.number, self.unknown, self.pending = Books(self.shop.clock), 0, 0, []

    shop_on = staticmethod(shop_on)

    def teardown(self):
        if hasattr(self, "closing"):
            self.closing.close()

    def key(self):
        self.number += 1
        return f"k{self.number}"

    @rule(
        of=st.sampled_from(["old", "new"]),
        gross=st.integers(1, 20_000),
        promotion=st.sampled_from([0, 0, 7, 1_000]),
        how=st.sampled_from([None, None, None, "declined", "before", "after"]),
        score=st.sampled_from([0.1, 0.1, 0.6, 0.9]),
    )
    def buy(self, of, gross, promotion, how, score):
        key, self.shop.score = self.key(), score
        self.shop.provider.failing = {} if how is None else {"charge": how}
        plan = f"{gross}-{promotion}"
        row = self.shop.buy(key, of=of, plan=plan)
        if score == 0.6:
            assert row.state == "verifying"
            row = self.shop.buy(key, of=of, plan=plan, verified=True)
        state = {None: "paid", "declined": "declined"}.get(how, "charging") if score < 0.9 else "held"
        assert row.state == state
        self.shop.provider.failing = {}
        if state == "paid":
            self.books.orders[row.id] = Sold(of, gross, promotion, self.shop.clock)
            assert self.shop.buy(key, of=of, plan=plan).state == "paid"
            with contextlib.suppress(ReusedKeyError):
                self.shop.buy(key, of=of, plan=f"{gross + 1}-{promotion}")
                raise AssertionError("another body under the same key was taken")
        if state == "charging":
            self.unknown += gross if how == "after" else 0
            self.pending.append(("charge", row.id, (of, gross, promotion), how))
            self.settle()

    @precondition(lambda self: self.books.orders)
    @rule(
        data=st.data(),
        part=st.integers(1, 120),
        how=st.sampled_from([None, None, None, "declined", "before", "after"]),
    )
    def refund(self, data, part, how):
        order = data.draw(st.sampled_from(sorted(self.books.orders)))
        sold, key = self.books.orders[order], self.key()
        amount = max(1, sold.gross * part // 100)
        may = amount <= sold.left and self.shop.clock - sold.at <= 30 * DAY
        self.shop.provider.failing = {} if how is None else {"refund": how}
        try:
            made = self.shop.refund(order, amount, key)
        except DeniedError:
            assert not may
            return
        finally:
            self.shop.provider.failing = {}
        assert may
        if made.state == "done":
            self.books.give_back(order, amount)
            assert self.shop.refund(order, amount, key).id == made.id
        if made.state == "pending":
            sold.coming += amount
            self.unknown -= amount if how == "after" else 0
            self.pending.append(("refund", made.id, (order, amount), how))
            if data.draw(st.booleans()):
                self.settle()

    @precondition(lambda self: self.books.orders)
    @rule(data=st.data(), part=st.integers(1, 120))
    def dispute(self, data, part):
        order = data.draw(st.sampled_from(sorted(self.books.orders)))
        sold, name = self.books.orders[order], self.key()
        amount = max(1, sold.gross * part // 100)
        if amount > sold.left:  # no bank takes back more than was paid
            return
        charge = self.shop.order(order).charge
        self.shop.provider.disputed(charge, Money("USD", amount), Money("USD", FEE))
        for _ in range(data.draw(st.integers(1, 2))):
            self.shop.dispute(name, charge, amount)
        assert self.shop.run("book")["done"] == 1
        self.books.give_back(order, amount)
        self.books.fees += FEE
        sold.disputed.add(name)
        self.books.disputes[name] = (order, charge, amount)

    @precondition(lambda self: self.books.disputes)
    @rule(data=st.data(), won=st.booleans())
    def decide(self, data, won):
        name = data.draw(st.sampled_from(sorted(self.books.disputes)))
        order, charge, amount = self.books.disputes.pop(name)
        self.shop.dispute(name, charge, amount, DisputeState.WON if won else DisputeState.LOST)
        self.shop.dispute(name, charge, amount)  # late, and says nothing any more
        assert self.shop.run("book")["done"] == 1
        self.books.orders[order].disputed.discard(name)
        if won:
            self.shop.provider.won(charge, Money("USD", amount))
            self.books.take_back(order, amount)

    @rule(days=st.sampled_from([1, 3, 7, 14, 31, 90]))
    def later(self, days):
        self.settle()
        self.shop.later(days)
        assert self.shop.run("release")["done"] == self.books.release(self.shop.clock)
        assert self.shop.run("release") == {"done": 0, "denied": 0, "left": 0}

    @rule(of=st.sampled_from(["old", "new"]), how=st.sampled_from([None, None, "declined"]))
    def pay_out(self, of, how):
        amount, key = self.books.payable(of, self.shop.clock), self.key()
        self.shop.provider.failing = {} if how is None else {"payout": how}
        try:
            row = self.shop.pay_out(of, key)
        except (DeniedError, MarketplaceError):
            assert amount is None
            return
        finally:
            self.shop.provider.failing = {}
        assert row.amount == amount
        assert self.shop.pay_out(of, key).id == row.id
        if row.state == "in_transit":
            self.books.free[of] -= amount
            self.books.payouts[row.payout] = (of, amount)

    @precondition(lambda self: self.books.payouts)
    @rule(data=st.data(), arrives=st.booleans())
    def arrive(self, data, arrives):
        name = data.draw(st.sampled_from(sorted(self.books.payouts)))
        of, amount = self.books.payouts.pop(name)
        self.settle()
        self.shop.payout_event(name, "paid" if arrives else "failed")
        assert self.shop.run("settle")["done"] == 1
        if arrives:
            self.shop.provider.paid_out(Money("USD", amount))
            self.books.bank += amount
        else:
            self.books.free[of] += amount

    def settle(self):
        """Have the job go on with what is under way."""
        if not self.pending:
            return
        self.shop.later(seconds=60)
        assert self.shop.run("settle") == {"done": len(self.pending), "denied": 0, "left": 0}
        for kind, name, what, how in sorted(self.pending, key=lambda each: each[:2]):
            if kind == "charge":
                of, gross, promotion = what
                self.books.orders[name] = Sold(of, gross, promotion, self.shop.clock)
                self.unknown -= gross if how == "after" else 0
            else:
                order, amount = what
                self.books.orders[order].coming -= amount
                self.books.give_back(order, amount)
                self.unknown += amount if how == "after" else 0
        self.pending = []

    @invariant()
    def every_cent_is_where_the_books_say(self):
        if not hasattr(self, "books"):
            return
        found = self.shop.balances()
        assert found == self.books.balances()
        assert self.shop.provider.held.get("USD", 0) == self.unknown - found.get("psp:stripe", 0)

    @invariant()
    def the_ledger_holds(self):
        if not hasattr(self, "books"):
            return
        with reading() as session:
            assert differences(session) == []
        for row in self.shop.kept():
            if row.id in self.books.orders:
                sold = self.books.orders[row.id]
                assert (row.refunded, row.refunding, row.returned) == (sold.back, sold.coming, sold.borne(sold.back))
                assert (row.escrow_left, row.reserve_left) == (sold.held, sold.kept)


def histories(rounds):
    """Return settings for so many histories, the same ones each time."""
    return settings(
        max_examples=rounds,
        stateful_step_count=12,
        deadline=None,
        derandomize=True,
        report_multiple_bugs=False,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.slow
@pytest.mark.no_cover  # it does the same lines some thousand times
def test_every_cent_is_conserved():
    run_state_machine_as_test(Sales, settings=histories(ROUNDS))


@pytest.mark.slow
@pytest.mark.no_cover
def test_every_cent_is_conserved_in_postgresql(postgresql):
    class InPostgreSql(Sales):
        @staticmethod
        def shop_on(_path):
            return shop_at(postgresql.create_database())

    run_state_machine_as_test(InPostgreSql, settings=histories(max(4, ROUNDS // 20)))


SHOWN = {
    "forget_what_a_key_was_for": (AssertionError, "another body under the same key was taken"),
    "leave_the_order_undebited": (AssertionError, "= release"),
    "let_go_twice": (AssertionError, "'done': 0"),
    "refund_more_than_was_paid": (RacedError, "so much cannot be given back"),
    "round_both_sides": (UnbalancedError, "do not sum to zero"),
}
"""Which bugs show in some history of the machine, and how."""

NAMED = {
    "leave_the_books_after_a_failed_payout": (
        test_payouts.test_a_payout_that_fails_may_be_paid_out_again,
        AssertionError,
        "None == 7524",
    ),
    "pay_out_despite_a_debt": (test_money_back.test_whoever_owes_is_not_paid_out, WaitingError, "nothing"),
    "refund_whenever": (test_money_back.test_a_refund_after_thirty_days_is_denied, Failed, "DID NOT RAISE"),
    "split_each_refund_by_itself": (
        test_money_back.test_an_order_that_is_back_in_whole_leaves_nothing_with_anybody,
        AssertionError,
        "== {}",
    ),
}
"""Which bugs need a history of their own: the test that has it, and how it fails."""


def test_each_seeded_bug_is_shown():
    assert seeded_bugs.BUGS.keys() == SHOWN.keys() | NAMED.keys()


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("name", sorted(SHOWN))
def test_a_seeded_bug_shows_in_some_history(name, monkeypatch):
    error, said = SHOWN[name]
    seeded_bugs.BUGS[name](monkeypatch)
    with pytest.raises(error, match=said):
        run_state_machine_as_test(Sales, settings=histories(40))


@pytest.mark.parametrize("name", sorted(NAMED))
def test_a_seeded_bug_is_noticed_by_a_test(name, request, monkeypatch):
    test, error, said = NAMED[name]
    seeded_bugs.BUGS[name](monkeypatch)
    [world] = map(request.getfixturevalue, inspect.signature(test).parameters)
    with pytest.raises(error, match=said):
        test(world)
