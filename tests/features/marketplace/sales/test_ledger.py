"""The ledger conserves: every transaction sums to zero, is made once, and stays as it is."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import select

from app.db import reading, writing
from app.features.marketplace.money import Money
from app.features.marketplace.sales.errors import OverdrawnError, RacedError, ReusedKeyError, UnbalancedError
from app.features.marketplace.sales.ledger import (
    BalanceRow,
    Posting,
    PostingRow,
    TxnRow,
    balance,
    differences,
    post,
)
from tests.features.marketplace.trading import permit

SALE = {"psp:stripe": -100, "revenue:commission": 20, "dev:acme:escrow": 80}


def posted(key="sale-1", body="a" * 64, legs=SALE, currency="USD"):
    with writing(permit()) as session:
        postings = [Posting(account, Money(currency, amount)) for account, amount in legs.items()]
        return post(session, key, body, "sale", postings, "made-by-a-test-1", at=7)


def balances():
    with reading() as session:
        return {(row.account, row.currency): row.amount for row in session.exec(select(BalanceRow))}


def test_a_transaction_is_kept_with_its_postings_and_balances(market_anywhere):  # noqa: ARG001 - the tables
    posted()
    with reading() as session:
        [txn] = session.exec(select(TxnRow)).all()
        kept = {row.account: row.amount for row in session.exec(select(PostingRow))}
        assert (txn.key, txn.kind, txn.decision_id, txn.at) == ("sale-1", "sale", "made-by-a-test-1", 7)
        assert kept == SALE
        assert differences(session) == []
        assert (balance(session, "dev:acme:escrow", "USD"), balance(session, "dev:acme:escrow", "EUR")) == (80, 0)


def test_the_same_key_with_the_same_body_is_the_same_transaction(market_anywhere):  # noqa: ARG001 - the tables
    assert posted() == posted()
    assert balances()["psp:stripe", "USD"] == -100


def test_the_same_key_with_another_body_is_refused(market):  # noqa: ARG001 - the tables
    posted()
    with pytest.raises(ReusedKeyError):
        posted(body="b" * 64)
    assert balances()["psp:stripe", "USD"] == -100


def test_an_account_of_somebody_elses_money_is_not_overdrawn(market_anywhere):  # noqa: ARG001 - the tables
    posted()
    with pytest.raises(OverdrawnError):
        posted("payout-1", legs={"dev:acme:escrow": -81, "psp:stripe": 81})
    posted("payout-2", legs={"dev:acme:escrow": -80, "psp:stripe": 80})
    assert balances()["dev:acme:escrow", "USD"] == 0


def test_an_account_that_never_held_anything_is_not_overdrawn(market_anywhere):  # noqa: ARG001 - the tables
    with pytest.raises(OverdrawnError):
        posted(legs={"dev:acme:available": -1, "psp:stripe": 1})
    assert balances() == {}


@pytest.mark.parametrize("legs", [{"psp:stripe": -100, "revenue:commission": 99}, {"psp:stripe": 1}])
def test_what_does_not_sum_to_zero_is_not_kept(market, legs):  # noqa: ARG001 - the tables
    with pytest.raises(UnbalancedError):
        posted(legs=legs)
    assert balances() == {}


def test_each_currency_sums_to_zero_by_itself(market):  # noqa: ARG001 - the tables
    legs = [Posting("psp:stripe", Money("USD", -5)), Posting("revenue:commission", Money("EUR", 5))]
    with pytest.raises(UnbalancedError), writing(permit()) as session:
        post(session, "k", "a" * 64, "sale", legs, "made-by-a-test-1", at=7)


def test_a_key_that_somebody_else_is_using_right_now_is_refused(market, monkeypatch):  # noqa: ARG001 - the tables
    posted()
    monkeypatch.setattr(
        "app.features.marketplace.sales.ledger.select", lambda *_: select(TxnRow).where(TxnRow.id == -1)
    )
    with pytest.raises(RacedError):
        posted()


@pytest.mark.parametrize("table", ["market_txn", "market_posting"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id + 1", "DELETE FROM {}"])
def test_nothing_in_it_can_be_changed(market_anywhere, table, statement):  # noqa: ARG001 - the tables
    posted()
    with pytest.raises(DatabaseError, match="only added to"), writing(permit()) as session:
        session.execute(text(statement.format(table)))
    with reading() as session:
        assert len(session.exec(select(PostingRow)).all()) == 3


@pytest.mark.slow
def test_postgresql_does_not_let_it_be_emptied(postgresql_url):
    from tests.features.marketplace.trading import market_at  # noqa: PLC0415 - beside its one use

    with market_at(postgresql_url):
        posted()
        with pytest.raises(DatabaseError, match="only added to"), writing(permit()) as session:
            session.execute(text("TRUNCATE market_posting"))


def test_a_balance_that_is_not_what_its_postings_sum_to_is_found(market):  # noqa: ARG001 - the tables
    posted()
    with writing(permit()) as session:
        session.execute(text("UPDATE market_balance SET amount = 81 WHERE account = 'dev:acme:escrow'"))
        session.execute(text("INSERT INTO market_posting (txn, account, currency, amount) VALUES (1, 'x', 'USD', 5)"))
    with reading() as session:
        assert differences(session) == [
            "transaction 1 does not sum to zero in USD",
            "the balance of dev:acme:escrow in USD is not the sum of its postings",
            "the balance of x in USD is not the sum of its postings",
        ]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("ab"), st.integers(-50, 50)).filter(lambda each: each[2]),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 10**6),
)
def test_whatever_is_posted_balances_are_what_a_plain_sum_says(market, moves, run):  # noqa: ARG001 - the tables
    expected = {}
    for number, (giver, taker, amount) in enumerate(moves):
        legs = [(f"dev:{run}{giver}:available", -amount), (f"dev:{run}{taker}:reserve", amount)]
        after = {name: expected.get(name, 0) for name, _ in legs}
        for name, change in legs:
            after[name] += change
        if min(after.values()) < 0:
            with pytest.raises(OverdrawnError):
                posted(f"k{run}-{number}-{len(moves)}", legs=dict(legs))
        else:
            posted(f"k{run}-{number}-{len(moves)}", legs=dict(legs))
            expected |= after
    with reading() as session:
        assert differences(session) == []
        assert {name: balance(session, name, "USD") for name in expected} == expected
