"""Inputs made after contracts: they hold, they are the same each time, and they reach the edges."""

import json
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pdp.contract_inputs import ContractInputs
from app.pdp.contract_values import Generator, is_text_of, is_time, leaves
from app.pdp.errors import NoInputsError
from tests.pdp.shop import CASES, SCHEMA, SELL, stocked


def contract(**properties):
    """Return the small contract with other facts about the fruit."""
    schema = json.loads(json.dumps(SCHEMA))
    schema["properties"]["resource"]["properties"]["properties"]["properties"] |= properties
    return {"rego/shop/sell.schema.json": json.dumps(schema)}


SHORT = {"type": "string", "maxLength": 5}
FEW = {"type": "integer", "minimum": 0, "maximum": 3}
RICH = contract(
    tags={
        "type": "array",
        "items": {"type": "string", "maxLength": 5},
        "maxItems": 4,
        "minItems": 1,
        "uniqueItems": True,
    },
    boxes={
        "type": "array",
        "maxItems": 3,
        "items": {
            "type": "object",
            "required": ["of"],
            "properties": {"of": {"type": "integer", "minimum": 0, "maximum": 3}},
        },
    },
    picked={"type": "string", "format": "date-time", "maxLength": 30},
    day={"type": "string", "format": "date", "maxLength": 10},
    code={"type": "string", "pattern": "^[a-c]{2,4}-(x|yy)?[^0-9]\\d$", "maxLength": 30},
    rate={"type": "number", "minimum": 0, "maximum": 100},
    size={"type": "integer", "enum": [1, 2]},
    note={"type": ["string", "null"], "maxLength": 8},
    sort={"const": "red"},
)
WITH_BOXES = CASES.replace("described: false}}", 'described: false, boxes: [{of: 1}, {of: 2}], tags: ["a"]}}', 1)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return ContractInputs(stocked(tmp_path_factory.mktemp("rich"), RICH | {"cases/shop.yaml": WITH_BOXES}))


def test_made_inputs_keep_the_contract_and_are_the_same_each_time(inputs):
    made = list(inputs.made("shop.sell", count=200))
    assert made == list(inputs.made("shop.sell", count=200))
    assert made != list(inputs.made("shop.sell", count=200, seed="other"))
    check = inputs._bundle.actions["shop.sell"].contract.check
    assert [each for each in made if check(each)] == []
    assert all(each["action"] == {"name": "shop.sell"} for each in made)
    seen = {name for each in made for name in each["resource"]["properties"]}
    assert {"tags", "boxes", "picked", "day", "code", "rate", "size", "note", "sort"} <= seen
    grams = {each["resource"]["properties"]["grams"] for each in made}
    assert {0, 100_000, 49, 50, 51, 80} <= grams
    assert any("claims" in each["context"] for each in made)


def test_cases_that_keep_the_contract_are_inputs_too(inputs):
    assert (len(inputs.cases("shop.sell")), len(inputs.told("shop.sell"))) == (2, 3)
    text = inputs.text_of(inputs.cases("shop.sell")[0])
    assert json.loads(text)["resource"]["properties"]["grams"] == 80


def test_cases_of_no_action_are_left_aside(tmp_path):
    more = CASES.replace("name: shop.sell", "name: shop.steal", 1)
    assert len(ContractInputs(stocked(tmp_path, {"cases/shop.yaml": more})).told("shop.sell")) == 2


def test_without_cases_everything_is_made_up(tmp_path):
    found = ContractInputs(stocked(tmp_path, {"cases/shop.yaml": None}))
    assert len(list(found.made("shop.sell", count=6))) == 6


def test_facts_that_the_contract_never_takes_are_no_inputs(tmp_path, monkeypatch):
    found = ContractInputs(stocked(tmp_path))
    monkeypatch.setattr(Generator, "value", lambda *_: {})
    with pytest.raises(NoInputsError, match=r"no facts are found that the contract of `shop\.sell` takes"):
        list(found.made("shop.sell", count=1))


def text(pattern, most=20):
    return {"type": "string", "pattern": pattern, "maxLength": most}


@pytest.mark.parametrize(
    "pattern",
    [r"^a+?b*$", r"^(?:x|y){3}$", r"^[^a]$", r"^.\.$", r"^\w\d\s?$", r"^(?!z)[a-z]$", r"^[a-cA-C0]{2}$", "^~$"],
)
def test_texts_of_a_pattern_are_found(pattern):
    making = Generator(random.Random(1), [])
    found = [making.fresh(text(pattern)) for _ in range(20)]
    assert all(re.search(pattern, each) for each in found)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        pytest.param(text("(?=b)a"), "no text is found", id="nothing matches"),
        pytest.param(text(r"\p{L}"), "of a syntax", id="another syntax"),
        pytest.param(text("a{9}", most=3), "no text is found", id="too long"),
    ],
)
def test_where_no_text_is_found_it_is_said(schema, says):
    with pytest.raises(NoInputsError, match=says):
        Generator(random.Random(1), []).value(schema)


def test_lists_whose_items_cannot_differ_are_given_up():
    schema = {"type": "array", "items": {"const": "a"}, "minItems": 2, "maxItems": 3, "uniqueItems": True}
    with pytest.raises(NoInputsError, match="no 2 items are found that differ"):
        Generator(random.Random(1), []).value(schema)


def test_values_that_rules_ask_for_are_tried():
    making = Generator(random.Random(1), ["red", "a longer text than that", 7, 7.5, True])
    schema = {"type": "string", "maxLength": 5}
    assert making.fitting(schema) is making.fitting(schema)
    assert "red" in {making.value(schema) for _ in range(50)}
    assert {6, 7, 8} <= {making.value({"type": "integer", "minimum": 0, "maximum": 50}) for _ in range(300)}


def test_choices_are_all_there_is():
    assert is_text_of({"enum": ["a"]}, "a")
    assert not is_text_of({"const": "a"}, "b")


def test_what_a_contract_names_is_not_unnamed():
    schema = {"type": "object", "properties": {name: {"type": "boolean"} for name in ("claims", "allow", "admin")}}
    making = Generator(random.Random(1), [])
    made = [making.unnamed({"claims": True}, schema) for _ in range(100)]
    assert {name for each in made for name in each} == {"claims", "$ref", "é", "passed"}


def test_times_are_times():
    assert is_time("2026-11-22T14:00:00Z")
    assert not is_time("2026-02-31T14:00:00Z")
    assert not is_text_of({"type": "string", "format": "date-time", "maxLength": 30}, "soon")
    assert list(leaves({"a": [1, {"b": None}]})) == ["a", 1, "b", None]


@settings(deadline=None)
@given(st.from_regex(r"[a-z\[\](){}|?*+.^$\\0-9,-]{0,12}", fullmatch=True))
def test_whatever_the_pattern_no_other_error_leaks(pattern):
    try:
        found = Generator(random.Random(1), []).fresh(text(pattern))
    except NoInputsError:
        return
    assert is_text_of(text(pattern), found)


def test_words_are_those_that_the_rules_name_and_of_the_entry_of_the_action(tmp_path):
    data = {
        "market": {"stall": {"colour": "red", "grams": 7}, "cart": "blue"},
        "days": {"shop.sell": ["now"], "x": ["then"]},
    }
    rules = 'found := [data.market.stall.colour, data.market.stall["grams"], data.days[action], data.none.there]'
    found = ContractInputs(
        stocked(
            tmp_path,
            {
                "rego/shop/sell.rego": f'{SELL}\n\naction := "shop.sell"\n\n{rules}\n',
                **{f"data/{name}.json": json.dumps(table) for name, table in data.items()},
            },
        )
    )
    assert {"red", "now", "colour", "grams"} <= found.named("shop.sell")
    assert found.named("shop.sell").isdisjoint({"blue", "then", "x"})
    assert 7 in found.generator("shop.sell").numbers
