"""The provider in memory keeps the promise of the port, and fails as providers do."""

import pytest

from app.features.marketplace.money import Money
from app.features.marketplace.payments import PaymentError
from tests.features.marketplace.payments_double import FakePayments


def euros(minor):
    return Money("EUR", minor)


@pytest.fixture
def fake():
    made = FakePayments()
    made.open_account("acme", country="DE", key="a")
    return made


def test_money_goes_from_the_buyer_to_the_bank_and_none_is_made(fake):
    charge = fake.charge("o1", euros(10_000), source="card", key="1")
    fake.refund(charge, euros(1_000), key="2")
    transfer = fake.transfer("acct_acme", euros(6_000), group="o1", key="3")
    fake.reverse(transfer, euros(500), key="4")
    fake.payout("acct_acme", euros(5_000), key="5")
    fake.charge_back(charge, euros(4_000))
    assert fake.balance["EUR"] == 10_000 - 1_000 - 6_000 + 500 - 4_000
    assert fake.accounts["acct_acme"]["EUR"] == 500
    assert fake.paid_out["acct_acme", "EUR"] == 5_000


def test_the_same_key_does_nothing_twice(fake):
    first = fake.charge("o1", euros(100), source="card", key="1")
    assert fake.charge("o1", euros(100), source="card", key="1") == first
    assert fake.balance["EUR"] == 100
    with pytest.raises(PaymentError) as refused:
        fake.charge("o1", euros(101), source="card", key="1")
    assert (refused.value.code, refused.value.certain) == ("refused", True)


def test_an_answer_that_is_lost_is_told_by_the_same_key(fake):
    fake.lose_answers()
    with pytest.raises(PaymentError) as lost:
        fake.charge("o1", euros(100), source="card", key="1")
    assert not lost.value.certain
    assert fake.charge("o1", euros(100), source="card", key="1") == "ch_1"
    assert fake.balance["EUR"] == 100


def test_a_call_that_fails_does_nothing(fake):
    fake.fail_next()
    with pytest.raises(PaymentError):
        fake.charge("o1", euros(100), source="card", key="1")
    assert fake.balance["EUR"] == 0


IMPOSSIBLE = {
    "the card is declined": ("declined", lambda fake: fake.charge("o2", euros(1), source="declined", key="x")),
    "more than was charged": ("refused", lambda fake: fake.refund("ch_1", euros(101), key="x")),
    "no such charge": ("refused", lambda fake: fake.refund("ch_9", euros(1), key="x")),
    "more than there is": ("insufficient", lambda fake: fake.transfer("acct_acme", euros(101), group="o1", key="x")),
    "no such account": ("refused", lambda fake: fake.transfer("acct_none", euros(1), group="o1", key="x")),
    "an empty account": ("insufficient", lambda fake: fake.payout("acct_acme", euros(1), key="x")),
    "a payout from nowhere": ("refused", lambda fake: fake.payout("acct_none", euros(1), key="x")),
}


@pytest.mark.parametrize(("code", "call"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_be_is_refused(fake, code, call):
    fake.charge("o1", euros(100), source="card", key="1")
    with pytest.raises(PaymentError) as refused:
        call(fake)
    assert (refused.value.code, fake.balance["EUR"]) == (code, 100)
