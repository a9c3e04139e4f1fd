"""Which bundles may decide; what the others are told, with its place; and how policies are tested."""

import asyncio
import json
import re

import pytest

from app.pdp import admission
from app.pdp.admission import admit
from app.pdp.builtins import BUILTINS
from app.pdp.engine import Engine
from app.pdp.errors import BundleError, EngineError
from app.pdp.policy_test import run_tests
from tests.pdp.shop import CASES, GATES, SCHEMA, SELL, SELL_TEST, stocked

SELL_PATH, TEST_PATH, LIB_PATH = "rego/shop/sell.rego", "rego/shop/sell_test.rego", "rego/lib/gates.rego"
LOW = "{severity: low, enforcement: blocking, controls: [a/b]}"
RIPE = 'passed contains "ripe" if input.resource.properties.ripe == true'


def ripe_if(condition, more=""):
    """Return the policy with another condition for one gate, and more rules."""
    return {SELL_PATH: SELL.replace(RIPE, f'passed contains "ripe" if {condition}') + more}


def sell(old, new):
    assert old in SELL
    return {SELL_PATH: SELL.replace(old, new)}


def place(text, source=SELL):
    """Return `line:column` of the first `text` in `source`."""
    before = source[: source.index(text)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def at(changes, text, said, path=SELL_PATH):
    """Return changes, and the message about the place of `text` in the changed file."""
    return changes, f"{path}:{place(text, changes[path])}: {said}"


def with_schema(fact, schema):
    changed = json.loads(json.dumps(SCHEMA))
    changed["properties"]["resource"]["properties"]["properties"]["properties"][fact] = schema
    return json.dumps(changed)


def test_the_small_bundle_is_admitted(tmp_path):
    admit(stocked(tmp_path))


GOOD = {
    "two rules for a gate": ripe_if(
        "input.resource.properties.ripe == true", '\npassed contains "ripe" if input.context\n'
    ),
    "walk as a relation": ripe_if("input.resource.properties.ripe == true", "\nw := [p | walk(input, [p, _])]\n"),
    "a helper function": ripe_if("f(input.resource.properties.ripe)", "\nf(x) if x == true\n"),
    "a function of two rules": ripe_if("f(true, input)", "\nf(x, y) if x == y.resource.properties.ripe\n"),
    "a default": ripe_if(
        "allowed", "\ndefault allowed := false\n\nallowed if input.resource.properties.ripe == true\n"
    ),
    "every": ripe_if("{\n\tinput.resource.properties.ripe == true\n\tevery x in [1, 2] { x > 0 }\n}"),
    "another package as data": ripe_if("data.shop.fruit.ripe"),
    "a whole package": ripe_if("data.shop.fruit == {}", "\nripened := true\n"),
    "the time": ripe_if('{\n\tinput.environment.time\n\tinput.action.name == "shop.sell"\n\tinput.resource\n}'),
    "a name beyond the documents": ripe_if("ripe(input.resource.properties)", "\nripe(p) if p.ripe == true\n"),
    "an argument named like a rule": ripe_if(
        "f(true)", "\nf(required) if required == input.resource.properties.ripe\n"
    ),
    "a rule that names a rule": ripe_if("limit == 50", "\nlimit := limits.min_grams\n\nripened := limit\n"),
    "rules that name each other by data": ripe_if(
        "deep == 50", "\nlim := data.shop.sell.limits\n\ndeep := lim.min_grams\n"
    ),
    "all packages of a feature": ripe_if("data.lib"),
    "an import under another name": {
        SELL_PATH: SELL.replace("import data.lib.gates", "import data.lib.gates as g").replace("gates.dec", "g.dec")
    },
    "an index of a value": ripe_if('{"shop.sell": true}[input.action.name]'),
    "an index of an array": ripe_if("input.resource.properties.list[0] == 1"),
    "a bracket that is a string": ripe_if('input["resource"].properties["ripe"] == true'),
    "brackets in comments and strings": ripe_if('"[[[[[[[[[[[[[[[[" != `[[[[[[[[[[[[[[[[` # [[[[[[[[[[[[[[[['),
    "not before a rule": ripe_if("not raw", "\nraw if input.resource.properties.ripe == false\n"),
    "not before a fact": ripe_if("not input.context.gift"),
    "not before a name in brackets": ripe_if('not limits["price"]'),
    "not before an index": ripe_if("not input.resource.properties.list[0]"),
    "not before data, by a variable": ripe_if('{\n\tsome name in ["a"]\n\tnot limits[name]\n}'),
    "not before data, by an argument": ripe_if('f("a")', "\nf(name) if not limits[name]\n"),
    "paths to remove": ripe_if('json.remove(input.context, ["gift", "a/b"]) == json.remove(input.context, limits)'),
    "paths to remove by a rule": ripe_if("json.remove(input.context, paths) == {}", '\npaths := ["gift"]\n'),
    "fractions compared with an order": ripe_if("data.thresholds.shop.price >= 1.5"),
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_what_a_policy_may_be_written_of(tmp_path, changes):
    fruit = "package shop.fruit\n\nimport rego.v1\n\nripe := input.resource.properties.ripe\n"
    extra = {
        "rego/lib/fruit.rego": fruit.replace("package shop.fruit", "package lib.fruit"),
        "rego/shop/sell.schema.json": with_schema(
            "list", {"type": "array", "maxItems": 2, "items": {"type": "integer", "minimum": 0, "maximum": 9}}
        ),
        TEST_PATH: SELL_TEST.split("test_")[0] + "test_nothing if true\n",
        "cases/shop.yaml": None,
    }
    changes = {path: text.replace("data.shop.fruit", "data.lib.fruit") for path, text in changes.items()}
    admit(stocked(tmp_path, extra | changes))


PRICE = {"type": "number", "minimum": 0, "maximum": 9}
BAD = {
    "no Rego": at(sell("required :=", "required :=="), '= {"described"', "expecting expression"),
    "another package": ({SELL_PATH: SELL.replace("shop.sell\n", "shop.buy\n")}, "write `package shop.sell`"),
    "a test of another package": ({TEST_PATH: SELL_TEST.replace("package shop.sell_test", "package x")}, "sell_test`"),
    "no test file": ({TEST_PATH: None}, "action `shop.sell` has no test; write `rego/shop/sell_test.rego`"),
    "no test": ({TEST_PATH: "package shop.sell_test\n\nx := 1\n"}, "has no test"),
    "a test that fails": (
        {TEST_PATH: SELL_TEST + "\ntest_more if 1 == 2\n"},
        f"{TEST_PATH}:21:1: `test_more` fails: is not true",
    ),
    "a case that fails": (
        {"cases/shop.yaml": CASES.replace("failed: [described]", "failed: []")},
        "cases/shop.yaml:2:1:",
    ),
    "a gate without METADATA": at(
        sell("# title: the fruit is ripe\n", "").copy()
        | {SELL_PATH: SELL + '\npassed contains "new" if input.context\n'},
        'passed contains "new"',
        "gate `new` has no METADATA directly above its first rule",
    ),
    "METADATA above the second rule": at(
        {
            SELL_PATH: SELL.replace(
                "# METADATA\n# title: the fruit is ripe", 'passed contains "ripe" if 1 == 2\n\n# METADATA\n# title: x'
            )
        },
        'passed contains "ripe" if input',
        "METADATA of `ripe` is not above its first rule",
    ),
    "METADATA in a text": (
        {SELL_PATH: f'{SELL}\nx := `\n# METADATA\n# title: t\n# custom: {LOW}\npassed contains "new" if input`\n'},
        "METADATA of `new` is not above its first rule",
    ),
    "a required gate without a rule": at(
        sell('required := {"described"', 'required := {"new", "described"'),
        "required :=",
        "gate `new` is required and has no rule",
    ),
    "a gate that is not required": at(
        sell('required := {"described", ', "required := {"),
        "required :=",
        "gate `described` has a rule and is not required",
    ),
    "required that is computed": (sell('"weighed"}\n', '"weighed"} | set()\n'), "name every gate, once"),
    "required of something else": (sell('"weighed"}\n', '"weighed", 1}\n'), "name every gate, once"),
    "required twice": ({SELL_PATH: SELL + '\nrequired := {"ripe"}\n'}, "name every gate, once"),
    "required under a condition": (sell('"weighed"}\n', '"weighed"} if input.x\n'), "name every gate, once"),
    "required as a set of rules": (
        sell('required := {"described", "ripe", "weighed"}', 'required contains "ripe"'),
        "name every",
    ),
    "required that is true": (
        sell('required := {"described", "ripe", "weighed"}', "required if true"),
        "name every gate",
    ),
    "no required": (sell("required :=", "needed :="), "name every gate, once"),
    "a gate without a condition": at(
        {SELL_PATH: SELL.replace(RIPE, 'passed contains "ripe"')}, 'passed contains "ripe"', "a gate is written"
    ),
    "a gate that is computed": at(
        {SELL_PATH: SELL + "\npassed contains g if some g in required\n"}, "passed contains g", "a gate is"
    ),
    "passed as a rule": at({SELL_PATH: SELL + '\npassed := {"ripe"}\n'}, "passed :=", "a gate is written"),
    "no decision": (
        sell("decision :=", "verdict :="),
        "write, once and without a condition, `decision := gates.decision(",
    ),
    "two decisions": ({SELL_PATH: SELL + "\ndefault decision := {}\n"}, "write, once and without"),
    "a decision under a condition": (
        sell("passed, obligations)", "passed, obligations) if input.x"),
        "write, once and",
    ),
    "a decision of another action": (
        sell('gates.decision("shop.sell"', 'gates.decision("shop.buy"'),
        "write, once and",
    ),
    "a decision of other gates": (sell("required, passed, obl", 'required, {"ripe"}, obl'), "write, once and without"),
    "a decision without gates": (
        sell('gates.decision("shop.sell", required, passed, obligations)', "gates.decision()"),
        "write, once",
    ),
    "a decision of its own": (
        sell('gates.decision("shop.sell", required, passed, obligations)', '{"allow": true}'),
        "write, once",
    ),
    "a decision that is true": (
        sell('decision := gates.decision("shop.sell", required, passed, obligations)', "decision if 1 == 1"),
        "write, once",
    ),
    "a decision as a set": (
        sell(
            'decision := gates.decision("shop.sell", required, passed, obligations)', "decision contains 1 if input.x"
        ),
        "write, once",
    ),
    "http.send": at(ripe_if("http.send({})"), "http.send", "`http.send` is no function that a policy may call"),
    "the clock": at(ripe_if("time.now_ns() > 0"), "time.now_ns", "`time.now_ns` is no function"),
    "chance": at(ripe_if('rand.intn("x", 2) == 1'), "rand.intn", "`rand.intn` is no function"),
    "an identifier": at(ripe_if('uuid.rfc4122("x")'), "uuid.rfc4122", "`uuid.rfc4122` is no function"),
    "the runtime": at(ripe_if("opa.runtime()"), "opa.runtime", "`opa.runtime` is no function"),
    "a look-up": at(ripe_if('net.lookup_ip_addr("x")'), "net.lookup_ip_addr", "`net.lookup_ip_addr` is no function"),
    "a token of its own": at(ripe_if('io.jwt.encode_sign("x")'), "io.jwt.enc", "`io.jwt.encode_sign` is no function"),
    "an algorithm nobody named": at(ripe_if('io.jwt.verify_none("x", "")'), "io.jwt.v", "`io.jwt.verify_none` is no"),
    "strings.count": at(ripe_if('strings.count("x", "x") == 1'), "strings.count", "`strings.count` is no function"),
    "print": at(ripe_if("{\n\tprint(1)\n\ttrue\n}"), "print(", "`print` is no function"),
    "a misspelt function": at(ripe_if("counts(input) == 1"), "counts(", "`counts` is no function"),
    "a misspelt function of the library": (sell("gates.decision(", "gates.decide("), "write, once"),
    "a misspelt function elsewhere": at(ripe_if("gates.decide(1)"), "gates.decide(1", "`gates.decide` is no function"),
    "a method of a value": at(ripe_if("input.f(1)"), "input.f(", "`input.f` is no function"),
    "a call in a call": at(ripe_if("count(f(1)) == 1"), "f(1)", "`f` is no function"),
    "too few arguments": at(ripe_if('startswith("x")'), "startswith", "`startswith` takes 2 arguments, not 1"),
    "a result as an argument": at(ripe_if("count([1], n)"), "count(", "`count` takes 1 arguments, not 2; assign"),
    "too many arguments of an own function": at(
        ripe_if("f(1, 2)", "\nf(x) if x\n"), "f(1, 2)", "`f` takes 1 arguments"
    ),
    "walk as a function": at(ripe_if("{\n\t[p, v] := walk(input)\n}"), "walk(", "write `walk(x, [path, value])`"),
    "with": at(ripe_if("input.context with input as {}"), "with input", "`with` is for tests"),
    "with in a comprehension": at(ripe_if("{1 | input.x with input as 1} == {1}"), "with input", "`with` is for tests"),
    "an unknown function in a test": at({TEST_PATH: SELL_TEST + "\ntest_x if f(1)\n"}, "f(1)", "`f` is no", TEST_PATH),
    "a string with values": at(ripe_if('$"a{1}" == "a1"'), '$"a', ""),
    "equality on a fraction": at(ripe_if("1.5 == input.context"), "1.5 ==", "compare numbers that need not be whole"),
    "inequality on a fraction": at(
        ripe_if("input.context != 1.5"), "input.context !=", "compare numbers that need not"
    ),
    "unification with a fraction": at(
        ripe_if("input.context = 1.5"), "input.context =", "compare numbers that need not"
    ),
    "equality on a fraction of data": at(
        ripe_if("limits.price == 2"), "limits.price ==", "compare numbers that need not be whole"
    ),
    "equality on a fact that may be a fraction": at(
        ripe_if("input.resource.properties.price == 2"),
        "input.resource.properties.price ==",
        "compare numbers that need",
    ),
    "a fact that the contract does not name": at(
        ripe_if("input.resource.properties.rip == true"),
        "input.resource.properties.rip ",
        "the contract does not name `input.resource.properties.rip`",
    ),
    "a fact behind an alias": at(
        ripe_if("facts.rip == true", "\nfacts := input.resource.properties\n"),
        "facts.rip",
        "the contract does not name `input.resource.properties.rip`",
    ),
    "a fact inside a fact": at(ripe_if("input.resource.properties.ripe.x"), "input.res", "the contract does not name"),
    "a part the input does not have": at(ripe_if("input.properties.ripe"), "input.prop", "the contract does not name"),
    "an environment the input does not have": at(
        ripe_if("input.environment.host"), "input.env", "the contract does not"
    ),
    "a way of the action that the contract does not name": at(
        ripe_if("input.action.properties.soft"), "input.action", "the contract does not name"
    ),
    "the time inside the time": at(ripe_if("input.environment.time.x"), "input.env", "the contract does not name"),
    "data that are not there": at(
        ripe_if("data.thresholds.shop.min_gram == 1"),
        "data.thresholds.shop.min",
        "there is no `data.thresholds.shop.min_gram`",
    ),
    "data behind an alias": at(
        ripe_if("limits.min_gram == 1"), "limits.min_gram ", "there is no `data.thresholds.shop.min"
    ),
    "data inside data": at(ripe_if("limits.min_grams.x"), "limits.min_grams.x", "there is no"),
    "a rule of another package that is not there": at(
        ripe_if("gates.verdict"), "gates.verdict", "there is no `data.lib"
    ),
    "not before a comparison": at(ripe_if("not input.context == {}"), "not input", "`not` stands before a name alone"),
    "not before a membership": at(ripe_if("not 1 in [2]"), "not 1", "`not` stands before a name alone"),
    "not before a call": at(ripe_if("not f(1)", "\nf(x) if x == 2\n"), "not f(1)", "`not` stands before a name alone"),
    "not before a fact in brackets": at(
        ripe_if("not limits[input.action.name]"), "not limits[", "`not` stands before a name alone"
    ),
    "not before a rule in brackets": at(
        ripe_if("not limits[name]", '\nname := "x" if input.context\n'), "not limits[", "`not` stands before a name"
    ),
    "not in a comprehension": at(ripe_if("[1 | not 1 == 2] == []"), "not 1 ==", "`not` stands before a name alone"),
    "a path to remove with a slash": at(
        ripe_if('json.remove(input.context, ["gift", "/gift"]) == {}'), '/gift"', "write the path without its first `/`"
    ),
    "a path to keep with a slash": at(
        ripe_if('json.filter(input.context, {"/gift"}) == {}'), '/gift"', "write the path without its first `/`"
    ),
    "paths in the data with a slash": at(
        ripe_if("json.remove(input.context, limits.paths) == {}"), "limits.paths", "write the paths in the data without"
    ),
    "all data": at(ripe_if("count(data) == 1"), "data)", "name what you read of `data`"),
    "data by a variable": at(ripe_if("data[input.context]"), "data[", "name what you read of `data`"),
    "an import of nothing": (
        {SELL_PATH: SELL.replace("import rego.v1", "import rego.v1\nimport data.lib.locks")},
        "imports `data.lib.locks`",
    ),
    "an import of the input": (
        {SELL_PATH: SELL.replace("import data.lib.gates", "import input.x\nimport data.lib.gates")},
        "imports `input.x`",
    ),
    "an import of all data": (
        {SELL_PATH: SELL.replace("import rego.v1", "import rego.v1\nimport data")},
        "imports `data`",
    ),
    "a rule of itself": at(ripe_if("again", "\nagain if again\n"), "again if", "rule `again` depends on itself"),
    "a function of itself": at(ripe_if("f(3)", "\nf(x) if f(x - 1)\n"), "f(x) if", "rule `f` depends on itself"),
    "a rule of itself by a package": (
        ripe_if("x", "\nx := data.shop\n"),
        "depends on itself",
    ),
    "a rule of itself by data": (ripe_if("data.shop.sell.decision"), "depends on itself"),
    "a rule of itself in brackets": (ripe_if("limits[obligations[decision]]"), "depends on itself"),
    "a rule of itself in an index of its head": (
        ripe_if("p[1]", "\np[x] := 1 if x := p\n"),
        "rule `p` depends on itself",
    ),
    "a chain too long": (
        ripe_if("c0", "".join(f"\nc{n} if c{n + 1}\n" for n in range(70)) + "\nc70 if input.context\n"),
        "stands on a chain of more than 64 rules",
    ),
    "nested too deep": at(ripe_if("[" * 13 + "]" * 13), "[]", "nested deeper than 12"),
    "nested deep enough to stop the engine": ({LIB_PATH: GATES + "\nx := " + "[" * 400}, "nested deeper than 12"),
    "a line too long": ({LIB_PATH: GATES + f"\nx := `{'x' * 1000}`\n"}, f"{LIB_PATH}:15:1000: longer than 1000 bytes"),
    "a source too large": ({LIB_PATH: GATES + "# x\n" * 70_000}, "more than 262144 bytes or 5000 lines"),
    "too many lines": ({LIB_PATH: GATES + "\n" * 5_001}, "more than 262144 bytes or 5000 lines"),
    "a carriage return": ({LIB_PATH: GATES.replace("\n", "\r\n")}, f"{LIB_PATH}:1:1: a character that does not print"),
    "a character that turns the text round": ({LIB_PATH: GATES + "# \u202e"}, "a character that does not print"),
}


@pytest.mark.parametrize(("changes", "said"), BAD.values(), ids=BAD)
def test_is_not_admitted(tmp_path, changes, said):
    schema = {
        "rego/shop/sell.schema.json": with_schema("price", PRICE),
        "data/thresholds.json": '{"shop": {"min_grams": 50, "price": 1.5, "paths": ["gift", "/gift"]}}',
    }
    with pytest.raises(BundleError) as refused:
        admit(stocked(tmp_path, schema | changes))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_test_may_name_what_is_not_there(tmp_path):
    admit(stocked(tmp_path, {TEST_PATH: SELL_TEST + "\ntest_x if not data.shop.sell.nothing\n"}))


def test_a_decision_that_would_not_fit_into_a_record(tmp_path, monkeypatch):
    monkeypatch.setattr(admission, "_MAX_DECISION_BYTES", 4_500)
    with pytest.raises(BundleError, match="too many for a record"):
        admit(stocked(tmp_path))


@pytest.mark.parametrize("name", sorted(set(BUILTINS) - {"walk"}))
def test_the_engine_has_every_function_a_policy_may_call(name):
    call = f"{name}({', '.join(['{}'] * BUILTINS[name])})"
    engine = Engine({"x.rego": f"package x\n\nimport rego.v1\n\np := {call}\n"}, "{}")
    said = ""
    try:
        engine.evaluate("data.x.p", "{}")
    except EngineError as error:
        said = str(error)
    assert "could not find function" not in said
    assert not re.search(r"expects \d+ argument", said)


def ticking():
    times = iter(range(100))
    return lambda: float(next(times))


def test_tests_are_reported_in_order_with_their_place(tmp_path):
    results = run_tests(stocked(tmp_path), clock=ticking()).results
    assert [(each.file, each.name) for each in results] == [
        (TEST_PATH, "test_a_ripe_and_heavy_fruit_is_sold"),
        (TEST_PATH, "test_an_unripe_fruit_is_not_sold"),
        (TEST_PATH, "test_a_light_fruit_is_not_sold"),
        ("cases/shop.yaml", "a ripe fruit is sold"),
        ("cases/shop.yaml", "a gift is wrapped"),
        ("cases/shop.yaml", "a fruit that nobody weighed is not sold"),
    ]
    assert {(each.passed, each.error, each.seconds) for each in results} == {(True, "", 1.0)}
    assert [each.line for each in results] == [9, 13, 17, 2, 8, 15]


def test_coverage_tells_the_lines_of_modules_that_decide(tmp_path):
    report = run_tests(stocked(tmp_path, {"cases/shop.yaml": None}))
    assert set(report.coverage) == {LIB_PATH, SELL_PATH}
    sell_lines = report.coverage[SELL_PATH]
    ripe = SELL.split("\n").index(RIPE) + 1
    assert ripe in sell_lines.covered
    assert not sell_lines.covered & sell_lines.missed


def failing(tmp_path, changes):
    return [(each.name, each.error) for each in run_tests(stocked(tmp_path, changes)).results if not each.passed]


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ("test_x if false", "is not true"),
        ("test_x := 1", "is not true"),
        ('test_x := "true"', "is not true"),
        ("test_x if data.shop.sell.nothing", "is not true"),
        ("test_x contains true", "is not true"),
    ],
)
def test_a_test_passes_only_when_it_is_true(tmp_path, rule, error):
    assert failing(tmp_path, {TEST_PATH: f"{SELL_TEST}\n{rule}\n"}) == [("test_x", error)]


def test_a_test_that_raises_fails_with_what_the_engine_says(tmp_path):
    ((name, error),) = failing(tmp_path, {TEST_PATH: SELL_TEST + '\ntest_x if to_number("x") == 1\n'})
    assert name == "test_x"
    assert TEST_PATH in error


def test_a_test_stands_once(tmp_path):
    twice = SELL_TEST + "\ntest_x if true\n\ntest_x if false\n"
    assert failing(tmp_path, {TEST_PATH: twice}) == [("test_x", "stands twice; one would pass for the other")] * 2


def test_a_rule_with_arguments_or_another_name_is_no_test(tmp_path):
    more = SELL_TEST + "\ntest_f(x) if x == 2\n\ntesting if false\n"
    assert failing(tmp_path, {TEST_PATH: more}) == []


def case(given, want):
    return {"cases/shop.yaml": f"- note: x\n  input: {json.dumps(given)}\n  want: {json.dumps(want)}\n"}


GIVEN = {
    "subject": {"type": "grocer", "id": "g-1"},
    "action": {"name": "shop.sell"},
    "resource": {"type": "fruit", "id": "a-1", "properties": {"ripe": False, "grams": 80, "described": True}},
}


@pytest.mark.parametrize(
    ("given", "want", "error"),
    [
        (GIVEN, {"allow": True}, "allow is False, want True; failed is ['ripe'], want []"),
        (GIVEN, {"allow": False, "failed": ["ripe"], "obligations": ["x"]}, "obligations is [], want ['x']"),
        (GIVEN | {"subject": {"type": "grocer"}}, {"allow": False}, "the input is no request: `subject/id` is missing"),
        (GIVEN | {"environment": {}}, {"allow": False}, "the input is no request: `environment/time` is missing"),
        (GIVEN | {"context": {"x": "x" * 40_000}}, {"allow": False}, "the input is no request: a JSON text of more"),
        (
            GIVEN | {"action": {"name": "shop.steal"}},
            {"allow": False},
            "diagnostics is ['unknown_action'], want []",
        ),
    ],
    ids=["another answer", "another obligation", "no request", "no environment", "too large", "another diagnostic"],
)
def test_a_case_that_fails_says_what_differs(tmp_path, given, want, error):
    ((_, found),) = failing(tmp_path, case(given, want))
    assert found.startswith(error)


def test_a_case_of_a_policy_that_raises_says_so(tmp_path):
    changes = ripe_if('to_number("x") == 1') | case(GIVEN, {"allow": False, "diagnostics": ["evaluation_failed"]})
    assert "x" not in dict(failing(tmp_path, changes))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "- x", "- {note: x, input: {}}", "- {note: 1, input: {}, want: {allow: true}}"]
    + [f"- {{note: x, input: {{}}, want: {want}}}" for want in ("true", "{}", "{allow: true, passed: []}")]
    + ["- {note: x, input: [], want: {allow: true}}", "- {note: x, note: y}"],
)
def test_cases_have_a_shape(tmp_path, text):
    with pytest.raises(BundleError, match=r"^cases/shop\.yaml:1:"):
        run_tests(stocked(tmp_path, {"cases/shop.yaml": text}))


def test_tests_of_what_the_engine_does_not_take_are_one_error(tmp_path):
    with pytest.raises(BundleError, match=r"^rego/shop/sell\.rego:"):
        run_tests(stocked(tmp_path, sell("required :=", "required :==")))


def test_tests_run_where_a_loop_runs_already(tmp_path):
    async def inside():
        return run_tests(stocked(tmp_path)).results

    assert all(each.passed for each in asyncio.run(inside()))
