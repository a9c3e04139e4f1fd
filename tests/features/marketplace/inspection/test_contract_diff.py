"""What breaks is found; what is not proved to be compatible breaks."""

from itertools import combinations, product

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.marketplace.inspection.contract_diff import breaking
from app.features.marketplace.inspection.schema_order import includes
from tests.features.marketplace.inspection.making import DOCUMENT, manifest

CLOSED = {"type": "object", "additionalProperties": False}
COMPATIBLE = [
    (True, {}),
    (False, {"type": "string"}),
    ({"type": "integer"}, {"type": "number"}),
    ({"type": "string", "maxLength": 5}, {"type": ["string", "null"], "maxLength": 6}),
    ({"enum": ["a", "b"]}, {"enum": ["c", "b", "a"]}),
    ({"const": 3}, {"type": "integer", "minimum": 3}),
    ({"enum": [1, "x"], "type": "integer"}, {"type": "integer"}),
    ({"type": "number", "minimum": 1, "maximum": 2}, {"exclusiveMinimum": 0, "exclusiveMaximum": 3}),
    ({"type": "integer", "multipleOf": 6}, {"multipleOf": 3}),
    ({"type": "array", "items": {"type": "integer"}, "maxItems": 2}, {"type": "array", "items": {"type": "number"}}),
    ({"type": "array", "prefixItems": [{"type": "string"}]}, {"prefixItems": [{}]}),
    (
        CLOSED | {"properties": {"a": {"type": "string"}}, "required": ["a"]},
        CLOSED | {"properties": {"a": {}, "b": {}}},
    ),
    (CLOSED | {"properties": {"a": {}}}, {"properties": {"b": {"type": "string"}}}),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"type": ["string", "number"]}),
    ({"type": "string"}, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
    ({"allOf": [{"type": "string"}, {"maxLength": 3}]}, {"type": "string", "maxLength": 4}),
    ({"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}, {"type": "string"}),
    ({"type": "string"}, {"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}),
    ({"type": "string", "pattern": "^a$"}, {"pattern": "^a$"}),
    ({"type": "integer"}, {"pattern": "^a$"}),
    ({"title": "one", "type": "string"}, {"title": "other", "type": "string"}),
    ({"if": {"type": "string"}, "then": {"maxLength": 1}},) * 2,
    (
        {"type": "object", "patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": False},
        {"patternProperties": {"^a": {"type": "number"}}},
    ),
]
BREAKING = [
    ({}, {"type": "string"}),
    ({}, False),
    ({"type": "number"}, {"type": "integer"}),
    ({"type": "string", "maxLength": 6}, {"type": "string", "maxLength": 5}),
    ({"type": "string"}, {"type": "string", "minLength": 1}),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}),
    ({"enum": [1]}, {"enum": [True]}),
    ({"type": "number", "minimum": 1}, {"exclusiveMinimum": 1}),
    ({"type": "object"}, {"type": "object", "required": ["a"]}),
    ({"type": "object"}, {"properties": {"a": {"type": "string"}}}),
    ({"type": "object"}, CLOSED),
    (CLOSED | {"properties": {"a": {}, "b": {}}}, CLOSED | {"properties": {"a": {}}}),
    ({"type": "array"}, {"type": "array", "items": {"type": "string"}}),
    ({"type": "array", "items": {}}, {"uniqueItems": True}),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string"}),
    ({"type": "string"}, {"not": {"const": "a"}}),
    ({"type": "string"}, {"pattern": "^a"}),
    ({"type": "string"}, {"format": "email"}),
    ({"type": "string"}, {"oneOf": [{"type": "string"}, {"maxLength": 3}]}),
    ({"type": "object"}, {"patternProperties": {"^a": {"type": "string"}}}),
    ({"type": "object", "patternProperties": {"^a": {}}, "additionalProperties": False}, {"properties": {"ab": False}}),
    ({"type": "array", "prefixItems": [{}], "items": {"type": "string"}}, {"items": {"type": "string"}}),
    (
        {"$defs": {"a": {"type": "string"}}, "properties": {"x": {"$ref": "#/$defs/a"}}},
        {"$defs": {"a": {"type": "integer"}}, "properties": {"x": {"$ref": "#/$defs/a"}}},
    ),
]


@pytest.mark.parametrize(("narrow", "wide"), COMPATIBLE)
def test_what_takes_more_is_proved_to(narrow, wide):
    assert includes(narrow, wide)


@pytest.mark.parametrize(("narrow", "wide"), BREAKING)
def test_what_takes_less_is_never_proved(narrow, wide):
    assert not includes(narrow, wide)


def test_definitions_that_lead_to_themselves_come_to_an_end():
    loop = {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}
    assert not includes(loop, {"type": "string"})
    assert not includes({"type": "string"}, loop)
    assert includes(loop, loop)


def test_definitions_that_grow_without_end_come_to_an_end():
    twice = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)} | {"d30": {}}
    assert not includes({"$defs": twice, "$ref": "#/$defs/d0"}, {"type": "string"})


SCALARS = st.sampled_from(["", "a", "ab", 0, 1, 2, 7, -1, 1.5, True, False, None])
BOUNDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            ["string", "integer", "number", "null", "boolean", ["string", "integer"], "object", "array"]
        ),
        "minimum": st.integers(-2, 3),
        "exclusiveMaximum": st.integers(0, 9),
        "maxLength": st.integers(0, 3),
        "minLength": st.integers(0, 2),
        "multipleOf": st.sampled_from([1, 2, 3]),
        "enum": st.lists(SCALARS, min_size=1, max_size=4, unique_by=repr),
        "pattern": st.sampled_from(["^a", "b$"]),
    },
)
NAMES = st.sampled_from(["a", "b", "c"])


def nested(inner):
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", ["object", "array"], "string"]),
            "properties": st.dictionaries(NAMES, inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "^[bc]"]), inner, max_size=1),
            "additionalProperties": st.booleans() | inner,
            "required": st.lists(NAMES, max_size=2, unique=True),
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "maxItems": st.integers(0, 2),
            "minProperties": st.integers(0, 2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "uniqueItems": st.booleans(),
        },
    )


SCHEMAS = st.recursive(BOUNDS | st.booleans(), nested, max_leaves=4)


@st.composite
def versions(draw):
    """Two schemas of which the second is the first with something changed, added or gone."""
    old = draw(SCHEMAS)
    new = draw(SCHEMAS)
    if isinstance(old, dict) and isinstance(new, dict) and draw(st.booleans()):
        new = old | draw(st.sampled_from([{name: new[name]} for name in sorted(new)] or [{}]))
        if new and draw(st.booleans()):
            new = {name: new[name] for name in new if name != draw(st.sampled_from(sorted(new)))}
    return old, new


def objects(values):
    """Objects of up to two members."""
    pairs = [
        dict(zip(names, each, strict=True)) for names in combinations("abc", 2) for each in product(values, repeat=2)
    ]
    return [{}, *({name: value} for name in "abc" for value in values), *pairs]


POOL = ["", "a", "ab", "abc", "b", 0, 1, 2, 3, 6, 7, -1, 1.5, True, False, None]
FEW = ["", "ab", 0, 3, True, None]
LISTS = [[], *([each] for each in POOL), *map(list, product(FEW, repeat=2)), ["a", "a", 1]]
VALUES = [
    *POOL,
    *LISTS,
    *objects(FEW),
    {"a": {"a": 1}},
    {"b": [1]},
    {"a": {"b": "ab", "c": 1}},
    [{"a": 0}],
    [["ab"]],
    {"d": 1},
]


@settings(max_examples=300, deadline=None)
@given(versions())
def test_no_valid_value_is_refused_by_what_is_called_compatible(pair):
    old, new = pair
    if includes(old, new):
        takes, still = (jsonschema_rs.Draft202012Validator(each) for each in pair)
        assert [each for each in VALUES if takes.is_valid(each) and not still.is_valid(each)] == []


def test_nothing_breaks_where_nothing_changed():
    assert breaking(manifest(), manifest(version="1.3.0")) == []


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("capabilities__hosts", ["api.example.com", "drop.example.net"], "new host: `drop.example.net`"),
        ("capabilities__tools", ["ocr", "shell"], "new tool: `shell`"),
        ("capabilities__secrets", [{"name": "B", "reference": "vault:b"}], "new secret: `B`"),
        ("capabilities__secrets", [{"name": "OCR_KEY", "reference": "vault:all"}], "`OCR_KEY` is another one"),
        ("capabilities__environment", ["HOME", "USER"], "new variable of the environment: `USER`"),
        ("capabilities__subprocess", True, "Programs are started"),
        ("data_classes", ["internal", "payment"], "new class of data: `payment`"),
        ("input__properties__document__maxLength", 10, "An input that was valid"),
        ("output__properties", {"total": {"type": "number"}}, "`currency` is gone"),
        ("output__properties__total", {}, "An output may not be"),
    ],
)
def test_each_break_is_told(place, value, said):
    found = breaking(manifest(), manifest(**{place: value}))
    assert any(said in each for each in found)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("capabilities__hosts", []),
        ("capabilities__tools", []),
        ("capabilities__secrets", []),
        ("input__properties", DOCUMENT["input"]["properties"] | {"language": {"type": "string"}}),
        ("output__properties__total", {"type": "integer"}),
        ("output__required", ["total", "currency"]),
    ],
)
def test_what_asks_for_less_and_takes_more_breaks_nothing(place, value):
    assert breaking(manifest(), manifest(**{place: value})) == []
