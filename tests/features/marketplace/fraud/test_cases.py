"""What is denied is remembered and looked into; what it turned out to be counts for what comes after."""

import json
import re

import pytest
from sqlmodel import select

from app.alerts.rows import AlertRow
from app.db import reading
from app.features.marketplace.acting import EffectRow, effect
from app.features.marketplace.fraud import cases
from app.features.marketplace.fraud.features import signals
from app.features.marketplace.fraud.labels import learn
from app.features.marketplace.fraud.rows import AttemptRow, CaseRow, Label, LabelRow, TraceRow
from app.features.marketplace.fraud.verdict import Kind, risk_of
from app.pdp.errors import DeniedError
from app.pdp.model import Entity, EvaluationRequest
from app.pep import CONTROL
from tests.features.marketplace.fraud.attempting import attempt
from tests.features.marketplace.fraud.test_scoring import LOUD, QUIET
from tests.features.marketplace.trading import agent, keep, permit

OFFICE = "omega-trust-and-safety"


def buying(market, tried, measured):
    """Ask to buy, and keep what came of it; returns the verdict."""
    asked = EvaluationRequest(
        subject=Entity(type="buyer", id=tried.buyer, properties={}),
        action="marketplace.purchase",
        resource=Entity(type="listing", id=tried.agent, properties={"status": "active"}),
        context={"licence_accepted": True, "risk": risk_of(measured)},
    )
    pdp = market.control.around.pdp

    def enforce(request):
        return pdp.enforce(request, CONTROL)

    try:
        allowed = enforce(asked)
    except DeniedError as denial:
        return cases.keep_denied(enforce, tried, measured, denial, targets=["pager"], now=market.now())
    with effect(allowed) as session:
        return cases.keep_attempt(session, tried, measured, allowed.decision, allowed.decision_id)


@pytest.fixture
def selling(market):
    keep(agent())
    return market


@pytest.fixture
def case(selling):
    """The id of a case that is open."""
    buying(selling, attempt(), LOUD)
    return found(CaseRow)[0].id


def found(row):
    with reading() as session:
        return session.exec(select(row)).all()


def test_an_allowed_attempt_is_kept_and_remembered(market_anywhere):
    keep(agent())
    with reading() as session:
        measured = signals(session, attempt(declined=1))
    verdict = buying(market_anywhere, attempt(), QUIET)
    [row] = found(AttemptRow)
    assert verdict.kind is Kind.ALLOW
    assert (row.order, row.verdict, row.score_ppm, row.developer) == ("ord-1", "allow", verdict.score_ppm, "acme")
    assert row.signals == QUIET
    assert len(found(TraceRow)) == 6
    assert found(CaseRow) == []
    with reading() as session:
        after = signals(session, attempt(declined=1))
    assert (measured["buyer_attempts_hour"], after["buyer_attempts_hour"]) == (0, 1)


def test_a_blocked_attempt_opens_a_case_and_tells_somebody(market_anywhere):
    keep(agent())
    verdict = buying(market_anywhere, attempt(), LOUD)
    [kept], [row], [alert] = found(AttemptRow), found(CaseRow), found(AlertRow)
    assert verdict.kind is Kind.BLOCK
    assert (row.state, row.order, row.attempt, row.verdict) == ("open", "ord-1", kept.decision_id, "block")
    assert kept.reasons == list(verdict.reasons)
    assert len(kept.reasons) == 3
    told = json.dumps(alert.model_dump(mode="json"))
    assert cases.ALERT in told
    assert row.id in told
    assert "globex" not in told
    [done] = found(EffectRow)
    assert (done.action, done.decision_id) == ("marketplace.record_attempt", row.decision_id)
    assert len(found(TraceRow)) == 6


def test_without_a_score_a_case_is_opened_too(selling):
    assert buying(selling, attempt(), {}).kind is Kind.HOLD
    [row] = found(CaseRow)
    assert row.verdict == "hold"
    [kept] = found(AttemptRow)
    assert (kept.score_ppm, kept.model, kept.reasons) == (None, None, [])


def between():
    """Return signals that call for a verification."""
    return QUIET | {"new_device": 1, "network_abroad": 1, "new_country": 1, "amount_above_usual": 3.0, "new_agent": 1}


def test_who_is_to_be_verified_has_no_case(selling):
    for tries in range(9):
        verdict = buying(selling, attempt(order=f"ord-{tries}"), between() | {"buyer_attempts_hour": tries})
        if verdict.kind is Kind.VERIFY:
            break
    assert verdict.kind is Kind.VERIFY
    assert found(AttemptRow)[-1].reasons
    assert found(CaseRow) == []


def test_a_chargeback_counts_once_against_who_was_in_it(market_anywhere):
    keep(agent())
    buying(market_anywhere, attempt(), QUIET)
    for number, (label, news) in enumerate([(Label.CHARGEBACK, True), (Label.CHARGEBACK, False)]):
        with effect(permit("marketplace.dispute", decision_id=f"made-by-a-test-{number + 2}")) as session:
            allowed = permit("marketplace.dispute", decision_id="made-by-a-test-2")
            assert learn(session, allowed, "ord-1", label, now=market_anywhere.now()) is news
    with reading() as session:
        assert signals(session, attempt())["buyer_charged_back"] == 1
    assert [row.label for row in found(LabelRow)] == ["chargeback"]


def test_an_order_that_was_never_measured_can_be_labelled(selling):
    with effect(permit("marketplace.dispute")) as session:
        assert learn(session, permit("marketplace.dispute"), "ord-9", Label.CHARGEBACK, now=selling.now())
    assert found(TraceRow) == []


def step(browser, case, verb, **said):
    return browser.post(f"/marketplace/fraud/{case}/{verb}", said, accept="application/json")


def test_a_case_goes_its_way_and_labels_the_order(selling, case):
    one, two = selling.officer("ts-1", OFFICE), selling.officer("ts-2", OFFICE)
    assert step(one, case, "take").json["taken_by"] == "ts-1"
    assert step(one, case, "note", note="the card was reported stolen").status_code == 200
    assert step(one, case, "resolve", outcome="confirmed").status_code == 403
    ended = step(two, case, "resolve", outcome="confirmed")
    assert (ended.json["state"], ended.json["outcome"], ended.json["resolved_by"]) == ("resolved", "confirmed", "ts-2")
    [label] = found(LabelRow)
    assert (label.order, label.label) == ("ord-1", "confirmed")
    with reading() as session:
        assert signals(session, attempt())["device_charged_back"] == 1
    actions = [row.action for row in found(EffectRow)]
    assert sorted(actions) == sorted(
        ["marketplace.record_attempt", "marketplace.investigate", "marketplace.investigate", "marketplace.resolve"]
    )
    assert step(two, case, "resolve", outcome="cleared").status_code == 403


def test_who_is_cleared_has_nothing_held_against_them(selling, case):
    one = selling.officer("ts-1", OFFICE)
    step(one, case, "take")
    step(one, case, "note", note="a known buyer on a new machine")
    assert step(one, case, "resolve", outcome="cleared").json["outcome"] == "cleared"
    with reading() as session:
        assert signals(session, attempt())["device_charged_back"] == 0


@pytest.mark.parametrize("note", ["", "  ", "x" * 2_001])
def test_a_note_says_something_and_not_too_much(selling, case, note):
    one = selling.officer("ts-1", OFFICE)
    step(one, case, "take")
    assert step(one, case, "note", note=note).status_code == 400
    assert found(CaseRow)[0].notes == []


def test_a_note_is_said_once(selling, case):
    one = selling.officer("ts-1", OFFICE)
    step(one, case, "take")
    assert step(one, case, "note", note=["one", "two"]).status_code == 400


def test_nobody_else_looks_or_decides(selling, case):
    other = selling.officer("fin-1", "omega-finance")
    assert other.json("/marketplace/fraud").status_code == 403
    assert other.json(f"/marketplace/fraud/{case}").status_code == 403
    assert step(other, case, "take").status_code == 403
    assert found(CaseRow)[0].state == "open"


def test_a_case_that_there_is_not_is_not_found(selling):
    one = selling.officer("ts-1", OFFICE)
    assert one.json("/marketplace/fraud/case-0").status_code == 404
    assert step(one, "case-0", "take").status_code == 404


def test_the_queue_tells_verdict_score_and_reasons(selling, case):
    one = selling.officer("ts-1", OFFICE)
    [listed] = one.json("/marketplace/fraud").json["cases"]
    assert (listed["id"], listed["verdict"], len(listed["reasons"])) == (case, "block", 3)
    assert listed["score"] > 0.8
    assert one.json("/marketplace/fraud?show=resolved").json["cases"] == []
    shown = one.json(f"/marketplace/fraud/{case}").json
    assert shown["signals"] == LOUD
    assert shown["labels"] == []


def test_the_pages_offer_the_next_step(selling, case):
    one = selling.officer("ts-1", OFFICE)
    assert case in one.get("/marketplace/fraud").text
    page = one.get(f"/marketplace/fraud/{case}").text
    assert "Take the case" in page
    assert "other buyers on the device in the last day" in page
    taken = one.post(f"/marketplace/fraud/{case}/take", {})
    assert taken.status_code == 303
    page = one.get(f"/marketplace/fraud/{case}").text
    assert re.search(r"Write down", page)
    assert "End the case" in page
    assert "There are none" in one.get("/marketplace/fraud?show=resolved").text
