"""Which tests are run: by name, and after a change."""

import json

import pytest

from app.pdp.chosen_tests import EVERY, Choice, concerned
from app.pdp.policy_case import Outcome
from app.pdp.policy_test import PolicyTest
from app.pdp.test_report import Kind
from tests.pdp.shop import CASES, GATES, SCHEMA, SELL, SELL_TEST, stocked

REGO = PolicyTest(
    file="rego/shop/sell_test.rego",
    line=1,
    name="test_ripe",
    of="shop.sell",
    kind=Kind.REGO,
    expected="true",
    run=lambda *_: Outcome(actual="", error="", severity=None),
)
CASE = PolicyTest(
    file="cases/shop.yaml",
    line=1,
    name="A ripe fruit is sold",
    of="shop.buy",
    kind=Kind.CASE,
    expected="allow",
    run=lambda *_: Outcome(actual="", error="", severity=None),
)


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        (EVERY, [REGO, CASE]),
        (Choice(action="shop.*"), [REGO, CASE]),
        (Choice(action="shop.s*"), [REGO]),
        (Choice(case="RIPE fruit"), [CASE]),
        (Choice(case="ripe", action="shop.sell"), []),
        (Choice(of=frozenset()), []),
        (Choice(of=frozenset({"shop.sell"})), [REGO]),
        (Choice(of=frozenset(), files=frozenset({"cases/shop.yaml"})), [CASE]),
        (Choice(of=frozenset({"shop.sell"}), case="ripe"), []),
    ],
)
def test_a_choice_takes_what_it_names(choice, taken):
    assert [test for test in (REGO, CASE) if choice.takes(test)] == taken
    assert Choice.of_document(json.loads(json.dumps(choice.document()))) == choice


OTHER = {
    "rego/shop/buy.rego": SELL.replace("shop.sell", "shop.buy"),
    "rego/shop/buy.schema.json": json.dumps(SCHEMA),
    "rego/shop/buy_test.rego": SELL_TEST.replace("sell", "buy"),
    "rego/lib/spare.rego": "package lib.spare\n\nimport rego.v1\n\nx := 1\n",
}


@pytest.mark.parametrize(
    ("file", "text", "of"),
    [
        ("rego/shop/sell.rego", SELL + "\nx := 1\n", {"shop.sell"}),
        ("rego/lib/gates.rego", GATES + "\nx := 1\n", {"shop.sell", "shop.buy", "lib.gates"}),
        ("rego/lib/spare.rego", "package lib.spare\n", {"lib.spare"}),
        ("rego/shop/buy.schema.json", json.dumps(SCHEMA, indent=1), {"shop.buy"}),
        ("rego/shop/buy_test.rego", SELL_TEST, set()),
        ("cases/shop.yaml", CASES + "\n", set()),
        ("notes.md", "# A shop\n", set()),
        ("data/thresholds.json", '{"shop": {"min_grams": 51}}', None),
        ("rego/lib/spare.rego", None, None),
    ],
    ids=["an action", "a shared rule", "a rule nobody uses", "a contract", "tests", "cases", "notes", "data", "gone"],
)
def test_a_change_concerns_what_can_refer_to_it(tmp_path, file, text, of):
    before, after = stocked(tmp_path / "before", OTHER), stocked(tmp_path / "after", OTHER | {file: text})
    found, files = concerned(before, after)
    assert (found if found is None else {*found}) == of
    assert files == (frozenset() if of is None else {file})
