"""An action is the machine's only where both engines say the same, whatever the profile let through."""

import json

import pytest

from app.pdp import machine_agreement
from app.pdp.machine_agreement import prove
from tests.pdp.machines import policy
from tests.pdp.shop import SCHEMA, SELL_TEST, stocked


@pytest.fixture
def trusting(monkeypatch):
    """Have the profile let everything through."""
    monkeypatch.setattr(machine_agreement, "profile", lambda *_: "")


def test_a_plain_bundle_is_proved(tmp_path):
    assert prove(stocked(tmp_path)) == {"shop.sell": ""}


def test_what_the_profile_refuses_is_not_compared(tmp_path):
    [reason] = prove(stocked(tmp_path, policy("x = 1"))).values()
    assert reason.endswith("write `<name> := <value>`")


WRONG = {
    "rules that contradict": ("c > 0", "c := 1 if input.resource.properties.ripe\nc := 2 if input.resource.properties"),
    "functions that do": ("f(1) > 0", "f(x) := 1 if x > 0\nf(x) := 2 if input.resource.properties.ripe == true"),
    "the default of a function": ("f(1) == 7", "default f(x) := 7\nf(x) := 1 if x > 5"),
    "an undefined argument": ("f(input.resource.properties.name)", "f(_) := true"),
    "an undefined item": ("count(c) == 0", "c := [input.resource.properties.name | true]"),
    "a rule with several values": ("c >= 0", "c := x if some x in input.resource.properties.sizes"),
}


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("name", WRONG)
def test_what_the_machine_gets_wrong_is_found(tmp_path, name):
    [reason] = prove(stocked(tmp_path, policy(*WRONG[name]))).values()
    assert "on input" in reason


@pytest.mark.usefixtures("trusting")
def test_what_the_machine_does_not_take_is_the_interpreters(tmp_path):
    [reason] = prove(stocked(tmp_path, policy("count([v | walk(input, [_, v])]) > 0"))).values()
    assert reason.startswith("the machine does not take it: ")


@pytest.mark.usefixtures("trusting")
def test_what_the_machine_does_not_answer_is_the_interpreters(tmp_path):
    loops = "count([1 | some a in r; some b in r; some c in r; a + b + c > 0]) > 0"
    [reason] = prove(stocked(tmp_path, policy(loops, f"r := {json.dumps(list(range(40)))}"))).values()
    assert reason == "the machine gives no answer on input 1 of those compared"


def test_what_there_was_no_time_for_is_left_out(tmp_path):
    times = iter([0.0, 9.0])
    assert prove(stocked(tmp_path), clock=lambda: next(times), seconds=5) == {}


def test_it_can_go_on_after_what_was_compared(tmp_path):
    assert prove(stocked(tmp_path), "shop.sell", clock=lambda: 0.0) == {"shop.sell": ""}
    assert prove(stocked(tmp_path), "shop.selm") == {}


def test_a_contract_that_nothing_can_be_made_for_is_the_interpreters(tmp_path):
    schema = json.loads(json.dumps(SCHEMA))
    facts = schema["properties"]["resource"]["properties"]["properties"]
    facts["properties"]["code"] = {"type": "string", "minLength": 9, "maxLength": 9, "pattern": "^[0-9]{3}$"}
    facts["required"].append("code")
    [reason] = prove(stocked(tmp_path, {"rego/shop/sell.schema.json": json.dumps(schema)})).values()
    assert reason.startswith("no ")


def test_questions_of_rego_tests_are_asked_too(tmp_path):
    question = json.dumps(
        {
            "subject": {"type": "grocer", "id": "g-1"},
            "action": {"name": "shop.sell"},
            "resource": {"type": "fruit", "id": "a", "properties": {"ripe": True, "grams": 7, "described": True}},
        }
    )
    tests = f"{SELL_TEST}\ntest_whole if sell.decision.failed with input as {question}\n"
    tests += "\ntest_none if not sell.decision.x with input as 1\n"
    asked = machine_agreement._asked_by_tests(stocked(tmp_path, {"rego/shop/sell_test.rego": tests}))
    assert [each["resource"]["properties"]["grams"] for each in asked["shop.sell"]] == [7]
