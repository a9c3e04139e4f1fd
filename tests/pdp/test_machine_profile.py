"""The virtual machine is trusted with what it gets right, and with nothing that it gets wrong or nobody looked at."""

import json

import pytest

from app.pdp import machine_profile
from app.pdp.machine_agreement import differs
from app.pdp.machine_shapes import ANY, Value, either, of
from tests.pdp.machines import QUERY, engines, policy, profiled, text
from tests.pdp.shop import stocked

FACTS = "input.resource.properties"
DATA = {
    "data/big.json": json.dumps({"rows": {str(number): number for number in range(300)}}),
    "data/long.json": json.dumps({"list": [*range(300)], "table": {str(number): [number] for number in range(300)}}),
    "data/mixed.json": '{"rows": [1, "a", [2], {"x": 1}], "none": []}',
}
INPUTS = (
    text(),
    text(name="a"),
    text(kind=None, sizes=[1, 2], tags=["a"], boxes=[{"tag": "a"}]),
    text(kind="a", due="2026-01-01T00:00:00Z", name="none", sizes=[1, 1]),
)

# Condition, more rules, what is said of them: the two engines decide one of the inputs differently.
WRONG = {
    "rules that contradict each other": (
        "c == 1",
        f"c := 1 if {FACTS}.ripe\nc := 2 if {FACTS}.grams > 1",
        "contradict",
    ),
    "functions that do": ("f(1) == 1", f"f(x) := 1 if x > 0\nf(x) := 2 if {FACTS}.grams > 1", "contradict"),
    "the default of a function": ("f(1) == 7", "default f(x) := 7\nf(x) := 1 if x > 5", "the default of a function"),
    "a rule with several values": ("c > 0", f"c := x if some x in {FACTS}.sizes", "more than one value"),
    "a key twice": ("c.a == 1", f'c := {{"a": v | some v in {FACTS}.sizes}}', "`ObjectCompr` is not on the list"),
    "an undefined argument": (f"f({FACTS}.name)", "f(_) := true", "an argument of `f` may be undefined"),
    "an undefined name": ("f(1)", f"f(_) if {{ x := {FACTS}.name }}", "`x` may be undefined"),
    "a name that the head alone needs": ("count(c) == 0", f"c := {{x | x := {FACTS}.name}}", "`x` may be undefined"),
    "an undefined item": ("count(c) == 0", f"c := [{FACTS}.name | true]", "what is collected may be undefined"),
    "an item that no definition is of": ("count(c) == 0", "c := [f(2) | true]\nf(1) := 5", "what is collected"),
    "an undefined member": ("count(c) == 0", f"c contains {FACTS}.name if true", "a member of `c` may be undefined"),
    "an undefined value before else": ("c == 5", f"c := {FACTS}.name if {FACTS}.ripe else := 5", "may be undefined"),
    "arithmetic with text": (f"({FACTS}.name + 1) > 0", "", "`Add` of what may be neither numbers nor sets"),
    "a division": (f"({FACTS}.grams / 0) == 1", "", "`Div` of"),
    "no collection": (f"count([x | some x in {FACTS}.grams]) == 0", "", "may be no collection"),
    "all data": ("count(data.lib) > 0", "", "leads to no rule"),
    "a name that stays undefined": (
        f"every x in {FACTS}.sizes {{ y := f(x) }}",
        "f(x) := 1 if x > 9",
        "`y` may",
    ),
}

# The machine does not compile them, or nobody looked whether it gets them right in all cases.
UNKNOWN = {
    "no text": (f'lower({FACTS}.kind) == "a"', "", "of another kind than string"),
    "rules for constant keys": ('c["x"] == 1', 'c["x"] := 1', "one plain name"),
    "an undefined text": (f'"<undefined>" == {FACTS}.name', "", "the text `<undefined>`"),
    "unification": ("x = 1", "", "write `<name> := <value>`"),
    "an argument taken apart": ("f([1, 2])", "f([a, _]) if a == 1", "an argument is a name or a constant"),
    "an item taken apart": ("count([a | some [a, 2] in [[1, 2]]]) == 1", "", "`some` binds names alone"),
    "a loop over places": (f"count([i | some i; {FACTS}.sizes[i] == 1]) == 1", "", "`SomeVars` is not on the list"),
    "a loop without a name": (f"count([1 | {FACTS}.sizes[_] == 1]) == 1", "", "leads to no rule"),
    "another function": (f'trim({FACTS}.name, "a") == "b"', "", "`trim` is not on the list"),
    "a key that is no text": ("c[1] == 2", "c := {1: 2}", "the name of a member is no text"),
    "a value with a member": ('{"a": 1}.a == 1', "", "a reference begins with a name"),
    "a rule that is not there": ('data.lib["gates"].nope == 1', "", "leads to no rule"),
    "a default that is no constant": (
        "count(c) == 0",
        "default c := [x | some x in [1]]\nc := [] if false",
        "no constant",
    ),
    "a mock": ("count([1 | data.thresholds with input as {}]) == 0", "", "`with`"),
    "what may be of any kind": (f'lower(object.get(data.thresholds, "no", {FACTS}.kind)) == "a"', "", "another kind"),
    "items of nothing": ('every r in data.mixed.none { lower(r) == "a" }', "", "another kind"),
    "a minus that is no constant": (f"lower({FACTS}) == 1", "", "another kind"),
    "an argument that a loop may leave undefined": (
        f"k({FACTS}.boxes)",
        "k(x) if { some b in x; l(b.more) }\nl(_) := true",
        "an argument of `l` may be undefined",
    ),
}

RIGHT = {
    "every": (f"every i, x in {FACTS}.sizes {{ x >= 0; i >= 0 }}", ""),
    "some": (f"count({{x | some x in {FACTS}.sizes; x > 0}}) >= 0", ""),
    "some with places": (f'count([k | some k, x in {FACTS}.boxes; x.tag == "a"]) >= 0', ""),
    "some with names": ("count([k | some k, v in data.thresholds.shop; v > 1]) > 0", ""),
    "some in a set, with keys": ("count([k | some k, v in {1, 2}; v > 1]) > 0", ""),
    "an undefined argument that is needed": (f"f({FACTS}.name)", 'f(x) if x == "a"\nf("b") := true'),
    "an undefined name that is needed": ("f(1)", f'f(_) if {{ x := {FACTS}.name; x == "a" }}'),
    "a name in a chain": (f"k({FACTS}.name)", 'k(x) if { y := lower(x); y == "a" }'),
    "a name that nothing needs": (f"k({FACTS}.name)", 'k(x) if { x == "a"; y := 1 }'),
    "an argument that a loop needs": (f"k({FACTS}.tags)", 'k(x) if { some y in x; y == "a" }'),
    "an argument that every needs": (f"k({FACTS}.tags)", 'k(x) if { every y in x { y == "a" } }'),
    "an argument within": (f'g({{"a": {FACTS}.name, "b": [1]}})', 'g(o) if h(o.a)\nh(x) if startswith(x, "a")'),
    "an argument in a list": (f"g([{FACTS}.name])", 'g(o) if h([o, {o}, {"a": o}])\nh(x) if count(x) > 0'),
    "an argument as a key": (f"g({FACTS}.name)", "g(o) if data.thresholds[o]"),
    "an argument that a sum needs": (f"g({FACTS}.grams)", "g(o) := 1 + o"),
    "a required item": (f"k({FACTS}.boxes)", "k(x) if { some b in x; l(b.tag) }\nl(_) := true"),
    "else": ("c == 1", f'c := 1 if {FACTS}.name == "a" else := 2'),
    "a default": ("c", f'default c := false\nc if {FACTS}.name == "a"'),
    "times": (f"time.parse_rfc3339_ns({FACTS}.due) > time.parse_rfc3339_ns(input.environment.time)", ""),
    "sets": ("count({1} | s) > 0", f"s contains t if some t in {FACTS}.sizes\ns contains 7"),
    "sets of nothing": ("count(set() - set()) == 0", ""),
    "lists": (f'count(array.concat({FACTS}.tags, ["a"])) > 0', ""),
    "a joined list, searched": (
        f'k(array.concat({FACTS}.tags, ["a"]))',
        "k(list) if { every i, t in list { i >= 0; t in list } }",
    ),
    "a rule that joins, in a loop": (
        f"count([1 | some t in {FACTS}.tags; t in c]) >= 0",
        f'c := array.concat({FACTS}.tags, ["a"])',
    ),
    "a long list, searched once": (f"{FACTS}.grams in data.long.list", ""),
    "an empty list": ("count([]) == 0", ""),
    "a member or another value": (f'object.get({FACTS}, "name", "none") == "none"', ""),
    "any member or another value": (f'object.get(data.thresholds.shop, {FACTS}.name, "none") == "none"', ""),
    "not": ("not bad", f'bad if {FACTS}.name == "a"'),
    "in": (f'{FACTS}.name in {{"a", "b"}}', ""),
    "in, with a place": (f"0, 1 in {FACTS}.sizes", ""),
    "in what may be no list": (f"1 in {FACTS}.grams", ""),
    "a member by a name": ("data.thresholds[input.subject.type].min_grams > 1", ""),
    "names": ("count(object.keys(data.thresholds)) == 1", ""),
    "functions of text": (f"lower({FACTS}.name) == upper({FACTS}.name)", ""),
    "constants for arguments": (f"r(1, {FACTS}.name)", 'r(_, "none") := true\nr(n, "some") if n > 1'),
    "a value in several steps": ("v == 3", "v := x if { x := 1 + 2 }"),
    "a table too large to look through": ("count(data.big.rows) > 1", ""),
    "an entry of it": (f"data.big.rows[{FACTS}.name] == 1", ""),
    "a table of many kinds": ("count([1 | some r in data.mixed.rows; is_string(r)]) >= 0", ""),
    "null": (f"{FACTS}.kind == null", ""),
    "text in backticks": (f"{FACTS}.name == `a`", ""),
    "a rule twice": ("l.min_grams > l.price", "l := data.thresholds.shop"),
    "not, in a function": (f"g({FACTS}.name)", 'g(o) if { not bad; o == "a" }\nbad if input.context.gift'),
}


# The machine gets them right, and could take long over them: it counts instructions.
SLOW = {
    "joining in a loop": (f'every t in {FACTS}.tags {{ count(array.concat([t], ["a"])) > 0 }}', "", "in a loop"),
    "joining for each member": (
        f"count([1 | some t in {FACTS}.tags; array.concat([t], []) == []]) == 0",
        "",
        "in a loop",
    ),
    "joining what is collected": (f"count([array.concat([t], []) | some t in {FACTS}.tags]) == 0", "", "in a loop"),
    "joining for a member of a rule": (
        "count(c) == 0",
        f"c contains array.concat([t], []) if some t in {FACTS}.tags",
        "in a loop",
    ),
    "joining before the loop": (
        "k",
        f"k if {{ j := array.concat({FACTS}.tags, []); some t in {FACTS}.tags; t in j }}",
        "in a loop",
    ),
    "a function that joins, in a loop": (
        f"every t in {FACTS}.tags {{ k(t) }}",
        'k(t) if count(array.concat([t], ["a"])) > 0',
        "in a function that is called in one",
    ),
    "joining what was joined": (
        "count(c) == 0",
        "c := array.concat(b, b)\nb := array.concat(a, a)\na := [1, 2]",
        "of a list that was joined",
    ),
    "joining what may have been joined": (
        "count(array.concat(c.x, [])) == 0",
        f'c := {{"x": array.concat([1], [])}} if {FACTS}.ripe else := {{"x": [1]}}',
        "of a list that was joined",
    ),
    "joining a long list": ("count(array.concat(data.long.list, [1])) == 0", "", "or of a long one in the data"),
    "joining too often": (
        "k",
        f"k if {{ {'; '.join(f'count(array.concat([{number}], [])) == 1' for number in range(17))} }}",
        "more than 16 times `array.concat`",
    ),
    "sets in a loop": (f"every x in {FACTS}.sizes {{ count({{x}} | {{1}}) > 0 }}", "", "of sets in a loop"),
    "a long list searched in a loop": (f"every x in {FACTS}.sizes {{ x in data.long.list }}", "", "may be long"),
    "a long list compared in a loop": (f"every x in {FACTS}.sizes {{ data.long.list != [x] }}", "", "may be long"),
    "what may be a long list, in a loop": (
        f"every x in {FACTS}.sizes {{ x in data.long.table[{FACTS}.name] }}",
        "",
        "may be long",
    ),
}


@pytest.mark.parametrize("name", SLOW)
def test_what_could_hold_the_machine_for_long_is_refused(tmp_path, name):
    condition, more, said = SLOW[name]
    assert said in profiled(stocked(tmp_path, policy(condition, more) | DATA))


def answers(bundle):
    interpreter, machine = engines(bundle)
    return {difference for each in INPUTS if (difference := differs(interpreter, machine, QUERY, each))}


@pytest.mark.parametrize("name", WRONG)
def test_what_the_machine_gets_wrong_is_refused_with_its_place(tmp_path, name):
    condition, more, said = WRONG[name]
    bundle = stocked(tmp_path, policy(condition, more) | DATA)
    assert answers(bundle), "the machine gets it right"
    assert profiled(bundle).startswith("rego/shop/sell.rego:")
    assert said in profiled(bundle)


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_on_the_list_is_refused(tmp_path, name):
    condition, more, said = UNKNOWN[name]
    assert said in profiled(stocked(tmp_path, policy(condition, more) | DATA))


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_let_through_is_decided_the_same(tmp_path, name):
    bundle = stocked(tmp_path, policy(*RIGHT[name]) | DATA)
    assert profiled(bundle) == ""
    assert answers(bundle) == set()


def test_what_takes_too_long_to_prove_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_profile, "_STEPS", 10)
    assert "too much to prove" in profiled(stocked(tmp_path))


def test_an_import_may_lead_into_data(tmp_path):
    files = policy("shop.min_grams > 1")
    source = files["rego/shop/sell.rego"].replace(
        "import data.lib.gates", "import data.lib.gates\nimport data.thresholds.shop"
    )
    assert profiled(stocked(tmp_path, files | {"rego/shop/sell.rego": source})) == ""


def test_a_bundle_with_action_properties_is_proved(tmp_path):
    files = policy('input.action.properties.way == "fast"')
    schema = json.loads(files["rego/shop/sell.schema.json"])
    facts = {"type": "object", "properties": {"way": {"type": "string", "maxLength": 9}}}
    schema["properties"]["action"] = {"type": "object", "properties": {"properties": facts}}
    assert profiled(stocked(tmp_path, files | {"rego/shop/sell.schema.json": json.dumps(schema)})) == ""


def test_what_may_be_one_of_none_is_unknown():
    assert either([]).kinds is None
    assert not either([]).defined
    assert either([ANY, of("set")]).kinds is None
    nullable = Value(kinds=frozenset({"array", "null"}))
    assert either([nullable, of("array", items=of("number"))]).any_member().kinds is None
    assert of("array").any_member().kinds is None
    assert of("object", items=of("number")).member("a").kinds == {"number"}
