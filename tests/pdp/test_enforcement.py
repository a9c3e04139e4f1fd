"""What a failed gate does from when on: the file that says so, and the decisions made by it."""

import json

import pytest

from app.pdp.bundle import load
from app.pdp.errors import BundleError
from app.pdp.model import Enforcement
from tests.pdp.evaluating import ROOT
from tests.pdp.shop import FILES, asked, decided, evaluating, stocked, written

STEPS = [
    {"from": "2026-11-22T14:00:00Z", "enforcement": "monitoring"},
    {"from": "2026-12-01T00:00:00Z", "enforcement": "blocking"},
]
LIB = {
    f"rego/lib/{name}.rego": (ROOT / f"policies/rego/lib/{name}.rego").read_text()
    for name in ("gates", "override", "clock", "persons")
}


def stating(ripe, **more):
    return (
        LIB
        | {
            "data/enforcement.json": json.dumps({"shop.sell": {"ripe": ripe}}),
            "rego/shop/sell_test.rego": None,
            "cases/shop.yaml": None,
        }
        | more
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return stocked(tmp_path_factory.mktemp("dated"), stating({"enforcement": "draft", "steps": STEPS}))


@pytest.fixture(scope="module")
def evaluate(shop):
    return evaluating(shop)


def at(shop, evaluate, time):
    document = asked(ripe=False)
    document["environment"]["time"] = time
    return decided(shop, document, evaluate).decision


@pytest.mark.parametrize(
    ("time", "allow", "enforcement"),
    [
        ("2026-11-22T13:59:59Z", True, None),
        ("2026-11-22T14:00:00Z", True, Enforcement.MONITORING),
        ("2026-11-30T23:59:59Z", True, Enforcement.MONITORING),
        ("2026-12-01T00:00:00Z", False, Enforcement.BLOCKING),
        ("2099-01-01T00:00:00Z", False, Enforcement.BLOCKING),
    ],
    ids=["a draft", "the first second of monitoring", "its last", "the first second of blocking", "long after"],
)
def test_a_step_is_in_force_from_its_second_on(shop, evaluate, time, allow, enforcement):
    found = at(shop, evaluate, time)
    assert found.allow is allow
    assert found.failed == ("ripe",)
    assert [each.enforcement for each in found.violations] == ([enforcement] if enforcement else [])


def test_a_draft_that_failed_is_on_record_and_told_to_nobody(shop, evaluate):
    found = at(shop, evaluate, "2026-11-01T00:00:00Z")
    assert found.document()["failed"] == ["ripe"]
    assert found.told()["failed"] == []
    assert found.document()["violations"] == found.told()["violations"] == []


def test_what_is_no_draft_is_told(shop, evaluate):
    found = at(shop, evaluate, "2026-12-01T00:00:00Z")
    assert found.told() == found.document()


def test_metadata_may_call_a_gate_a_draft(tmp_path):
    sell = FILES["rego/shop/sell.rego"].replace("critical, enforcement: blocking", "critical, enforcement: draft")
    shop = stocked(tmp_path, stating({"enforcement": "draft"}, **{"rego/shop/sell.rego": sell}))
    assert decided(shop, asked(ripe=False)).decision.allow is True


def test_steps_may_stand_alone(tmp_path):
    shop = stocked(tmp_path, stating({"steps": STEPS}))
    assert json.loads(shop.data)["enforcement"]["shop.sell"]["ripe"] == [
        {"from": "0001-01-01T00:00:00Z", "to": "2026-11-22T14:00:00Z", "enforcement": "blocking"},
        {"from": "2026-11-22T14:00:00Z", "to": "2026-12-01T00:00:00Z", "enforcement": "monitoring"},
        {"from": "2026-12-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "enforcement": "blocking"},
    ]


def test_a_policy_that_reads_only_the_first_word_is_not_believed_afterwards(tmp_path):
    own = stating(
        {"enforcement": "monitoring", "steps": STEPS[1:]}, **{"rego/lib/gates.rego": FILES["rego/lib/gates.rego"]}
    )
    shop = stocked(tmp_path, own)
    found = at(shop, None, "2026-12-01T00:00:00Z")
    assert (found.allow, found.diagnostics[0].code) == (False, "inconsistent_decision")


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"enforcement": "off"},
        {"enforcement": None},
        {"enforcement": "blocking", "until": "2026-12-01T00:00:00Z"},
        {"steps": []},
        {"steps": {}},
        {"steps": [1]},
        {"steps": [{"from": "2026-12-01T00:00:00Z"}]},
        {"steps": [{"from": "2026-12-01T00:00:00Z", "enforcement": "off"}]},
        {"steps": [{"from": "2026-02-30T00:00:00Z", "enforcement": "draft"}]},
        {"steps": [{"from": "2026-12-01", "enforcement": "draft"}]},
        {"steps": [{"from": "2026-12-1T00:00:00Z", "enforcement": "draft"}]},
        {"steps": [{"from": "2026-12-01T00:00:00+00:00", "enforcement": "draft"}]},
        {"steps": [{"from": 5, "enforcement": "draft"}]},
        {"steps": [*STEPS, STEPS[1]]},
        {"steps": STEPS[::-1]},
        {"steps": [{"from": f"20{year}-12-01T00:00:00Z", "enforcement": "draft"} for year in range(30, 39)]},
    ],
    ids=[
        "nothing",
        "an unknown word",
        "no word",
        "a member that there is not",
        "no step",
        "steps that are no list",
        "a step that is no object",
        "a step without a word",
        "a step with an unknown word",
        "a day that there is not",
        "no time of day",
        "a day of one digit",
        "an offset",
        "a time that is a number",
        "two at one time",
        "not in order",
        "too many",
    ],
)
def test_what_is_no_enforcement_is_refused(tmp_path, said):
    with pytest.raises(BundleError, match=r"data/enforcement\.json:1:\d+: action `shop.sell`: gate `ripe`: "):
        load(written(tmp_path, FILES | stating(said)), "r1")


@pytest.mark.parametrize("name", ["rules", "enforcement", "overrides"])
def test_no_package_takes_the_place_of_what_every_policy_finds(tmp_path, name):
    sell = FILES["rego/shop/sell.rego"].replace("package shop.sell", f"package {name}.sell")
    changes = {f"rego/{name}/sell.rego": sell, f"rego/{name}/sell.schema.json": FILES["rego/shop/sell.schema.json"]}
    with pytest.raises(BundleError, match=f"`data.{name}` is taken"):
        stocked(tmp_path, changes)
