"""Webhooks of Stripe are theirs, fresh and unchanged, or are refused; the SDK judges the same way."""

import json
import time
from contextlib import suppress

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.billing.errors import WebhookError
from app.features.marketplace.billing.event import About, Status
from app.features.marketplace.billing.stripe_events import LARGEST, TOLERANCE, parse_event, read_event
from app.features.marketplace.money import Money
from tests.features.marketplace.stripe_double import SECRET, StripeDouble, signed

AT = 1_795_356_000


def event(told=None, **more):
    dispute = {"id": "dp_1", "object": "dispute", "amount": 900, "currency": "usd", "status": "lost"}
    document = {"id": "evt_1", "object": "event", "type": "charge.dispute.closed", "created": AT}
    return json.dumps(document | {"data": {"object": dispute | (told or {})}} | more).encode()


def test_what_stripe_signed_is_read():
    body = event({"payment_intent": "pi_1", "reason": "fraudulent"}, account="acct_1")
    found = read_event(body, signed(body, AT), SECRET, AT)
    assert (found.about, found.status, found.subject, found.amount) == (
        About.DISPUTE,
        Status.LOST,
        "dp_1",
        Money("USD", 900),
    )
    assert (found.charge, found.account, found.reason, found.at) == ("pi_1", "acct_1", "fraudulent", AT)


def test_the_sdk_signs_what_is_read_and_takes_what_the_double_signs():
    body, now = event(), int(time.time())
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), SECRET, now)
    assert read_event(body, header, SECRET, now).id == "evt_1"
    assert stripe.Webhook.construct_event(body, signed(body, now), SECRET).id == "evt_1"


@pytest.mark.parametrize("seconds", [TOLERANCE, -TOLERANCE])
def test_a_webhook_may_be_so_old(seconds):
    body = event()
    assert read_event(body, signed(body, AT), SECRET, AT + seconds).id == "evt_1"


GENUINE = signed(event(), AT)
FALSE = {
    "stale": (GENUINE, AT + TOLERANCE + 1),
    "of the future": (GENUINE, AT - TOLERANCE - 1),
    "forged": (signed(event(), AT, "whsec_of_another"), AT),
    "tampered": (signed(event({"amount": 901}), AT), AT),
    "of another time": (GENUINE.replace(f"t={AT}", f"t={AT + 1}"), AT),
    "with two times": (f"t={AT + 1},{GENUINE}", AT),
    "unsigned": (f"t={AT}", AT),
    "without a time": (GENUINE.split(",")[1], AT),
    "of another scheme": (GENUINE.replace("v1", "v0"), AT),
    "without a header": (None, AT),
    "with no header": ("", AT),
    "with another header": ("v1,t", AT),
    "with letters in it": (f"t={AT},v1=é", AT),
    "with a long header": (GENUINE + ",v0=" + "a" * 2_048, AT),
}


@pytest.mark.parametrize(("header", "now"), FALSE.values(), ids=FALSE)
def test_what_stripe_did_not_sign_now_is_refused(header, now):
    with pytest.raises(WebhookError):
        read_event(event(), header, SECRET, now)


def test_while_a_secret_is_exchanged_either_signature_is_enough():
    body = event()
    old = signed(body, AT, "whsec_old").split(",")[1]
    assert read_event(body, f"t={AT},{old},{signed(body, AT).split(',')[1]}", SECRET, AT).id == "evt_1"


def test_without_a_secret_nothing_is_theirs():
    body = event()
    with pytest.raises(WebhookError):
        read_event(body, signed(body, AT, ""), "", AT)


def test_a_webhook_has_a_size():
    body = event({"padding": "a" * LARGEST})
    with pytest.raises(WebhookError, match="large"):
        read_event(body, signed(body, AT), SECRET, AT)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"id": "evt_1", "id": "evt_2"}',
        event({"status": "guessed"}),
        event({"amount": -1}),
        event({"amount": 1.5}),
        event({"currency": "dollars"}),
        event({"id": "a/b"}),
        event(created=None),
        event(id=1),
        event(data=None),
        event(data={"object": []}),
    ],
)
def test_what_is_no_event_is_refused(body):
    with pytest.raises(WebhookError):
        parse_event(body)


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps).map(str.encode)
)
def test_reading_raises_no_other_error(body):
    with suppress(WebhookError):
        parse_event(body)


def test_what_nobody_here_asks_for_is_about_nothing():
    found = parse_event(event({"object": "customer"}))
    assert (found.about, found.status, found.amount, found.rank) == (None, None, None, 0)


def test_what_the_double_tells_is_read():
    double = StripeDouble()
    asked = {"amount": "900", "currency": "usd"}
    double.asked("/v1/payment_intents", asked | {"payment_method": "pm_card", "transfer_group": "o1"}, "k", None)
    double.close(double.dispute("pi_1"), "won")
    double.asked("/v1/accounts", {"country": "DE", "type": "express"}, "k2", None)
    account = next(iter(double.accounts))
    double.accounts[account]["usd"] = 900
    double.asked("/v1/payouts", asked, "k3", account)
    double.settle(next(name for name in double.objects if name.startswith("po_")), "failed")
    found = [parse_event(body) for body in double.events]
    assert [(each.about, each.status) for each in found] == [
        (About.PAYMENT, Status.SUCCEEDED),
        (About.DISPUTE, Status.OPEN),
        (About.DISPUTE, Status.WON),
        (About.PAYOUT, Status.FAILED),
    ]
    assert found[-1].account == account
