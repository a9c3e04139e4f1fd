"""Contracts: what facts must look like, which are dropped, and which schemas are contracts at all."""

import contextlib
import copy
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.contract import parse_contract
from app.pdp.contract_lint import PUBLIC_ID
from app.pdp.errors import BundleError
from app.pdp.model import Diagnostic
from tests.pdp.shop import SCHEMA, asked

FACTS = {
    "flag": {"type": "boolean"},
    "always": {"type": "boolean", "const": True},
    "count": {"type": "integer", "minimum": 0, "maximum": 10},
    "level": {"type": "integer", "enum": [1, 2, 3]},
    "score": {"type": "number", "minimum": 0, "maximum": 1.5},
    "name": {"type": "string", "minLength": 1, "maxLength": 5},
    "code": {"type": "string", "pattern": "^[A-Z]{2}$", "maxLength": 2},
    "color": {"enum": ["red", "blue"]},
    "day": {"type": "string", "format": "date", "maxLength": 10},
    "perhaps": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
    "choice": {"type": ["string", "null"], "enum": ["a", None]},
    "counts": {"type": "array", "maxItems": 3, "items": {"type": "integer", "minimum": 0, "maximum": 9}},
    "tags": {"type": "array", "maxItems": 2, "uniqueItems": True, "items": {"type": "string", "maxLength": 3}},
    "parts": {
        "type": "array",
        "maxItems": 3,
        "items": {
            "type": ["object", "null"],
            "required": ["grams"],
            "properties": {"grams": {"type": "integer", "minimum": 0, "maximum": 9}},
        },
    },
    "inner": {
        "type": ["object", "null"],
        "properties": {"deep": {"type": "object", "properties": {"flag": {"type": "boolean"}}}},
    },
}


def schema(facts=None, **changes):
    """Return the schema of the small shop; `facts` replace those of the resource, `changes` its top."""
    changed = copy.deepcopy(SCHEMA) | changes
    if facts is not None:
        changed["properties"]["resource"]["properties"]["properties"] = {"type": "object", "properties": facts}
    return changed


def contract(facts=None, **changes):
    return parse_contract("sell.schema.json", json.dumps(schema(facts, **changes)).encode())


def about(**facts):
    document = asked()
    document["resource"]["properties"] = facts
    return document


@pytest.fixture(scope="module")
def rules():
    return contract(FACTS)


HOLDS = {
    "nothing": {},
    "a flag": {"flag": False},
    "a number at its bound": {"count": 10},
    "a number of a list": {"level": 3},
    "a fraction": {"score": 0.5},
    "a whole number where fractions may stand": {"score": 1},
    "a whole fraction where fractions may stand": {"score": 1.0},
    "a string": {"name": "müßig"},
    "a pattern": {"code": "DE"},
    "a date": {"day": "2026-11-22"},
    "null where it may be": {"perhaps": None, "choice": None, "inner": None},
    "a value where null may be": {"perhaps": 3, "choice": "a"},
    "arrays": {"counts": [1, 2], "tags": ["a", "b"], "parts": [{"grams": 1}, None]},
    "a fact that nobody named": {"unnamed": {"anything": [1.5]}},
}

BREAKS = {
    "true for an integer": ({"count": True}, "fact_type", "count"),
    "a fraction for an integer": ({"count": 1.5}, "fact_type", "count"),
    "1.0 for an integer": ({"count": 1.0}, "fact_type", "count"),
    "1.0 for an integer of a list": ({"level": 1.0}, "fact_type", "level"),
    "1.0 for an integer or null": ({"perhaps": 1.0}, "fact_type", "perhaps"),
    "1.0 in an array of integers": ({"counts": [0, 1.0]}, "fact_type", "counts/1"),
    "1.0 deep inside": ({"parts": [None, {"grams": 1.0}]}, "fact_type", "parts/1/grams"),
    "a string for an integer": ({"count": "1"}, "fact_type", "count"),
    "true for a number": ({"score": True}, "fact_type", "score"),
    "1 for a boolean": ({"flag": 1}, "fact_type", "flag"),
    "0 for a boolean": ({"flag": 0}, "fact_type", "flag"),
    "a string for a boolean": ({"flag": "true"}, "fact_type", "flag"),
    "null for a boolean": ({"flag": None}, "fact_type", "flag"),
    "false for a constant true": ({"always": False}, "fact_out_of_bounds", "always"),
    "a number for a string": ({"name": 1}, "fact_type", "name"),
    "an array for an object": ({"inner": []}, "fact_type", "inner"),
    "an object for an array": ({"counts": {}}, "fact_type", "counts"),
    "too great": ({"count": 11}, "fact_out_of_bounds", "count"),
    "too small": ({"count": -1}, "fact_out_of_bounds", "count"),
    "too great a fraction": ({"score": 1.6}, "fact_out_of_bounds", "score"),
    "too long": ({"name": "abcdef"}, "fact_out_of_bounds", "name"),
    "too short": ({"name": ""}, "fact_out_of_bounds", "name"),
    "a line feed behind a pattern": ({"code": "D\n"}, "fact_out_of_bounds", "code"),
    "no choice": ({"color": "green"}, "fact_out_of_bounds", "color"),
    "true for a choice of 1": ({"level": True}, "fact_type", "level"),
    "no date": ({"day": "2026-02-30"}, "fact_out_of_bounds", "day"),
    "too many items": ({"counts": [1, 2, 3, 4]}, "fact_out_of_bounds", "counts"),
    "an item twice": ({"tags": ["a", "a"]}, "fact_out_of_bounds", "tags"),
    "a member of an item is missing": ({"parts": [{}]}, "fact_missing", "parts/0/grams"),
}


@pytest.mark.parametrize("facts", HOLDS.values(), ids=HOLDS)
def test_holds(rules, facts):
    assert rules.check(about(**facts)) == ()


@pytest.mark.parametrize(("facts", "code", "path"), BREAKS.values(), ids=BREAKS)
def test_breaks(rules, facts, code, path):
    found = rules.check(about(**facts))
    assert Diagnostic(code=code, path=f"resource/properties/{path}") in found


def exactly(*names):
    """Return a contract of the facts and of ids, and a document in which it names everything."""
    named = schema({name: FACTS[name] for name in names})
    for part in ("subject", "resource"):
        named["properties"][part]["properties"]["id"] = {"type": "string", "maxLength": 9}
    return parse_contract("x", json.dumps(named).encode())


@pytest.mark.parametrize("facts", [*HOLDS.values(), *[found for found, _, _ in BREAKS.values()]], ids=[*HOLDS, *BREAKS])
def test_holds_exactly_where_there_is_nothing_to_find_and_nothing_to_drop(facts):
    named, document = exactly(*FACTS), about(**facts)
    nothing = not named.check(document) and named.prune(document) == document
    assert named.holds_exactly(document) is nothing


@pytest.mark.parametrize(
    ("part", "more"),
    [("subject", {"x": 1}), ("action", {"properties": {}}), ("resource", {"x": 1}), ("context", {"x": 1})],
)
def test_holds_exactly_only_without_more(part, more):
    named, document = exactly("flag"), about(flag=True)
    assert named.holds_exactly(document)
    document[part] |= more
    assert not named.holds_exactly(document)


def test_a_missing_fact_is_named():
    assert contract().check(asked(ripe=None)) == (Diagnostic(code="fact_missing", path="resource/properties/ripe"),)


@pytest.mark.parametrize("part", ["subject", "resource"])
def test_a_type_that_the_action_does_not_know_is_out_of_bounds(part):
    document = asked()
    document[part]["type"] = "stranger"
    assert contract().check(document) == (Diagnostic(code="fact_out_of_bounds", path=f"{part}/type"),)


def test_findings_are_few_sorted_and_each_once():
    facts = {f"f{number}": {"type": "boolean"} for number in range(20)}
    found = contract(facts).check(about(**dict.fromkeys(reversed(facts), 1.0)))
    assert len(found) == 8
    assert list(found) == sorted(set(found), key=lambda each: each.path)


def test_an_array_far_too_long_is_looked_at_no_further_than_its_bound(rules):
    found = rules.check(about(counts=["x"] * 10_000))
    assert [each.path.rpartition("/")[2] for each in found] == ["counts", "0", "1", "2", "3"]


@given(st.text(min_size=1, max_size=20))
def test_a_finding_never_says_a_value(value):
    found = contract(FACTS).check(about(flag=value, color=value, code=value, counts=[value], inner={value: 1}))
    known = {"resource", "properties", "flag", "color", "code", "counts", "0", "inner"}
    assert {part for each in found for part in each.path.split("/")} <= known
    assert {each.code for each in found} <= {"fact_missing", "fact_type", "fact_out_of_bounds"}


def test_what_no_json_can_hold_is_an_error_of_the_caller(rules):
    with pytest.raises(ValueError, match="surrogates"):
        rules.check(about(code="\ud800"))


def test_a_fact_that_is_not_named_is_dropped(rules):
    document = about(flag=True, unnamed=1, parts=[{"grams": 1, "unnamed": 2}, None], inner={"deep": {"x": 1}, "y": 2})
    document["context"] = {"gift": True, "claims": {"x": 1}}
    document["subject"]["properties"] = {"x": 1}
    pruned = rules.prune(document)
    assert pruned == {
        "subject": {"type": "grocer", "properties": {}},
        "action": {"name": "shop.sell"},
        "resource": {
            "type": "fruit",
            "properties": {"flag": True, "parts": [{"grams": 1}, None], "inner": {"deep": {}}},
        },
        "context": {"gift": True},
        "environment": document["environment"],
    }
    assert document["resource"]["properties"]["unnamed"] == 1


def test_null_is_kept_where_it_may_be(rules):
    pruned = rules.prune(about(inner=None, perhaps=None, unnamed=None))
    assert pruned["resource"]["properties"] == {"inner": None, "perhaps": None}


def test_without_a_context_in_the_contract_there_is_none():
    without = schema()
    del without["properties"]["context"]
    pruned = parse_contract("x", json.dumps(without).encode()).prune(asked())
    assert pruned.keys() == {"subject", "action", "resource", "environment"}


HOW = {
    "type": "object",
    "required": ["properties"],
    "properties": {
        "properties": {"type": "object", "required": ["soft"], "properties": {"soft": {"type": "boolean"}}},
    },
}


def how(**properties):
    found = parse_contract("x", json.dumps(at_root(action=HOW)).encode())
    return found, asked() | {"action": {"name": "shop.sell", "properties": properties}}


def at_root(**members):
    changed = schema(required=["subject", "resource", "action"])
    changed["properties"] |= members
    return changed


def test_what_is_said_of_an_action_is_a_fact_like_others():
    found, document = how(soft=True, unnamed=1)
    assert found.check(document) == ()
    assert found.prune(document)["action"] == {"name": "shop.sell", "properties": {"soft": True}}
    found, document = how(soft="yes")
    assert found.check(document) == (Diagnostic(code="fact_type", path="action/properties/soft"),)
    assert found.check(asked()) == (Diagnostic(code="fact_missing", path="action/properties"),)


def test_what_is_said_of_an_action_is_part_of_what_holds_exactly():
    changed = at_root(action=HOW)
    for part in ("subject", "resource"):
        changed["properties"][part]["properties"]["id"] = {"type": "string", "maxLength": 9}
    changed["properties"]["resource"]["properties"]["properties"] = {"type": "object", "properties": {}}
    found = parse_contract("x", json.dumps(changed).encode())
    document = about() | {"action": {"name": "shop.sell", "properties": {"soft": True}}}
    assert found.holds_exactly(document)
    document["action"]["properties"]["unnamed"] = 1
    assert not found.holds_exactly(document)


def test_what_is_said_of_an_action_is_dropped_where_the_contract_does_not_name_it(rules):
    document = asked() | {"action": {"name": "shop.sell", "properties": {"soft": True}}}
    assert rules.prune(document)["action"] == {"name": "shop.sell"}


def test_an_id_is_public_where_the_contract_says_so():
    public = schema()
    public["properties"]["resource"]["properties"]["id"] = {
        "type": "string",
        "maxLength": 128,
        "pattern": PUBLIC_ID,
        "x-public-id": True,
    }
    found = parse_contract("x", json.dumps(public).encode())
    assert found.public_resource_id is True
    assert found.check(asked()) == ()
    assert contract().public_resource_id is False


def test_a_definition_is_used_where_it_is_named():
    facts = {
        "a": {"$ref": "#/$defs/weight"},
        "b": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/weight"}},
    }
    weight = {"type": "integer", "minimum": 0, "maximum": 9}
    found = contract(facts, **{"$defs": {"weight": weight}, "$schema": "https://json-schema.org/draft/2020-12/schema"})
    assert found.check(about(a=1, b=[2])) == ()
    assert found.check(about(b=[2, 1.0])) == (Diagnostic(code="fact_type", path="resource/properties/b/1"),)


def at(pointer, value):
    """Return the schema with the member at `pointer` set; `...` takes it out."""
    changed = copy.deepcopy(schema(FACTS))
    *parents, last = pointer.split("/")
    place = changed
    for name in parents:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(changed).encode()


FACT = "properties/resource/properties/properties/properties/x"
SAID = "/properties/resource/properties/properties/properties/x"
NO_CONTRACT = {
    "a fact without a type": (FACT, {}, SAID),
    "a fact of any type": (FACT, True, SAID),
    "a type that JSON does not have": (FACT, {"type": "date"}, SAID),
    "two types": (FACT, {"type": ["string", "integer"]}, SAID),
    "null alone": (FACT, {"type": "null"}, SAID),
    "null twice": (FACT, {"type": ["null", "null"]}, SAID),
    "a list of no types": (FACT, {"type": [["x"], "null"]}, SAID),
    "an object without its members": (FACT, {"type": "object"}, SAID),
    "an object that takes any member": (FACT, {"type": "object", "properties": {}, "additionalProperties": True}, SAID),
    "members by pattern": (FACT, {"type": "object", "properties": {}, "patternProperties": {}}, SAID),
    "a member with a slash": (
        FACT,
        {"type": "object", "properties": {"a/b": {"type": "boolean"}}},
        f"{SAID}/properties",
    ),
    "a required member that is not listed": (
        FACT,
        {"type": "object", "properties": {}, "required": ["a"]},
        f"{SAID}/required",
    ),
    "required is no list": (FACT, {"type": "object", "properties": {}, "required": "a"}, f"{SAID}/required"),
    "required lists no names": (FACT, {"type": "object", "properties": {}, "required": [[]]}, f"{SAID}/required"),
    "an array without items": (FACT, {"type": "array", "maxItems": 3}, SAID),
    "an array without an end": (FACT, {"type": "array", "items": {"type": "boolean"}}, SAID),
    "an array too long": (FACT, {"type": "array", "items": {"type": "boolean"}, "maxItems": 65}, SAID),
    "items without a bound": (FACT, {"type": "array", "items": {"type": "string"}, "maxItems": 6}, f"{SAID}/items"),
    "tuples": (FACT, {"type": "array", "prefixItems": [], "maxItems": 6}, SAID),
    "a string without an end": (FACT, {"type": "string"}, SAID),
    "a string shorter than itself": (FACT, {"type": "string", "minLength": 3, "maxLength": 2}, SAID),
    "a string with a pattern alone": (FACT, {"type": "string", "pattern": "^a{0,3}$"}, SAID),
    "a pattern that may stand anywhere": (
        FACT,
        {"type": "string", "pattern": "a", "maxLength": 2},
        f"{SAID}/pattern",
    ),
    "a pattern that is none": (FACT, {"type": "string", "pattern": 7, "maxLength": 2}, f"{SAID}/pattern"),
    "a pattern that does not compile": (
        FACT,
        {"type": "string", "pattern": "^($", "maxLength": 2},
        "no valid JSON Schema",
    ),
    "a pattern that looks back": (
        FACT,
        {"type": "string", "pattern": "^(a)\\1$", "maxLength": 2},
        "no valid JSON Schema",
    ),
    "a format that nobody checks": (FACT, {"type": "string", "format": "ipv4", "maxLength": 20}, f"{SAID}/format"),
    "an integer without bounds": (FACT, {"type": "integer"}, SAID),
    "an integer without an upper bound": (FACT, {"type": "integer", "minimum": 0}, SAID),
    "an integer with a fraction for a bound": (FACT, {"type": "integer", "minimum": 0, "maximum": 1.5}, SAID),
    "bounds the wrong way round": (FACT, {"type": "number", "minimum": 2, "maximum": 1.5}, SAID),
    "true for a bound": (FACT, {"type": "integer", "minimum": False, "maximum": True}, SAID),
    "a choice of nothing": (FACT, {"enum": []}, SAID),
    "a choice of numbers without a type": (FACT, {"enum": [1, 2]}, SAID),
    "a choice of fractions": (FACT, {"type": "number", "enum": [1.5]}, SAID),
    "a choice of whole fractions": (FACT, {"type": "integer", "enum": [1.0]}, SAID),
    "a choice of null that the type does not have": (FACT, {"type": "string", "enum": ["a", None]}, SAID),
    "a choice that is no list": (FACT, {"enum": "a"}, SAID),
    "a string for a boolean": (FACT, {"type": "boolean", "const": "true"}, SAID),
    "one of several schemas": (FACT, {"type": "boolean", "anyOf": []}, SAID),
    "a schema that depends": (FACT, {"type": "boolean", "if": {}}, SAID),
    "a name twice in required": (
        FACT,
        {"type": "object", "properties": {"a": {"const": "a"}}, "required": ["a", "a"]},
        "",
    ),
    "a reference to elsewhere": (FACT, {"$ref": "https://example.org/x"}, SAID),
    "a reference to nothing": (FACT, {"$ref": "#/$defs/nothing"}, SAID),
    "a reference that is no text": (FACT, {"$ref": 7}, SAID),
    "a reference with something beside it": (FACT, {"$ref": "#/$defs/x", "maxLength": 2}, SAID),
    "nested without end": (
        FACT,
        json.loads('{"type":"array","maxItems":1,"items":' * 20 + "{}" + "}" * 20),
        "nested deeper",
    ),
    "another draft": ("$schema", "http://json-schema.org/draft-07/schema#", "/$schema"),
    "another type at the top": ("type", "array", "`/`"),
    "a member at the top that AuthZEN does not have": ("properties/facts", {"type": "object", "properties": {}}, "`/`"),
    "no subject": ("properties/subject", ..., "`/"),
    "a subject that need not be there": ("required", ["resource"], "/required"),
    "a subject that may be null": ("properties/subject/type", ["object", "null"], "/properties/subject"),
    "no type": ("properties/subject/properties/type", ..., "/properties/subject"),
    "a type that need not be there": ("properties/subject/required", [], "/properties/subject/required"),
    "any type": (
        "properties/subject/properties/type",
        {"type": "string", "maxLength": 9},
        "/properties/subject/properties/type",
    ),
    "an id that is a number": (
        "properties/subject/properties/id",
        {"type": "integer", "minimum": 0, "maximum": 9},
        "/properties/subject/properties/id",
    ),
    "facts that are a list": (
        "properties/subject/properties/properties",
        {"type": "array", "maxItems": 1, "items": {"const": "x"}},
        "/properties/subject/properties/properties",
    ),
    "facts that need not be there, one of which must": (
        "properties/subject/properties/properties",
        {"type": "object", "required": ["x"], "properties": {"x": {"const": "x"}}},
        "/properties/subject/properties/properties",
    ),
    "an action that describes its name": (
        "properties/action",
        {"type": "object", "properties": {"name": {"const": "x"}}},
        "/properties/action",
    ),
    "facts of an action that need not be there, one of which must": (
        "properties/action",
        {
            "type": "object",
            "properties": {"properties": {"type": "object", "required": ["x"], "properties": {"x": {"const": "x"}}}},
        },
        "/properties/action/properties/properties",
    ),
    "an action that need not be there, of which a fact must": (
        "properties/action",
        {
            "type": "object",
            "required": ["properties"],
            "properties": {"properties": {"type": "object", "required": ["x"], "properties": {"x": {"const": "x"}}}},
        },
        "/required",
    ),
    "a context that may be null": ("properties/context/type", ["object", "null"], "/properties/context"),
    "a public id in another place": (FACT, {"type": "string", "maxLength": 9, "x-public-id": True}, SAID),
    "a public id of another type": (FACT, {"type": "boolean", "x-public-id": True}, SAID),
    "a public id of another pattern": (
        "properties/resource/properties/id",
        {"type": "string", "maxLength": 128, "pattern": "^.*$", "x-public-id": True},
        "/properties/resource/properties/id",
    ),
    "a public id that is not": (
        "properties/resource/properties/id",
        {"type": "string", "maxLength": 128, "pattern": PUBLIC_ID, "x-public-id": False},
        "/properties/resource/properties/id",
    ),
}


def test_the_place_is_that_of_the_part_that_is_wrong():
    text = json.dumps(json.loads(at(FACT, {"type": "string"})), indent=1)
    with pytest.raises(BundleError) as refused:
        parse_contract("sell.schema.json", text.encode())
    line, column = map(int, str(refused.value).split(":")[1:3])
    name = FACT.rpartition("/")[2]
    assert text.split("\n")[line - 1][column - 1 :].startswith(f'"{name}": ')


@pytest.mark.parametrize(("pointer", "value", "said"), NO_CONTRACT.values(), ids=NO_CONTRACT)
def test_is_no_contract(pointer, value, said):
    with pytest.raises(BundleError) as refused:
        parse_contract("sell.schema.json", at(pointer, value))
    assert re.match(r"sell\.schema\.json:1:[0-9]+: ", str(refused.value))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_definition_that_contains_itself_is_refused():
    loop = {"loop": {"type": "array", "maxItems": 1, "items": {"$ref": "#/$defs/loop"}}}
    with pytest.raises(BundleError, match="must not contain itself"):
        contract({"x": {"$ref": "#/$defs/loop"}}, **{"$defs": loop})


def test_definitions_are_an_object():
    with pytest.raises(BundleError, match="a reference stands alone"):
        contract({"x": {"$ref": "#/$defs/x"}}, **{"$defs": []})


@pytest.mark.parametrize("text", [b"", b"[]", b"true", b"7", b'{"a":1,"a":2}', b"x" * 300_000])
def test_what_is_no_schema_is_no_contract(text):
    with pytest.raises(BundleError):
        parse_contract("sell.schema.json", text)


WORDS = st.sampled_from([*schema(FACTS), "$ref", "$defs", "items", "enum", "const", "string", "object", "null", "^x$"])
ANY = st.recursive(st.none() | st.booleans() | st.integers(-1, 9) | WORDS, lambda inner: st.lists(inner, max_size=2))


@given(st.recursive(ANY, lambda inner: st.dictionaries(WORDS, inner, max_size=4), max_leaves=12))
def test_a_schema_is_a_contract_or_refused(value):
    for data in (json.dumps(value).encode(), at(FACT, value)):
        with contextlib.suppress(BundleError):
            parse_contract("sell.schema.json", data)
