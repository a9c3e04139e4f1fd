"""Who has bought an agent gets a token for it, once, for these bytes; what is withdrawn meanwhile is not installed."""

import base64
from contextlib import contextmanager

import pytest
from sqlmodel import select

from app.db import reading, writing
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.billing.rows import PlanRow
from app.features.marketplace.catalogue.rows import InstallRow
from app.features.marketplace.rows import AgentRow, AgentState, MemberRow, PartyKind, ReleaseRow, ReleaseState
from tests.features.marketplace.catalogue.publishing import on_sale, open_market, outsider
from tests.features.marketplace.trading import keep, party, permit

PLACE = "/marketplace/agents/invoice-reader/installs"


@contextmanager
def priced(url, sold):
    with open_market(url, bought=lambda _session, buyer, agent: (buyer, agent) in sold) as (shop, _, _):
        on_sale(shop.developer())
        keep(
            PlanRow(
                id="p1",
                agent="invoice-reader",
                kind="perpetual",
                currency="EUR",
                interval="once",
                steps=[{"up_to": None, "unit": "10"}],
                created_at=0,
                decision_id="made-by-a-test-1",
            )
        )
        yield shop


@pytest.fixture
def selling(sqlite_url):
    """A marketplace on which `globex` has bought the agent."""
    with priced(sqlite_url, {("globex", "invoice-reader")}) as shop:
        yield shop


def failed(answer):
    return sorted(each["id"] for each in answer.json["gates"])


def asked(shop, **sent):
    return outsider(shop).post(PLACE, sent, accept="application/json")


def redeemed(shop, token):
    return outsider(shop).post("/marketplace/installs", {"token": token}, accept="application/json")


def changed(row, key, **values):
    with writing(permit()) as session:
        found = session.get(row, key)
        for name, value in values.items():
            setattr(found, name, value)
        session.add(found)


def test_a_buyer_installs_what_was_bought(selling):
    given = asked(selling)
    assert (given.status_code, given.json["version"], given.json["ends_at"]) == (201, "1.0.0", selling.now() + 900)
    got = redeemed(selling, given.json["token"])
    assert got.status_code == 200
    assert base64.b64decode(got.json["artifact_base64"]) == b"bytes of 1.0.0"
    assert got.json["manifest"]["hosts"] == ["api.example.org"]
    with reading() as session:
        [row] = session.exec(select(InstallRow)).all()
        effects = session.exec(select(EffectRow).where(EffectRow.action == "marketplace.install")).all()
    assert (row.redeemed_at, row.decision_id) == (selling.now(), got.json["decision_id"])
    assert len(effects) == 2
    assert row.id not in str(selling.decisions("marketplace.install"))


def test_the_token_is_shown_on_a_page(selling):
    page = outsider(selling).post(PLACE).text
    assert "omega market install --token" in page


def test_nobody_installs_what_they_have_not_bought(sqlite_url):
    with priced(sqlite_url, set()) as shop:
        assert failed(asked(shop)) == ["bought"]


def test_what_has_no_price_is_installed_by_any_buyer(sqlite_url):
    with open_market(sqlite_url) as (shop, _, _):
        on_sale(shop.developer())
        assert asked(shop).status_code == 201


def test_a_token_is_good_once(selling):
    token = asked(selling).json["token"]
    assert redeemed(selling, token).status_code == 200
    assert failed(redeemed(selling, token)) == ["fresh"]


def test_a_token_is_good_to_its_last_second(selling):
    first, second = asked(selling).json["token"], asked(selling).json["token"]
    selling.later(900)
    assert redeemed(selling, first).status_code == 200
    selling.later(1)
    assert failed(redeemed(selling, second)) == ["fresh"]


@pytest.mark.parametrize(
    ("row", "key", "values"),
    [
        (ReleaseRow, ("invoice-reader", "1.0.0"), {"state": ReleaseState.QUARANTINED.value}),
        (ReleaseRow, ("invoice-reader", "1.0.0"), {"state": ReleaseState.YANKED.value}),
        (AgentRow, "invoice-reader", {"state": AgentState.QUARANTINED.value}),
    ],
)
def test_what_is_withdrawn_meanwhile_is_not_installed(selling, row, key, values):
    token = asked(selling).json["token"]
    changed(row, key, **values)
    assert failed(redeemed(selling, token)) == ["installable"]


def test_a_release_that_is_yanked_is_installed_where_it_is_named(selling):
    changed(ReleaseRow, ("invoice-reader", "1.0.0"), state=ReleaseState.YANKED.value)
    token = asked(selling, version="1.0.0").json["token"]
    assert redeemed(selling, token).status_code == 200


def test_other_bytes_are_not_installed(selling):
    token = asked(selling).json["token"]
    changed(ReleaseRow, ("invoice-reader", "1.0.0"), artifact="sha256:" + "cd" * 32)
    assert redeemed(selling, token).status_code == 403


def test_what_is_no_token_is_none(selling):
    token = asked(selling).json["token"]
    other = "0" if token[-1] != "0" else "1"
    for wrong in (token[:-1] + other, other * 32 + token[32:], token[:-4], "", f"{token}\n"):
        assert redeemed(selling, wrong).status_code == 404


def test_a_token_is_its_buyers_alone(selling):
    token = asked(selling).json["token"]
    keep(
        party("umbrella", PartyKind.BUYER),
        MemberRow(account="buy-9", party="umbrella", decision_id="made-by-a-test-1"),
    )
    browser = selling.officer("buy-9", "omega-marketplace")
    answer = browser.post("/marketplace/installs", {"token": token}, accept="application/json")
    assert failed(answer) == ["authorised"]


def test_a_token_and_a_version_are_texts(selling):
    client, by = selling.control.app.test_client(), selling.service()
    keep(MemberRow(account="service acme-ci", party="globex", decision_id="made-by-a-test-1"))
    assert client.post("/marketplace/installs", json={"token": 7}, environ_overrides=by).status_code == 400
    assert client.post(PLACE, json={"version": 7}, environ_overrides=by).status_code == 400


def test_a_version_that_is_not_there(selling):
    assert asked(selling, version="9.9.9").status_code == 404


def test_a_buyer_is_shown_what_it_costs(selling):
    page = outsider(selling).get("/marketplace/agents/invoice-reader").text
    assert "10.00 EUR" in page
    assert 'action="/marketplace/orders"' in page
    [plan] = selling.control.visitor().json("/marketplace/agents/invoice-reader").json["plans"]
    assert (plan["id"], plan["price"]) == ("p1", {"currency": "EUR", "minor": 1_000})


def test_who_is_no_buyer_is_offered_nothing(selling):
    assert (
        'action="/marketplace/orders"' not in selling.control.visitor().get("/marketplace/agents/invoice-reader").text
    )
