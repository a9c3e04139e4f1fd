"""Mutants of a module: what is changed, what it is called, and that the rest stays as it is."""

import pytest

from app.pdp.engine import Engine
from app.pdp.mutation import mutants
from app.pdp.syntax import parse_syntax_trees

HEAD = "package shop.sell\n\nimport rego.v1\n\n"


def module(rules):
    [parsed] = parse_syntax_trees(Engine({"rego/shop/sell.rego": HEAD + rules}, "{}").syntax_trees())
    return parsed


def changes(rules):
    return [each.change for each in mutants(module(rules))]


@pytest.mark.parametrize(
    ("condition", "others"),
    [
        ("input.a == input.b", ["input.a != input.b"]),
        ("input.a != input.b", ["input.a == input.b"]),
        ("input.a < input.b", ["input.a <= input.b", "input.a >= input.b"]),
        ("input.a <= input.b", ["input.a < input.b", "input.a > input.b"]),
        ("input.a > input.b", ["input.a >= input.b", "input.a <= input.b"]),
        ("input.a >= input.b", ["input.a > input.b", "input.a < input.b"]),
        ("input.a[x] == (input.b[x])", ["input.a[x] != (input.b[x])"]),
        ('"a" == input.a', ['"a" != input.a', '"mutated" == input.a']),
        ("input.a == `raw`", ["input.a != `raw`", "input.a == `mutated`"]),
        ('input.a[">="] < input.b', ['input.a[">="] <= input.b', 'input.a[">="] >= input.b']),
        ("input.a >= 3", ["input.a > 3", "input.a < 3", "input.a >= 4", "input.a >= 2"]),
        ("input.a >= -3", ["input.a > -3", "input.a < -3", "input.a >= -2", "input.a >= -4"]),
        ("input.a >= 0.5", ["input.a > 0.5", "input.a < 0.5"]),
        ("input.a == true", ["input.a != true", "input.a == false"]),
        ("input.a == false", ["input.a != false", "input.a == true"]),
        ("f(input.a) < 1 + input.b", ["f(input.a) <= 1 + input.b", "f(input.a) >= 1 + input.b"]),
        ("not input.a", ["input.a"]),
        ("another_rule", []),
    ],
)
def test_a_condition_is_dropped_and_becomes_each_of_these(condition, others):
    found = changes(f"r if {{\n\tinput.z\n\t{condition}\n}}\n")[2:]
    assert found[: 1 + len(others)] == [
        f"`{condition}` is dropped",
        *(f"`{condition}` becomes `{other}`" for other in others),
    ]
    assert len(found) == 1 + len(others) or " + " in condition


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        pytest.param("x := 5\n", ["`x := 5` becomes `x := 6`", "`x := 5` becomes `x := 4`"], id="a value"),
        pytest.param("default x := false", ["`default x := false` becomes `default x := true`"], id="a default"),
        pytest.param("x := data.limits.shop\n", [], id="a name for something else"),
        pytest.param(
            'required := {"a", "b"}\n',
            [
                '`"a"` is taken out',
                '`"b"` is taken out',
                *(
                    f'`required := {{"a", "b"}}` becomes `required := {{{other}}}`'
                    for other in ('"mutated", "b"', '"a", "mutated"')
                ),
            ],
            id="what a set names",
        ),
        pytest.param(
            'required := {"a"}\n',
            ['`"a"` is taken out', '`required := {"a"}` becomes `required := {"mutated"}`'],
            id="the only thing a set names",
        ),
        pytest.param(
            'x := [{"id": "a", "n": 1}, "b,["]\n',
            [
                '`{"id": "a", "n": 1}` is taken out',
                '`"b,["` is taken out',
                '`x := [{"id": "a", "n": 1}, "b,["]` becomes `x := [{"id": "mutated", "n": 1}, "b,["]`',
                '`x := [{"id": "a", "n": 1}, "b,["]` becomes `x := [{"id": "a", "n": 2}, "b,["]`',
                '`x := [{"id": "a", "n": 1}, "b,["]` becomes `x := [{"id": "a", "n": 0}, "b,["]`',
                '`x := [{"id": "a", "n": 1}, "b,["]` becomes `x := [{"id": "a", "n": 1}, "mutated"]`',
            ],
            id="what a list holds, names of members apart",
        ),
        pytest.param(
            'x := [input.a, "b"]\n', ['`x := [input.a, "b"]` becomes `x := [input.a, "mutated"]`'], id="a list made"
        ),
        pytest.param(
            'passed contains "ripe" if input.a\n',
            ["`if input.a` never holds", "`input.a` is dropped"],
            id="a gate",
        ),
        pytest.param(
            "x := [] if {\n\tinput.a\n} else := [1] if {\n\tinput.b\n} else := []\n",
            [
                "`if { input.a }` never holds",
                "`input.a` is dropped",
                "`if { input.b }` never holds",
                "`1` is taken out",
                "`else := [1] if {` becomes `else := [2] if {`",
                "`else := [1] if {` becomes `else := [0] if {`",
                "`input.b` is dropped",
                "`else := []` never holds",
            ],
            id="a chain of alternatives",
        ),
        pytest.param(
            "r if {\n\tevery one in input.a {\n\t\tone.b\n\t}\n}\n",
            [
                "`if { every one in input.a { one.b } }` never holds",
                "`every one in input.a { one.b }` is dropped",
                "`every one in input.a` becomes `some one in input.a`",
                "`one.b` is dropped",
            ],
            id="what holds of every member",
        ),
        pytest.param(
            "x := count({one | some one in input.a; one.b})\n",
            ["`one.b` is dropped"],
            id="what is counted",
        ),
        pytest.param(
            "f(a) := b if {\n\t[_, b] := [1, a]\n}\n",
            [
                "`if { [_, b] := [1, a] }` never holds",
                "`[_, b] := [1, a]` becomes `[_, b] := [2, a]`",
                "`[_, b] := [1, a]` becomes `[_, b] := [0, a]`",
            ],
            id="a name that is given, which is not dropped",
        ),
        pytest.param(
            'level("a") := 1\n',
            [
                '`level("a") := 1` becomes `level("mutated") := 1`',
                '`level("a") := 1` becomes `level("a") := 2`',
                '`level("a") := 1` becomes `level("a") := 0`',
            ],
            id="an argument that must match",
        ),
        pytest.param(
            "x := input.a * 2 - input.b\n",
            [
                "`x := input.a * 2 - input.b` becomes `x := input.a * 2 + input.b`",
                "`x := input.a * 2 - input.b` becomes `x := input.a + 2 - input.b`",
                "`x := input.a * 2 - input.b` becomes `x := input.a * 3 - input.b`",
                "`x := input.a * 2 - input.b` becomes `x := input.a * 1 - input.b`",
            ],
            id="sums",
        ),
        pytest.param("x := input.a / input.b\n", [], id="a quotient stays as it is"),
    ],
)
def test_what_becomes_of_a_rule(rules, wanted):
    assert changes(rules) == wanted


def test_each_mutant_is_the_module_with_one_change():
    parsed = module('passed contains "ripe" if {\n\tinput.a == 1 # so ripe\n\tinput.b\n}\n')
    found = {each.change: each for each in mutants(parsed)}
    mutant = found["`input.a == 1` becomes `input.a != 1`"]
    assert mutant.source == HEAD + 'passed contains "ripe" if {\n\tinput.a != 1 # so ripe\n\tinput.b\n}\n'
    assert (mutant.file, mutant.line, mutant.rule) == ("rego/shop/sell.rego", 6, "passed ripe")
    assert found["`input.b` is dropped"].source.endswith("# so ripe\n\ttrue\n}\n")


def test_one_of_several_lines_is_taken_out_with_its_comma_and_without_the_notes_of_others():
    [first, second] = [
        each.source.removeprefix(HEAD)
        for each in mutants(module('x := {\n\t"a",\n\t"b", # not "c", nor [\n}\n'))
        if "taken out" in each.change
    ]
    assert first == 'x := {\n\t\n\t"b", # not "c", nor [\n}\n'
    assert second == 'x := {\n\t"a",\n\t # not "c", nor [\n}\n'


def test_equal_changes_of_one_rule_are_told_apart():
    rules = "f(a, b) if a == b\n\nf(a, b) if {\n\tb\n\ta == b\n}\n\ng(a, b) if a == b\n"
    found = [(each.rule, each.change) for each in mutants(module(rules)) if "becomes" in each.change]
    assert found == [
        ("f", "`a == b` becomes `a != b`"),
        ("f", "`a == b` becomes `a != b` (2)"),
        ("g", "`a == b` becomes `a != b`"),
    ]


def test_what_comes_to_the_same_is_one_mutant():
    sources = [each.source for each in mutants(module("r if true\n"))]
    assert len(sources) == len(set(sources)) == 1


def test_a_rule_that_is_held_is_left_alone():
    rules = 'decision := {"allow": true}\n\nx := 1\n'
    assert {each.rule for each in mutants(module(rules), but=frozenset({"decision"}))} == {"x"}


def test_mutants_of_what_is_no_condition_compile():
    rules = 'r if "a" in input.b\n\nq if input.c == "a"\n\np if every x in input.l { x == "b" }\n'
    for mutant in mutants(module(rules)):
        Engine({mutant.file: mutant.source}, "{}").evaluate("data.shop.sell", "{}")
