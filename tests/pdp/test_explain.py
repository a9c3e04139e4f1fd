"""Why a decision came out as it did: rules, facts, and the way to an allow."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from app.pdp import explaining
from app.pdp.bundle import load, parse_snapshot
from app.pdp.engine import Engine
from app.pdp.errors import EvaluationError
from app.pdp.explain import State, Trace, explain
from app.pdp.explaining import decide_again, traced
from app.pdp.gate_sources import GateSources, gate_sources, label, labelled, syntax
from app.pdp.strict_json import encode
from app.pdp.strict_yaml import parse_yaml
from tests.pdp.shop import SELL, asked, decided, stocked

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return stocked(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def policies():
    return load(ROOT / "policies", "test")


def sources_of(bundle, name="shop.sell"):
    return GateSources().of(bundle, bundle.actions[name])


def line_of(text, source=SELL):
    return source[: source.index(text)].count("\n") + 1


def trace_of(told):
    return Trace(
        held={gate: tuple(rules) for gate, rules in told["held"].items()},
        lines={file: frozenset(lines) for file, lines in told["lines"].items()},
    )


SOURCES = GateSources()
"""As a worker has them: an action is read once."""


def explained(bundle, document):
    told = asyncio.run(traced(bundle, encode(document)))
    trace = trace_of(told) if "held" in told else None
    action = bundle.actions.get(document["action"]["name"])
    sources = SOURCES.of(bundle, action) if action else {}
    return explain(told["result"], action, sources, trace=trace, document=document)


def gates(explanation):
    return {gate.rule.id: gate for gate in explanation.gates}


# --- rules and the facts they read


def test_each_rule_of_a_gate_has_its_place_and_its_facts(shop):
    found = sources_of(shop)
    assert list(found) == ["ripe", "weighed", "described"]
    (ripe,) = found["ripe"]
    assert (ripe.file, ripe.facts) == ("rego/shop/sell.rego", ("resource/properties/ripe",))
    assert ripe.line == ripe.last_line == line_of('passed contains "ripe"')
    assert [rule.facts for rule in found["weighed"]] == [("resource/properties/grams",), ("context/gift",)]


LIB = """package lib.given

import rego.v1

default heavy(_, _) := false

heavy(thing, [_, unit]) if {
	thing.scale.grams > 1
	unit == "g"
}

now := time.parse_rfc3339_ns(input.environment.time)

round(n) := round(n)
"""
FOLLOWED = [
    pytest.param("input.context.gift", ["context/gift"], id="a fact itself"),
    pytest.param('input["context"]["gift"]', ["context/gift"], id="in brackets"),
    pytest.param("x := input.context\n\tx.gift", ["context/gift"], id="by a name"),
    pytest.param("x = input.context\n\tx.gift", ["context/gift"], id="by a name that is unified"),
    pytest.param("some x in input.context.list\n\tx.y == 1", ["context/list"], id="an item of a list"),
    pytest.param("some k, x in input.context.list\n\tx.y == k", ["context/list"], id="an item and its key"),
    pytest.param("some x in data.list\n\tx.y == input.context.z", ["context/z"], id="an item of data"),
    pytest.param("every x in input.context.list { x.y == 1 }", ["context/list"], id="every item"),
    pytest.param("every k, x in input.context.list { x.y == k }", ["context/list"], id="every item and its key"),
    pytest.param("input.context.list[_].y == 1", ["context/list"], id="any item"),
    pytest.param("data.t[input.context.key] == 1", ["context/key"], id="a key into data"),
    pytest.param(
        "count([x.y | some x in input.context.list; x.z == 1]) > 1", ["context/list"], id="in a comprehension"
    ),
    pytest.param("goods.ripe", ["resource/properties/ripe"], id="by another rule"),
    pytest.param("goods[_].ripe", ["resource/properties"], id="any member, by another rule"),
    pytest.param("whatever", ["context/a", "context/b"], id="by a rule with conditions"),
    pytest.param("given.now > 1", ["environment/time"], id="by a rule of another module"),
    pytest.param('given.heavy(goods, ["x", "g"])', ["resource/properties/scale/grams"], id="by an argument"),
    pytest.param("given.heavy({}, input.context.unit)", ["context/unit"], id="by an argument that is taken apart"),
    pytest.param("given.round(input.context.n) > 1", ["context/n"], id="by a function that calls itself"),
    pytest.param("not input.context.gift", ["context/gift"], id="by its absence"),
    pytest.param("[a, b] := input.context.pair\n\ta < b", ["context/pair"], id="taken apart"),
    pytest.param("input[_] == 1", [], id="anything at all"),
    pytest.param("limits.min_grams > 1", [], id="no fact"),
]


@pytest.mark.parametrize(("body", "facts"), FOLLOWED)
def test_facts_are_followed_to_the_input(tmp_path, body, facts):
    rule = f"""
passed contains "ripe" if {{
	{body}
}}

goods := input.resource.properties

whatever if input.context.a == 1

whatever if input.context.b == 1
"""
    sell = SELL.replace("import data.lib.gates\n", "import data.lib.gates\nimport data.lib.given\n") + rule
    bundle = stocked(tmp_path, {"rego/shop/sell.rego": sell, "rego/lib/given.rego": LIB})
    assert list(sources_of(bundle)["ripe"][1].facts) == facts


def test_each_bundle_is_read_once_and_forgotten_after_the_next(shop, tmp_path):
    other = stocked(tmp_path, {"data/thresholds.json": "{}"})
    sources = GateSources()
    first = sources.of(shop, shop.actions["shop.sell"])
    assert sources.of(shop, shop.actions["shop.sell"]) is first
    assert sources.of(other, other.actions["shop.sell"]) == first
    assert sources.of(shop, shop.actions["shop.sell"]) is not first


def test_labels_tell_the_rules_of_a_gate_apart_on_the_same_lines(shop):
    action = shop.actions["shop.sell"]
    text = labelled(syntax(shop, action), action)
    assert text.replace("#0", "").replace("#1", "") == SELL
    engine = Engine(dict(shop.modules) | {action.file: text}, shop.data)
    answer = json.loads(engine.evaluate("data.shop.sell.passed", '{"context": {"gift": true}}'))
    assert answer["result"][0]["expressions"][0]["value"] == [label("weighed", 1)]


# --- the explanation


def test_an_allow_needs_no_change(shop):
    found = explained(shop, asked())
    assert found.allow
    assert found.changes == ()
    assert {gate.state for gate in found.gates} == {State.PASSED}
    assert {gate.facts for gate in found.gates} == {None}
    weighed = gates(found)["weighed"]
    assert [rule.held for rule in weighed.rules] == [True, False]
    assert weighed.rules[0].lines == (weighed.rules[0].source.line,)


def test_a_deny_names_what_would_have_to_change(shop):
    found = explained(shop, asked(ripe=False, grams=1, described=False))
    assert not found.allow
    assert [(change.id, change.say, change.facts) for change in found.changes] == [
        ("ripe", "the fruit is ripe", ("resource/properties/ripe",)),
        ("weighed", "the fruit weighs enough", ("context/gift", "resource/properties/grams")),
    ]
    weighed = gates(found)["weighed"]
    assert weighed.state == State.FAILED
    assert [fact.document() for fact in weighed.facts] == [
        {"path": "context/gift", "stated": False},
        {"path": "resource/properties/grams", "stated": True, "value": 1},
    ]
    assert [rule.held for rule in weighed.rules] == [False, False]
    described = gates(found)["described"]
    assert (described.state, described.denies) == (State.FAILED, False)


def test_a_rule_that_stopped_shows_how_far_it_came(tmp_path):
    body = """passed contains "ripe" if {
	input.resource.properties.ripe == true
	input.resource.properties.grams > 10
	input.resource.properties.described == true
}"""
    sell = SELL.replace('passed contains "ripe" if input.resource.properties.ripe == true', body)
    bundle = stocked(tmp_path, {"rego/shop/sell.rego": sell})
    (rule,) = gates(explained(bundle, asked(grams=2)))["ripe"].rules
    assert rule.held is False
    assert rule.lines == (rule.source.line + 1, rule.source.line + 2)


@pytest.mark.parametrize(
    ("document", "changes", "has_gates"),
    [
        pytest.param(
            asked(grams=None, ripe="yes"),
            [("fact_missing", ("resource/properties/grams",)), ("fact_type", ("resource/properties/ripe",))],
            True,
            id="facts that break the contract",
        ),
        pytest.param(
            asked() | {"action": {"name": "shop.steal"}}, [("unknown_action", ("action/name",))], False, id="no action"
        ),
    ],
)
def test_where_no_policy_answered_the_diagnostics_say_what_to_change(shop, document, changes, has_gates):
    found = explained(shop, document)
    assert [(change.id, change.facts) for change in found.changes] == changes
    assert all(change.say for change in found.changes)
    assert {gate.state for gate in found.gates} == ({State.NOT_ASKED} if has_gates else set())
    assert {rule.lines for gate in found.gates for rule in gate.rules} <= {None}


def test_a_policy_that_gave_no_answer_is_what_has_to_change(tmp_path):
    sell = SELL.replace("decision := gates.decision", "decision := 1 if gates.decision")
    found = explained(stocked(tmp_path, {"rego/shop/sell.rego": sell}), asked())
    (change,) = found.changes
    assert (change.id, change.facts) == ("malformed_decision", ())
    assert "policy" in change.say


def test_a_rule_that_raises_is_a_deny_here_too(tmp_path):
    sell = SELL.replace("properties.ripe == true", "properties.grams + input.subject.type > 1")
    found = explained(stocked(tmp_path, {"rego/shop/sell.rego": sell}), asked())
    assert [change.id for change in found.changes] == ["evaluation_failed"]


def test_without_a_trace_and_a_document_it_says_neither_values_nor_lines(shop):
    result = decided(shop, asked(ripe=False)).decision.document()
    document = explain(result, shop.actions["shop.sell"], sources_of(shop)).document()
    assert document["gates"][0] == {
        "id": "ripe",
        "state": "failed",
        "title": "the fruit is ripe",
        "severity": "critical",
        "enforcement": "blocking",
        "controls": ["soc2/CC8.1", "iso27001/A.8.30"],
        "rules": [
            {
                "file": "rego/shop/sell.rego",
                "line": line_of('passed contains "ripe"'),
                "facts": ["resource/properties/ripe"],
            }
        ],
    }
    assert document["changes"] == [{"id": "ripe", "say": "the fruit is ripe", "facts": ["resource/properties/ripe"]}]
    assert "value" not in json.dumps(document)


def test_with_both_it_says_them(shop):
    document = explained(shop, asked(ripe=False)).document()
    ripe = document["gates"][0]
    assert ripe["facts"] == [{"path": "resource/properties/ripe", "stated": True, "value": False}]
    assert ripe["rules"][0]["held"] is False
    assert ripe["rules"][0]["lines"] == [ripe["rules"][0]["line"]]


def test_a_trace_that_does_not_know_a_rule_tells_nothing_of_it(shop):
    result = decided(shop, asked()).decision.document()
    trace = Trace(held={"weighed": (True,)}, lines={})
    found = gates(explain(result, shop.actions["shop.sell"], sources_of(shop), trace=trace))
    assert [(rule.held, rule.lines) for rule in found["weighed"].rules] == [(True, ()), (None, None)]
    assert found["ripe"].rules[0].lines is None


# --- every action there is


def test_every_gate_of_every_policy_has_rules_and_nothing_undeclared_is_read(policies):
    sources = GateSources()
    for action in policies.actions.values():
        found = sources.of(policies, action)
        assert found.keys() == action.rules.keys()
        for gate, rules in found.items():
            assert rules, (action.name, gate)
            assert rules[0].line == action.rules[gate].line, (action.name, gate)
            for path in {path for rule in rules for path in rule.facts}:
                assert declared(action.contract.schema, path), (action.name, gate, path)


def declared(schema, path):
    if path.startswith("environment/"):
        return path in {"environment/time", "environment/tenant", "environment/caller"}
    for name in path.split("/"):
        schema = schema.get("properties", {}).get(name)
        if schema is None:
            return False
    return True


@pytest.mark.slow
def test_every_case_is_explained_consistently(policies):
    seen = set()
    for file, text in policies.cases.items():
        for case in parse_yaml(file, text):
            environment = {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"}
            document = json.loads(encode({"environment": environment} | case["input"]))
            for name in ("subject", "resource"):
                document[name].setdefault("properties", {})
            document.setdefault("context", {})
            found = explained(policies, document)
            seen.add(document["action"]["name"])
            assert found.allow is case["want"]["allow"], case["note"]
            assert found.allow is not bool(found.changes), case["note"]
            for gate in found.gates:
                held = [rule.held for rule in gate.rules]
                if gate.state is State.NOT_ASKED:
                    assert set(held) == {None}
                else:
                    assert any(held) is (gate.state is State.PASSED), (case["note"], gate.rule.id)
    assert seen >= policies.actions.keys()


# --- the process


def snapshot(bundle, directory):
    path = directory / f"{bundle.digest}.json"
    path.write_bytes(bundle.snapshot())
    return path


@pytest.mark.slow
def test_the_process_says_what_its_inside_says(shop, tmp_path):
    again = decide_again(snapshot(shop, tmp_path), encode(asked(grams=1)))
    told = asyncio.run(traced(shop, encode(asked(grams=1))))
    assert again.result == told["result"]
    assert again.trace == trace_of(told)


@pytest.mark.slow
def test_the_process_tells_no_trace_where_no_policy_answered(shop, tmp_path):
    again = decide_again(snapshot(shop, tmp_path), encode(asked(grams=None)))
    assert [found["code"] for found in again.result["diagnostics"]] == ["fact_missing"]
    assert again.trace is None


ENDLESS = "count({1 | some i in numbers.range(1, 30000); some j in numbers.range(1, 30000); i + j == 0}) == 0"
SWELLING = "count([i | some i in numbers.range(1, 30000); some j in numbers.range(1, 30000)]) == 0"


@pytest.mark.slow
def test_little_memory_is_enough_for_a_good_policy(shop, tmp_path):
    assert decide_again(snapshot(shop, tmp_path), encode(asked()), memory=64 << 20).result["allow"] is True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("condition", "limits", "code"),
    [
        pytest.param(ENDLESS, {"seconds": 2.0}, "evaluation_timeout", id="no end"),
        pytest.param(SWELLING, {"memory": 64 << 20, "seconds": 60.0}, "evaluation_crashed", id="no bounds"),
    ],
)
def test_a_policy_without_end_harms_nobody(tmp_path, condition, limits, code):
    sell = SELL.replace("input.resource.properties.ripe == true", condition)
    bundle = stocked(tmp_path / "bundle", {"rego/shop/sell.rego": sell})
    with pytest.raises(EvaluationError) as ended:
        decide_again(snapshot(bundle, tmp_path), encode(asked()), **limits)
    assert ended.value.code == code


@pytest.mark.slow
@pytest.mark.parametrize(("content", "document"), [(b"{}", encode(asked())), (None, b"{")], ids=["bundle", "document"])
def test_what_it_cannot_read_ends_it_without_a_word(shop, tmp_path, capfd, content, document):
    path = snapshot(shop, tmp_path)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EvaluationError, match="evaluation_crashed"):
        decide_again(path, document)
    assert capfd.readouterr() == ("", "")


def test_output_that_is_no_answer_is_a_crash(monkeypatch, tmp_path):
    def run(*_, **__):
        return subprocess.CompletedProcess([], 0, stdout=b"what")

    monkeypatch.setattr(explaining.subprocess, "run", run)
    with pytest.raises(EvaluationError, match="evaluation_crashed"):
        decide_again(tmp_path / "s.json", b"{}")


def test_a_snapshot_is_explained_like_the_bundle_it_was_made_of(shop):
    assert sources_of(parse_snapshot(shop.snapshot())) == gate_sources(
        syntax(shop, shop.actions["shop.sell"]), shop.actions["shop.sell"]
    )
