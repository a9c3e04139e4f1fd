"""What policy scores is what training would: the shipped model in Rego and in Python, on the same signals."""

import asyncio
import json
import math
from random import Random

import pytest

from app.features.marketplace.fraud.signals import FORM, SIGNALS, bounded
from app.features.marketplace.fraud.training.model import parse_model
from app.features.marketplace.fraud.verdict import Kind, Verdict, risk_of, verdict_of
from app.pdp.bundle import load
from app.pdp.decide import decide
from app.pdp.engine import Engine, Engines
from app.pdp.model import Entity, Environment, EvaluationRequest
from app.pdp.request import document
from tests.pdp.evaluating import ROOT

BUNDLE = load(ROOT / "policies", "r1")
DATA = json.loads(BUNDLE.data)["fraud_model"]
MODEL = parse_model(DATA["models"][DATA["champion"]])
ACTION = BUNDLE.actions["marketplace.purchase"]
ENVIRONMENT = Environment(time="2026-11-22T14:00:00Z", tenant="default", caller="control")
SCORING = """package asking

import rego.v1

import data.lib.fraud

answer := fraud.assessed(input.signals, input.form)

total := fraud.model.bias + sum([part | some term in fraud.model.terms; part := fraud.points(term, input.signals)])
"""


def drawn(random):
    """Return signals as they may be: mostly little, now and then anything up to the bound."""

    def one(signal):
        usual = random.expovariate(1.5) if random.random() < 0.8 else random.uniform(0, signal.top)
        return round(usual) if signal.whole else usual

    return {name: bounded(name, one(signal)) for name, signal in SIGNALS.items()}


RANDOM = Random(10)
ROWS = [drawn(RANDOM) for _ in range(1_000)]
QUIET = dict.fromkeys(SIGNALS, 0) | {"account_days": 40.0, "known_orders": 6, "amount": 40.0, "agent_days": 90}


@pytest.fixture(scope="module")
def engine():
    modules = {file: BUNDLE.modules[file] for file in ("rego/lib/fraud.rego",)} | {"asking.rego": SCORING}
    return Engine(modules, BUNDLE.data)


def ask(engine, query, signals, form=FORM):
    found = json.loads(engine.evaluate(query, json.dumps({"signals": signals, "form": form})))
    return found["result"][0]["expressions"][0]["value"] if found.get("result") else None


def test_policy_and_training_score_alike(engine):
    spread = set()
    for row in ROWS:
        answer = ask(engine, "data.asking.answer", row)
        assert answer["score"] == pytest.approx(MODEL.score_ppm(row) / 1_000_000, abs=1e-9)
        assert ask(engine, "data.asking.total", row) == pytest.approx(MODEL.total(row), abs=1e-9)
        reasons = [answer["said"][name] for name in sorted(answer["said"]) if name.startswith("reason")]
        assert reasons == MODEL.reasons(row)
        spread.add(math.floor(answer["score"] * 10))
    assert len(spread) >= 8


def decided(risk):
    """Return the decision of the shipped policies, contract and all."""
    asked = EvaluationRequest(
        subject=Entity(type="buyer", id="globex", properties={}),
        action="marketplace.purchase",
        resource=Entity(type="listing", id="invoice-reader", properties={"status": "active"}),
        context={"licence_accepted": True, "risk": risk},
    )
    engines = Engines(BUNDLE.modules, BUNDLE.data, {ACTION.query: tuple(BUNDLE.modules)})

    async def evaluate(query, text):
        return engines.evaluate(query, text.decode()).encode()

    return asyncio.run(decide(BUNDLE, evaluate, document(asked, ENVIRONMENT))).decision


def test_a_quiet_purchase_is_allowed_and_keeps_its_score():
    verdict = verdict_of(decided(risk_of(QUIET)))
    assert verdict.kind is Kind.ALLOW
    assert (verdict.score_ppm, verdict.model) == (MODEL.score_ppm(QUIET), DATA["champion"])


LOUD = QUIET | {"account_days": 0.1, "known_orders": 0, "device_buyers_day": 9, "device_cards_day": 9, "declined": 3}
LOUD |= {"device_buyers_month": 9, "amount": 3.0, "card_foreign": 1, "card_abroad": 1, "network_attempts_hour": 9}


def test_a_loud_one_is_blocked_for_reasons():
    verdict = verdict_of(decided(risk_of(LOUD)))
    assert verdict.kind is Kind.BLOCK
    assert verdict.reasons == tuple(MODEL.reasons(LOUD))
    assert len(verdict.reasons) == 3


def without(name):
    return {each: value for each, value in QUIET.items() if each != name}


@pytest.mark.parametrize(
    "risk",
    [
        {"scored": False},
        risk_of({}),
        *(risk_of(without(name)) for name in sorted(SIGNALS)[::8]),
        risk_of(QUIET | {"amount": "40"}),
        risk_of(QUIET | {"amount": None}),
        risk_of(QUIET | {"amount": float("nan")}),
        risk_of(QUIET | {"amount": float("inf")}),
        risk_of(QUIET | {"amount": -1}),
        risk_of(QUIET | {"declined": 17}),
        risk_of(QUIET | {"new_device": True}),
        risk_of(QUIET) | {"form": "2020-01"},
        risk_of(QUIET) | {"form": "2020-01", "scored": True, "score": 0.1},
        {name: value for name, value in risk_of(QUIET).items() if name != "form"},
    ],
    ids=str,
)
def test_without_a_score_it_is_held(risk):
    try:
        decision = decided(risk)
    except ValueError:  # no JSON text has such a number: the decision point calls that malformed, and denies
        assert not math.isfinite(risk["signals"]["amount"])
        return
    assert decision.allow is False
    assert verdict_of(decision) == Verdict(kind=Kind.HOLD)


def test_a_model_that_there_is_not_holds(engine):
    data = json.loads(BUNDLE.data)
    data["fraud_model"]["champion"] = "another"
    modules = {"rego/lib/fraud.rego": BUNDLE.modules["rego/lib/fraud.rego"], "asking.rego": SCORING}
    assert ask(engine, "data.asking.answer", QUIET) is not None
    assert ask(Engine(modules, json.dumps(data)), "data.asking.answer", QUIET) is None


def test_the_contract_asks_for_exactly_the_signals_there_are():
    stated = ACTION.contract.schema["properties"]["context"]["properties"]["risk"]["properties"]["signals"]
    assert sorted(stated["required"]) == sorted(SIGNALS)
    for name, signal in SIGNALS.items():
        kind = "integer" if signal.whole else "number"
        assert stated["properties"][name] == {"type": kind, "minimum": 0, "maximum": signal.top}


def test_every_model_reads_signals_that_there_are_and_names_its_report():
    for each in DATA["models"].values():
        model = parse_model(each)
        assert model.form == FORM
        assert {signal for term in model.terms for signal, _ in term.factors} <= SIGNALS.keys()
        assert {curve for term in model.terms for _, curve in term.factors} <= model.curves.keys()
        assert len({term.id for term in model.terms}) == len(model.terms)
        assert each["simulated"] is True
        assert each["report"].startswith("sha256:")
        assert model.document().items() <= each.items()
