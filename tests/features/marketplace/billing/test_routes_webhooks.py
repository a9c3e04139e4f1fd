"""A payment provider is believed by its signature alone, once, and by nobody's session."""

import json

import pytest
from sqlmodel import select

from app.db import reading
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.billing import inbox
from app.features.marketplace.billing.event import About, Status
from app.features.marketplace.billing.provider import Provider
from app.features.marketplace.billing.rows import InboxRow
from app.features.marketplace.billing.stripe_events import LARGEST
from tests.features.marketplace.payments_double import FakePayments
from tests.features.marketplace.stripe_double import SECRET, signed
from tests.features.marketplace.trading import market_at

PATH = "/marketplace/webhooks/stripe"
BODY = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "created": 1_795_355_990,
        "data": {"object": {"id": "dp_1", "object": "dispute", "amount": 900, "currency": "usd", "status": "lost"}},
    }
).encode()


@pytest.fixture
def market(sqlite_url):
    payments = Provider(payments=FakePayments(), name="stripe", webhook_secret=SECRET)
    with market_at(sqlite_url, payments=payments) as made:
        yield made


@pytest.fixture
def told(monkeypatch):
    kept = []
    monkeypatch.setattr(inbox, "HANDLERS", {About.DISPUTE: lambda _, event: kept.append(event.status)})
    return kept


def send(market, body=BODY, header=None):
    """Send what no browser sends: neither an origin nor a session."""
    headers = {"stripe-signature": header or signed(body, market.now()), "content-type": "application/json"}
    return market.control.app.test_client().post(PATH, data=body, headers=headers)


def taken_in():
    with reading() as session:
        return len(session.exec(select(InboxRow)).all()), len(session.exec(select(EffectRow)).all())


def test_what_the_provider_tells_is_taken_in_by_a_decision(market, told):
    answer = send(market)
    assert (answer.status_code, answer.json["applied"], told) == (200, True, [Status.LOST])
    (body,) = market.decisions("marketplace.receive")
    assert body["result"]["allow"]
    assert taken_in() == (1, 1)


def test_the_same_again_changes_nothing(market, told):
    assert [send(market).json["applied"] for _ in range(3)] == [True, False, False]
    assert (told, taken_in()) == ([Status.LOST], (1, 3))


def test_the_same_id_with_something_else_is_a_conflict(market, told):
    send(market)
    assert send(market, BODY.replace(b"900", b"901")).status_code == 409
    assert (told, taken_in()) == ([Status.LOST], (1, 1))


@pytest.mark.parametrize("kind", ["stale", "forged", "tampered", "unsigned"])
def test_what_is_not_theirs_leaves_nothing(market, told, kind):
    headers = {
        "stale": signed(BODY, market.now() - 301),
        "forged": signed(BODY, market.now(), "whsec_of_another"),
        "tampered": signed(BODY.replace(b"900", b"901"), market.now()),
        "unsigned": "none",
    }
    assert send(market, header=headers[kind]).status_code == 400
    assert (told, taken_in(), market.decisions("marketplace.receive")) == ([], (0, 0), [])


def test_a_webhook_has_a_size(market, told):
    assert send(market, b"a" * (LARGEST + 1)).status_code == 413
    assert told == []


@pytest.mark.parametrize("provider", [Provider(), Provider(name="stripe")])
def test_without_a_provider_there_are_no_webhooks(sqlite_url, provider):
    with market_at(sqlite_url, payments=provider) as market:
        assert send(market).status_code == 404
