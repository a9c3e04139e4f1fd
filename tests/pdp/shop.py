"""What the tests of bundles share: a small bundle of one action, and how to change it."""

import asyncio
import json

from app.pdp.bundle import load
from app.pdp.decide import decide
from app.pdp.engine import Engine
from app.pdp.errors import EngineError, EvaluationError

GATES = """package lib.gates

import rego.v1

decision(action, required, passed, obligations) := {
	"allow": count(failed - tolerated) == 0,
	"passed": passed,
	"failed": failed,
	"obligations": obligations,
} if {
	failed := required - passed
	tolerated := {gate | some gate in failed; data.rules[action][gate].enforcement == "monitoring"}
}
"""

SELL = """package shop.sell

import rego.v1

import data.lib.gates

required := {"described", "ripe", "weighed"}

limits := data.thresholds.shop

# METADATA
# title: the fruit is ripe
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.30]}
passed contains "ripe" if input.resource.properties.ripe == true

# METADATA
# title: the fruit weighs enough
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1]}
passed contains "weighed" if input.resource.properties.grams >= limits.min_grams

passed contains "weighed" if input.context.gift == true

# METADATA
# title: the fruit is described
# custom: {severity: low, enforcement: monitoring, controls: [soc2/CC2.3]}
passed contains "described" if input.resource.properties.described == true

obligations := [{"id": "wrap", "type": "notice", "layers": 2}] if input.context.gift == true

else := []

decision := gates.decision("shop.sell", required, passed, obligations)
"""

SELL_TEST = """package shop.sell_test

import rego.v1

import data.shop.sell

given(properties) := {"resource": {"properties": properties}, "context": {}}

test_a_ripe_and_heavy_fruit_is_sold if {
	sell.decision.allow == true with input as given({"ripe": true, "grams": 100, "described": false})
}

test_an_unripe_fruit_is_not_sold if {
	sell.decision.failed == {"ripe"} with input as given({"ripe": false, "grams": 100, "described": true})
}

test_a_light_fruit_is_not_sold if {
	sell.decision.failed == {"weighed"} with input as given({"ripe": true, "grams": 1, "described": true})
}
"""

SCHEMA = {
    "type": "object",
    "required": ["subject", "resource"],
    "properties": {
        "subject": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"enum": ["grocer", "guest"]}, "properties": {"type": "object", "properties": {}}},
        },
        "resource": {
            "type": "object",
            "required": ["type", "properties"],
            "properties": {
                "type": {"const": "fruit"},
                "properties": {
                    "type": "object",
                    "required": ["ripe", "grams", "described"],
                    "properties": {
                        "ripe": {"type": "boolean"},
                        "grams": {"type": "integer", "minimum": 0, "maximum": 100000},
                        "described": {"type": "boolean"},
                    },
                },
            },
        },
        "context": {"type": "object", "properties": {"gift": {"type": "boolean"}}},
    },
}

CASES = """
- note: a ripe fruit is sold
  input:
    subject: {type: grocer, id: g-1}
    action: {name: shop.sell}
    resource: {type: fruit, id: apple-1, properties: {ripe: true, grams: 80, described: false}}
  want: {allow: true, failed: [described]}
- note: a gift is wrapped
  input:
    subject: {type: grocer, id: g-1}
    action: {name: shop.sell}
    resource: {type: fruit, id: apple-1, properties: {ripe: true, grams: 1, described: true}}
    context: {gift: true}
  want: {allow: true, obligations: [wrap]}
- note: a fruit that nobody weighed is not sold
  input:
    subject: {type: grocer, id: g-1}
    action: {name: shop.sell}
    resource: {type: fruit, id: apple-1, properties: {ripe: true, described: true}}
  want: {allow: false, diagnostics: [fact_missing]}
"""

CALLERS = {"marketplace": {"tenant": "default", "actions": ["shop.*"], "subject_types": ["grocer"]}}

FILES = {
    "rego/lib/gates.rego": GATES,
    "rego/shop/sell.rego": SELL,
    "rego/shop/sell_test.rego": SELL_TEST,
    "rego/shop/sell.schema.json": json.dumps(SCHEMA),
    "data/thresholds.json": '{"shop": {"min_grams": 50, "price": 1.5}}',
    "data/callers.json": json.dumps(CALLERS),
    "data/enforcement.json": "{}",
    "cases/shop.yaml": CASES,
}


def written(directory, files):
    """Write `files` below `directory`; bytes as they are, None not at all."""
    for name, text in files.items():
        if text is None:
            continue
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return directory


def stocked(directory, changes=None):
    """Return the small bundle, some of its files changed; None takes one out."""
    return load(written(directory, FILES | (changes or {})), "r1")


def asked(**facts):
    """Return the document of a request that is allowed, its facts about the fruit changed; None takes one out."""
    properties = {"ripe": True, "grams": 80, "described": True} | facts
    return {
        "subject": {"type": "grocer", "id": "g-1", "properties": {}},
        "action": {"name": "shop.sell"},
        "resource": {
            "type": "fruit",
            "id": "apple-1",
            "properties": {name: value for name, value in properties.items() if value is not None},
        },
        "context": {},
        "environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
    }


def evaluating(bundle):
    """Return the `evaluate` of an engine in this process."""
    engine = Engine(bundle.modules, bundle.data)

    async def evaluate(query, text):
        try:
            return engine.evaluate(query, text.decode()).encode()
        except EngineError:
            raise EvaluationError("evaluation_failed") from None

    return evaluate


def decided(bundle, document, evaluate=None):
    return asyncio.run(decide(bundle, evaluate or evaluating(bundle), document))
