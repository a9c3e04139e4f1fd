"""The adapter keeps the promise of the port; the official SDK talks to a Stripe of this machine."""

import builtins
import traceback

import pytest

from app.features.marketplace.billing.manual_payments import ManualPayments
from app.features.marketplace.billing.stripe_payments import NotInstalledError, StripePayments
from app.features.marketplace.money import Money
from app.features.marketplace.payments import PaymentError
from tests.features.marketplace.payments_double import FakePayments
from tests.features.marketplace.stripe_double import KEY, stripe_server


def dollars(minor):
    return Money("USD", minor)


@pytest.fixture(scope="module")
def server():
    with stripe_server() as double:
        yield double


@pytest.fixture
def stripe(server):
    """A client with a server that has nothing yet."""
    url = server.url
    server.__init__()
    server.url = url
    return StripePayments(KEY, base_url=server.url, retries=0)


def refused(call):
    with pytest.raises(PaymentError) as found:
        call()
    return found.value.code, found.value.certain


def test_money_goes_from_the_buyer_to_the_bank(stripe, server):
    account = stripe.open_account("acme", country="DE", key="a")
    charge = stripe.charge("o1", dollars(10_000), source="pm_card", key="1")
    stripe.refund(charge, dollars(1_000), key="2")
    transfer = stripe.transfer(account, dollars(6_000), group="o1", key="3")
    stripe.reverse(transfer, dollars(500), key="4")
    payout = stripe.payout(account, dollars(5_000), key="5")
    assert payout.startswith("po_")
    assert server.platform["usd"] == 10_000 - 1_000 - 6_000 + 500
    assert server.accounts[account]["usd"] == 500
    assert server.objects[charge]["transfer_group"] == "o1"
    assert server.requests[-1][3] == account


def test_every_call_has_its_key(stripe, server):
    stripe.open_account("acme", country="DE", key="a")
    stripe.charge("o1", dollars(100), source="pm_card", key="1")
    assert [request[2] for request in server.requests] == ["a", "1"]


def test_an_answer_that_is_lost_is_told_by_the_same_key(stripe, server):
    server.lose_answers()
    assert refused(lambda: stripe.charge("o1", dollars(100), source="pm_card", key="1")) == ("unreachable", False)
    charge = stripe.charge("o1", dollars(100), source="pm_card", key="1")
    assert (server.platform["usd"], stripe.charge("o1", dollars(100), source="pm_card", key="1")) == (100, charge)


def test_the_sdk_asks_again_by_itself_with_the_same_key(server, stripe, monkeypatch):
    monkeypatch.setattr(stripe._stripe.HTTPClient, "_sleep_time_seconds", lambda *_, **__: 0)
    server.lose_answers()
    StripePayments(KEY, base_url=server.url, retries=1).charge("o1", dollars(100), source="pm_card", key="1")
    assert server.platform["usd"] == 100


def test_a_key_that_is_used_for_something_else_is_refused(stripe):
    stripe.charge("o1", dollars(100), source="pm_card", key="1")
    assert refused(lambda: stripe.charge("o1", dollars(101), source="pm_card", key="1")) == ("refused", True)


def test_a_fault_of_the_provider_is_not_certain(stripe, server):
    server.fail()
    assert refused(lambda: stripe.charge("o1", dollars(100), source="pm_card", key="1")) == ("unreachable", False)


def test_a_provider_that_is_not_there_is_not_certain():
    nobody = StripePayments(KEY, base_url="http://127.0.0.1:9", retries=0)
    assert refused(lambda: nobody.charge("o1", dollars(1), source="pm_card", key="1")) == ("unreachable", False)


def test_a_payment_that_is_under_way_is_not_certain(stripe):
    assert refused(lambda: stripe.charge("o1", dollars(1), source="pm_slow", key="1")) == ("unreachable", False)


IMPOSSIBLE = {
    "the card is declined": ("declined", lambda it: it.charge("o2", dollars(1), source="pm_declined", key="x")),
    "more than was charged": ("refused", lambda it: it.refund("pi_1", dollars(101), key="x")),
    "no such charge": ("refused", lambda it: it.refund("pi_9", dollars(1), key="x")),
    "more than there is": ("insufficient", lambda it: it.transfer("acct_2", dollars(101), group="o1", key="x")),
    "no such account": ("refused", lambda it: it.transfer("acct_9", dollars(1), group="o1", key="x")),
    "an empty account": ("insufficient", lambda it: it.payout("acct_2", dollars(1), key="x")),
    "no such transfer": ("refused", lambda it: it.reverse("tr_9", dollars(1), key="x")),
}


@pytest.mark.parametrize(("code", "call"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_cannot_be_is_refused_for_certain(stripe, code, call):
    stripe.charge("o1", dollars(100), source="pm_card", key="1")
    stripe.open_account("acme", country="DE", key="2")
    assert refused(lambda: call(stripe)) == (code, True)


def test_no_error_shows_a_key(stripe, server):
    wrong = StripePayments("sk_test_another_key", base_url=server.url, retries=0)
    for client, source in ((wrong, "pm_card"), (stripe, "pm_declined")):
        with pytest.raises(PaymentError) as found:
            client.charge("o1", dollars(1), source=source, key="1")
        shown = "".join(traceback.format_exception(found.value))
        assert KEY not in shown
        assert "sk_test_another_key" not in shown
        assert found.value.__context__ is None
    assert KEY not in repr(stripe)


def test_without_the_sdk_it_says_how_to_get_it(monkeypatch):
    imported = builtins.__import__

    def missing(name, *arguments):
        if name == "stripe":
            raise ModuleNotFoundError(name)
        return imported(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(NotInstalledError, match="payments"):
        StripePayments(KEY)


@pytest.mark.parametrize("payments", [ManualPayments(), FakePayments()], ids=["manual", "fake"])
def test_each_kind_of_payments_gives_the_same_id_for_the_same_key(payments):
    account = payments.open_account("acme", country="DE", key="a")
    charge = payments.charge("o1", dollars(100), source="card", key="1")
    assert payments.charge("o1", dollars(100), source="card", key="1") == charge
    made = [
        account,
        charge,
        payments.refund(charge, dollars(1), key="2"),
        transfer := payments.transfer(account, dollars(50), group="o1", key="3"),
        payments.reverse(transfer, dollars(10), key="4"),
        payments.payout(account, dollars(40), key="5"),
    ]
    assert len(set(made)) == 6
