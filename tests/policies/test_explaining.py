"""The corruption harness finds what it is there for: holes made on purpose, one at a time."""

import json

import pytest

from tests.pdp.shop import CASES, SCHEMA, SELL, stocked
from tests.policies.explaining import Outcome, Policies, corrupt

ACTION, FILE = "shop.sell", "rego/shop/sell.rego"
RIPE = "if input.resource.properties.ripe == true"
WEIGHED = "if input.resource.properties.grams >= limits.min_grams"
STATE, OWNER = "resource/properties/state", "resource/properties/owner"


def contract(required=("ripe", "grams", "described"), **facts):
    """Return the contract of the shop with other required facts, and more facts."""
    changed = json.loads(json.dumps(SCHEMA))
    properties = changed["properties"]["resource"]["properties"]["properties"]
    properties["required"] = list(required)
    properties["properties"] |= facts
    return {"rego/shop/sell.schema.json": json.dumps(changed)}


def cases(facts):
    """Return the cases of the shop with `facts` in each, which say so in YAML."""
    return {"cases/shop.yaml": CASES.replace("described: false}}", f"described: false, {facts}}}}}")}


def gate(old, new):
    assert old in SELL
    return {FILE: SELL.replace(old, new)}


def unexplained(tmp_path, changes, explained=()):
    policies = Policies(stocked(tmp_path, changes))
    tally = corrupt(policies, ACTION, {("resource/id", "text"), ("subject/id", "text"), *explained})
    assert tally.wrong == []
    return set(tally.unexplained)


GOOD_TEXT = {"type": "string", "maxLength": 20, "pattern": "^[A-Za-z0-9-]{1,20}$"}


def test_a_sound_policy_leaves_nothing_to_explain(tmp_path):
    explained = {("resource/id", "text"), ("subject/id", "text"), ("resource/properties/described", "flip")}
    tally = corrupt(Policies(stocked(tmp_path)), ACTION, explained)
    assert (tally.wrong, dict(tally.unexplained)) == ([], {})
    assert tally.mutations > 200
    assert tally.mutations == tally.broken + tally.denied + sum(tally.allowed.values())
    assert {"monitored", "within", "elsewhere", "hollow", "reviewed"} <= tally.allowed.keys()


HOLES = {
    "a gate that asks nothing": (gate(RIPE, "if input.resource"), ("resource/properties/ripe", "flip")),
    "a fact that may be missing, and opens": (
        contract(required=["grams", "described"])
        | gate(RIPE, "if object.get(input.resource.properties, `ripe`, true) == true"),
        ("resource/properties/ripe", "absent"),
    ),
    "a fact that may be null, and opens": (
        contract(ripe={"type": ["boolean", "null"]}) | gate(RIPE, "if input.resource.properties.ripe != false"),
        ("resource/properties/ripe", "null"),
    ),
    "a number that only one value closes": (
        gate(WEIGHED, "if input.resource.properties.grams != 79"),
        ("resource/properties/grams", "number"),
    ),
    "a choice that is closed by name": (
        contract(state={"enum": ["fresh", "old", "rotten"]})
        | gate(RIPE, 'if input.resource.properties.state != "rotten"')
        | cases("state: fresh"),
        (STATE, "text"),
    ),
    "another person, in capitals": (
        contract(owner=GOOD_TEXT, buyer=GOOD_TEXT)
        | gate(RIPE, "if input.resource.properties.owner != input.resource.properties.buyer")
        | cases("owner: o-1, buyer: b-1"),
        (OWNER, "alias"),
    ),
    "a list that opens when it is empty": (
        contract(list={"type": "array", "maxItems": 4, "items": {"type": "boolean"}})
        | gate(RIPE, "if {\n\tevery x in input.resource.properties.list {\n\t\tx == true\n\t}\n}")
        | cases("list: [true]"),
        ("resource/properties/list", "empty"),
    ),
    "a deny that ends when the list is empty": (
        contract(list={"type": "array", "maxItems": 4, "items": {"type": "boolean"}})
        | gate(RIPE, "if {\n\tevery x in input.resource.properties.list {\n\t\tx == true\n\t}\n}")
        | cases("list: [false]"),
        ("resource/properties/list", "undenied"),
    ),
}


@pytest.mark.parametrize(("changes", "found"), HOLES.values(), ids=HOLES)
def test_a_hole_is_found(tmp_path, changes, found):
    assert found in unexplained(tmp_path, changes)


def test_a_person_can_explain_what_no_machine_can(tmp_path):
    changes = gate(RIPE, "if input.resource")
    place = ("resource/properties/ripe", "flip")
    assert place not in unexplained(tmp_path, changes, explained=[place])


def test_what_breaks_the_contract_has_no_excuse(tmp_path):
    policies = Policies(stocked(tmp_path))
    opened = Outcome(allow=True, held=False, what=())
    policies.after = lambda document, change: (
        opened if change.kind == "null" else Policies.after(policies, document, change)
    )
    tally = corrupt(policies, ACTION, {("resource/properties/ripe", "null")})
    assert {change.kind for change in tally.wrong} == {"null"}
    assert "resource/properties/ripe" in {change.place for change in tally.wrong}
