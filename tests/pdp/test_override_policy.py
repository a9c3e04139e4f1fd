"""Which gates can be overridden: the file that says so."""

import json

import pytest

from app.pdp.errors import BundleError
from app.pdp.override_policy import Overridable, OverridePolicy, parse_overrides

GATES = {"shop.sell": frozenset({"ripe", "weighed"}), "shop.hire": frozenset()}


def parsed(said):
    return parse_overrides(json.dumps(said).encode(), said, GATES)


def gate(**members):
    return {"gates": {"shop.sell": {"ripe": {"approvers": ["ciso", "trader"]} | members}}}


def test_nothing_can_be_overridden_where_nobody_says_so():
    assert parsed({}) == OverridePolicy()
    assert parsed({}).of("shop.sell", "ripe") is None
    assert parsed({"gates": {}}).document()["approvers"] == {}


def test_a_gate_takes_what_is_usual():
    assert parsed(gate()).of("shop.sell", "ripe") == Overridable(
        approvers=("ciso", "trader"),
        break_glass=(),
        max_duration_hours=24,
        max_uses=10,
        confirm_minutes=15,
        break_glass_hours=4,
    )


def test_numbers_beside_the_gates_hold_for_all_and_those_of_a_gate_for_it():
    found = parsed({"max_duration_hours": 12, "max_uses": 3, "review_hours": 24, "gap_hours": 48} | gate(max_uses=1))
    assert (found.review_hours, found.gap_hours) == (24, 48)
    ripe = found.of("shop.sell", "ripe")
    assert (ripe.max_duration_hours, ripe.max_uses) == (12, 1)


def test_policies_find_a_table_for_each_member():
    found = parsed(gate(break_glass=["ciso"])).document()
    assert found == {
        "approvers": {"shop.sell": {"ripe": ["ciso", "trader"]}},
        "break_glass": {"shop.sell": {"ripe": ["ciso"]}},
        "break_glass_hours": {"shop.sell": {"ripe": 4}},
        "confirm_minutes": {"shop.sell": {"ripe": 15}},
        "max_duration_hours": {"shop.sell": {"ripe": 24}},
        "max_uses": {"shop.sell": {"ripe": 10}},
        "review_hours": 72,
        "gap_hours": 24,
    }


@pytest.mark.parametrize(
    "said",
    [
        {"approvers": {}},
        {"gates": []},
        {"gates": {"shop.buy": {}}},
        {"gates": {"shop.sell": []}},
        {"gates": {"shop.sell": {"described": {"approvers": ["ciso", "trader"]}}}},
        {"gates": {"shop.hire": {"ripe": {"approvers": ["ciso", "trader"]}}}},
        {"gates": {"shop.sell": {"ripe": []}}},
        {"gates": {"shop.sell": {"ripe": {}}}},
        gate(approvers=["ciso"]),
        gate(approvers=["ciso", "ciso"]),
        gate(approvers=["ciso", "CISO"]),
        gate(approvers="ciso"),
        gate(approvers=[f"role_{number}" for number in range(9)]),
        gate(break_glass=[1]),
        gate(review_hours=5),
        gate(max_duration_hours=0),
        gate(max_duration_hours=169),
        gate(max_duration_hours=True),
        gate(max_uses="3"),
        {"gap_hours": 1.5},
    ],
    ids=[
        "an unknown member",
        "gates that are no object",
        "an unknown action",
        "an action that is no object",
        "an unknown gate",
        "an action whose resource may be a person",
        "a gate that is no object",
        "nobody approves",
        "one role approves",
        "one role twice",
        "a role in capitals",
        "roles that are no list",
        "too many roles",
        "a role that is no word",
        "a number that is none of a gate",
        "no hour",
        "more than a week",
        "a truth for a number",
        "a text for a number",
        "half an hour",
    ],
)
def test_what_is_no_table_is_refused_with_its_place(said):
    with pytest.raises(BundleError, match=r"data/overrides\.json:1:\d+: "):
        parsed(said)
