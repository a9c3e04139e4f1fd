"""What an imaginary marketplace for AI agents asks in a day: who wants what, and whether policy lets them.

The answers expected here follow from policies/rego/marketplace and the limits in policies/data.
"""

import json
from datetime import datetime
from typing import Any

from demo.node import ROOT
from demo.questions import LEFT_OUT, Caller, Question, before, changed, decided, refused

PEOPLE = ("dev-7f3a", "dev-0001", "buy-91c2", "off-08")
"""Everybody the questions here speak of. The log must not."""

_FACTS = "resource.properties."
_MAX_BYTES = 32_768  # a larger request is refused


def publishing() -> list[Question]:
    """Return questions about putting an agent on sale."""
    release = json.loads((ROOT / "examples" / "publish.json").read_bytes())

    def ask(asks: str, changes: dict[str, Any], *because: str, allow: bool) -> Question:
        return decided(asks, changed(release, changes), *because, allow=allow)

    return [
        ask("Publish a release that is signed, tested, reviewed", {}, allow=True),
        ask(
            "The same, with incomplete documentation",
            {_FACTS + "documentation.complete": False},
            "documented",
            allow=True,
        ),
        ask(
            "The same, but tests cover only 71.5% of it",
            {_FACTS + "tests.coverage_percent": 71.5},
            "covered",
            allow=False,
        ),
        ask(
            "Signature not verified, though the developer claims it is",
            {_FACTS + "signature.verified": False, "context.claims": {"signature": {"verified": True}}},
            "signed",
            allow=False,
        ),
        ask("Never soak-tested, wants the stable channel", {_FACTS + "soak.hours": 0}, "soaked", allow=False),
        ask(
            "Never soak-tested, as a preview",
            {_FACTS + "soak.hours": 0, _FACTS + "channel": "preview"},
            "label_preview",
            allow=True,
        ),
        ask(
            "One vulnerability whose severity nobody knows",
            {_FACTS + "vulnerabilities.unknown": 1},
            "no_severe_vulnerability",
            allow=False,
        ),
        ask(
            "An open finding of prompt injection",
            {_FACTS + "findings.prompt_injection": 1},
            "content_clean",
            allow=False,
        ),
        ask(
            "The developer is in a country under sanctions",
            {"subject.properties.country": "KP"},
            "not_sanctioned",
            allow=False,
        ),
        ask("The release belongs to another developer", {"subject.id": "dev-0001"}, "authorised", allow=False),
    ]


def trading(now: datetime) -> list[Question]:
    """Return questions about selling, refunding, paying out and taking off the market."""
    return [*_purchases(), *_money(now), *_listings(now)]


def _purchases() -> list[Question]:
    ordinary = purchase("buy-91c2")
    risk = "context.risk.score"

    def ask(asks: str, changes: dict[str, Any], *because: str, allow: bool) -> Question:
        return decided(asks, changed(ordinary, changes), *because, allow=allow)

    return [
        ask("Buy an agent, fraud risk 0.12", {}, allow=True),
        ask("Buy it, fraud risk 0.62", {risk: 0.62}, "buyer_verified", "verify_buyer", allow=False),
        ask("The same buyer, now verified", {risk: 0.62, "context.additional_verification": True}, allow=True),
        ask(
            "Buy it, fraud risk 0.93",
            {risk: 0.93},
            *("risk_tolerable", "buyer_verified", "alert_security"),
            allow=False,
        ),
        ask(
            "Buy it while fraud detection is down: no score",
            {"context.risk": {"scored": False}},
            *("buyer_verified", "risk_scored", "risk_tolerable", "hold_for_review"),
            allow=False,
        ),
    ]


def purchase(buyer: str) -> dict[str, Any]:
    """Return the request of an ordinary purchase."""
    return {
        "subject": {"type": "buyer", "id": buyer, "properties": {}},
        "action": {"name": "marketplace.purchase"},
        "resource": {"type": "listing", "id": "invoice-reader", "properties": {"status": "active"}},
        "context": {"risk": {"scored": True, "score": 0.12}, "licence_accepted": True},
    }


def _money(now: datetime) -> list[Question]:
    order = {"buyer": "buy-91c2", "purchased_at": before(now, days=12), "refunded": False}
    order |= {"paid_minor": 9_900, "refunded_minor": 0}
    refund = {
        "subject": {"type": "buyer", "id": "buy-91c2", "properties": {}},
        "action": {"name": "marketplace.refund"},
        "resource": {"type": "order", "id": "ord-000831", "properties": order},
        "context": {"amount_minor": 9_900},
    }
    developer = {
        "id": "dev-7f3a",
        "kyc_complete": True,
        "debt_minor": 0,
        "kind": "organisation",
        "country": "FR",
        "entity": "0000EXAMPLEHONEST080",
    }
    reserve = {"period_days": 90, "net_share_minor": 1_842_750, "kept_minor": 92_138}
    earned = {"developer": developer, "held_since": before(now, days=10), "reserve": reserve}
    payout = {
        "subject": {"type": "developer", "id": "dev-7f3a", "properties": {}},
        "action": {"name": "marketplace.payout"},
        "resource": {"type": "payout", "id": "pay-0042", "properties": earned},
        "context": {},
    }
    late = changed(refund, {_FACTS + "purchased_at": before(now, days=31)})
    short = changed(payout, {_FACTS + "reserve.kept_minor": 92_137})
    return [
        decided("Refund an order of twelve days ago", refund, allow=True),
        decided("Refund an order of 31 days ago", late, "within_window", allow=False),
        decided("Pay a developer 10 days after the sale", payout, allow=True),
        decided("The same, with the reserve one cent short", short, "reserve_kept", allow=False),
    ]


def _listings(now: datetime) -> list[Question]:
    listing = {"type": "listing", "id": "invoice-reader", "properties": {"developer": "dev-7f3a"}}
    developer = {"type": "developer", "id": "dev-7f3a", "properties": {}}
    deprecate = {
        "subject": developer,
        "action": {"name": "marketplace.deprecate"},
        "resource": listing,
        "context": {"ends_at": before(now, days=-60), "migration_guide": True},
    }
    delist = {
        "subject": {"type": "officer", "id": "off-08", "properties": {"roles": ["trust_and_safety"]}},
        "action": {"name": "marketplace.delist"},
        "resource": changed(listing, {"properties.critical_known_since": before(now, days=8)}),
        "context": {"reason": "known_vulnerability"},
    }
    return [
        decided("End a listing, announced 60 days ahead", deprecate, "noticed", allow=False),
        decided("Delist: critical vulnerability open for 8 days", delist, allow=True),
    ]


def mistakes() -> list[Question]:
    """Return what goes wrong on the way: wrong facts, wrong callers, and what is no question at all."""
    buy = purchase("buy-91c2")
    whole = json.dumps(buy).encode()
    text = changed(buy, {"context.risk.score": "0.12"})
    spied = changed(buy, {"subject.type": "employee"})
    no_subject = json.dumps(changed(buy, {"subject": LEFT_OUT})).encode()
    twice = whole.replace(b'"scored": true', b'"scored": false, "scored": true')
    padded = whole[:-1] + b', "note": "' + b"x" * _MAX_BYTES + b'"}'
    return [
        decided('Buy; the fraud risk is the text "0.12", no number', text, "fact_type", allow=False),
        decided(
            "Buy; the fraud risk is left out", changed(buy, {"context.risk": LEFT_OUT}), "fact_missing", allow=False
        ),
        decided(
            "An action that nobody wrote a policy for",
            changed(buy, {"action.name": "marketplace.give_away"}),
            "unknown_action",
            allow=False,
        ),
        decided(
            "Asked by a service that is not registered",
            buy,
            "caller_not_registered",
            allow=False,
            caller=Caller.BILLING,
        ),
        decided("About an employee: not the marketplace's business", spied, "caller_not_registered", allow=False),
        refused("Broken off in the middle of the JSON", whole[: len(whole) // 2], 400, "not_json"),
        refused("The same fact stated twice, differently", twice, 400, "duplicate_name"),
        refused("Nobody is named who wants it", no_subject, 400, "member_missing"),
        refused("Without a token", whole, 401, "unauthenticated", Caller.NOBODY),
        refused("With 32 KiB of padding", padded, 413, "request_too_large"),
    ]
