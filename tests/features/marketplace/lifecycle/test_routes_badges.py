"""Badges are earned, paid for or verified, each until its end; who a developer is, an office records."""

import pytest

from app.features.marketplace.lifecycle.rows import BadgeRow, MeasureRow, ReviewRow
from app.features.marketplace.rows import PartyRow
from tests.features.marketplace.lifecycle.living import DAY, FINANCE, HOUR, LISTING, reconciled, row, send, step
from tests.features.marketplace.trading import MemberRow, keep

DECIDED = {"decision_id": "made-by-a-test-1"}
IN_A_YEAR, SOONER = "2027-11-22T00:00:00Z", "2027-06-30T00:00:00Z"
PROOFS = {"until": IN_A_YEAR, "audit_until": IN_A_YEAR, "soc2_until": SOONER, "iso27001_until": IN_A_YEAR}


@pytest.fixture
def finance(market):
    return market.officer("ofc-5", FINANCE)


def liked(market, trade, stars=5, up=HOUR, installs=100):
    """Have a listing earn what a badge asks for."""
    now, trade.installs = market.now(), installs
    keep(
        ReviewRow(order="o1", agent="invoice-reader", buyer="globex", stars=stars, text="it works", at=now, **DECIDED),
        MeasureRow(
            source="platform",
            id="1",
            agent="invoice-reader",
            from_at=now - HOUR,
            to_at=now,
            calls=100,
            errors=0,
            p95_ms=900,
            up_seconds=up,
            **DECIDED,
        ),
    )


def test_a_listing_earns_its_badge_by_what_our_tables_say(market, trade):
    liked(market, trade)
    answer = step(market.developer(), "feature")
    assert (answer.status_code, answer.json["until"]) == (200, "2026-12-22T14:00:00Z")
    [badge] = market.developer().json(f"{LISTING}/life").json["badges"]
    assert badge == {"badge": "featured", "until": "2026-12-22T14:00:00Z", "paid": False}
    market.later(30 * DAY)
    assert market.developer().json(f"{LISTING}/life").json["badges"] == []
    assert reconciled(market)


@pytest.mark.parametrize(
    ("lacking", "gate"), [({"stars": 4}, "rated"), ({"installs": 99}, "popular"), ({"up": HOUR - 20}, "available")]
)
def test_what_was_not_earned_is_not_given(market, trade, lacking, gate):
    liked(market, trade, **lacking)
    assert step(market.developer(), "feature").status_code == 403
    [decision] = market.decisions("marketplace.feature")
    assert decision["result"]["failed"] == [gate]


def test_a_promotion_is_paid_for_labelled_and_ends(market):
    developer = market.developer()
    assert step(developer, "promote", months="2", currency="USD", fee_minor="49999").status_code == 403
    answer = step(developer, "promote", months="2", currency="USD", fee_minor="50000")
    assert answer.json["until"] == "2027-01-21T14:00:00Z"
    [badge] = developer.json(f"{LISTING}/life").json["badges"]
    assert (badge["badge"], badge["paid"]) == ("promoted", True)
    kept = row(BadgeRow, "invoice-reader", "promoted")
    assert (kept.currency, kept.fee_minor) == ("USD", 50_000)


def test_who_a_developer_is_makes_them_verified_until_the_first_proof_ends(market, finance):
    assert send(finance, "developers/acme/identity", state="complete", **PROOFS).json["tier"] == "community"
    answer = send(market.developer(), "developers/acme/verify")
    assert answer.json["until"] == SOONER
    assert row(PartyRow, "acme").tier == "verified"
    assert send(finance, "developers/acme/identity", state="refused").json["tier"] == "community"
    assert row(BadgeRow, "acme", "verified") is None
    assert reconciled(market)


@pytest.mark.parametrize("missing", ["audit_until", "soc2_until", "iso27001_until"])
def test_without_one_of_the_proofs_nobody_is_verified(market, finance, missing):
    proofs = {name: at for name, at in PROOFS.items() if name != missing}
    assert send(finance, "developers/acme/identity", state="complete", **proofs).status_code == 200
    assert send(market.developer(), "developers/acme/verify").status_code == 403


def test_nobody_records_who_they_are_themselves(market, finance):
    assert send(market.developer(), "developers/acme/identity", state="complete", **PROOFS).status_code == 403
    keep(MemberRow(account="ofc-5", party="acme", **DECIDED))
    assert send(finance, "developers/acme/identity", state="complete", **PROOFS).status_code == 403
    assert market.decisions("marketplace.identify")[-1]["result"]["failed"] == ["not_own"]


def test_a_buyer_is_no_developer(finance):
    assert send(finance, "developers/globex/identity", state="pending").status_code == 404


def test_a_form_may_leave_out_seconds_and_zone(finance):
    short = {name: at.removesuffix(":00Z") for name, at in PROOFS.items()}
    assert send(finance, "developers/acme/identity", state="complete", **short).json["kyc"] == "complete"
    assert row(PartyRow, "acme").kyc_until == 1_826_841_600
