"""What tests reach of the rules and gates, and the report of it."""

import json

import pytest

from app.pdp.policy_test import run_tests
from app.pdp.test_report import TestReport
from tests.pdp.shop import CASES, GATES, SELL, SELL_TEST, stocked

TEST_PATH, SELL_PATH = "rego/shop/sell_test.rego", "rego/shop/sell.rego"
RIPE = 'passed contains "ripe" if input.resource.properties.ripe == true'
HEAVY = 'passed contains "weighed" if input.resource.properties.grams >= limits.min_grams'
GIFT = 'passed contains "weighed" if input.context.gift == true'
DESCRIBED = 'passed contains "described" if input.resource.properties.described == true'
NO_CASES = {"cases/shop.yaml": None}


def reached(tmp_path, changes=None):
    return run_tests(stocked(tmp_path, changes), rules=True)


def lines_of(report):
    return {(rule.rule, rule.line): (rule.reached, rule.held) for rule in report.rules if rule.file == SELL_PATH}


def line(text):
    return SELL.split("\n").index(text) + 1


def test_each_gate_says_in_how_many_tests_it_passed_and_failed(tmp_path):
    found = {gate.gate: (gate.passed, gate.failed) for gate in reached(tmp_path).gates}
    assert found == {"ripe": (4, 1), "weighed": (4, 1), "described": (3, 2)}


def test_each_rule_of_a_gate_says_in_how_many_tests_it_held(tmp_path):
    found = lines_of(reached(tmp_path))
    assert found["passed weighed", line(GIFT)] == (True, 1)
    assert found["passed weighed", line(HEAVY)] == (True, 3)
    assert found["limits", line("limits := data.thresholds.shop")] == (True, None)


def test_a_gate_that_no_test_saw_fail_is_a_hole(tmp_path):
    changes = NO_CASES | {TEST_PATH: SELL_TEST[: SELL_TEST.index("test_an_unripe")]}
    assert reached(tmp_path, changes).holes == (
        f"{SELL_PATH}:{line(RIPE)}: gate ripe: no test shows that it can fail",
        f"{SELL_PATH}:{line(HEAVY)}: gate weighed: no test shows that it can fail",
        f"{SELL_PATH}:{line(GIFT)}: passed weighed: in no test does it hold",
        f"{SELL_PATH}:{line(DESCRIBED)}: gate described: no test shows that it can pass",
    )


def test_what_no_test_asks_is_a_hole_though_its_lines_exist(tmp_path):
    changes = NO_CASES | {TEST_PATH: "package shop.sell_test\n\nimport rego.v1\n\ntest_nothing if true\n"}
    report = reached(tmp_path, changes)
    assert {gate.hole for gate in report.gates} == {"no test reaches it"}
    assert any(hole.endswith(": obligations: no test reaches it") for hole in report.holes)


def test_a_shared_rule_that_no_test_reaches_is_a_hole(tmp_path):
    report = reached(tmp_path, {"rego/lib/gates.rego": GATES + "\nspare(x) := y if {\n\ty := x + 1\n}\n"})
    assert report.holes == ("rego/lib/gates.rego:15: spare: no test reaches it",)


def test_a_package_without_any_test_is_not_forgotten(tmp_path):
    spare = "package lib.spare\n\nimport rego.v1\n\nspare(x) := y if {\n\ty := x + 1\n}\n"
    assert "rego/lib/spare.rego:5: spare: no test reaches it" in reached(tmp_path, {"rego/lib/spare.rego": spare}).holes


def test_a_decision_that_would_not_be_admitted_tells_nothing_and_breaks_nothing(tmp_path):
    whole = 'decision := gates.decision("shop.sell", required, passed, obligations)'
    changes = {SELL_PATH: SELL.replace(whole, "decision := {} if 1 == 1")}
    report = reached(tmp_path, changes)
    assert not report.ok
    assert {(gate.passed, gate.failed) for gate in report.gates} == {(0, 0)}


def test_only_the_packages_of_chosen_tests_are_reported(tmp_path):
    bundle = stocked(tmp_path)
    assert run_tests(bundle, chosen=lambda test: test.of == "nothing", rules=True).gates == ()
    report = run_tests(bundle, chosen=lambda test: test.name == "a gift is wrapped", rules=True)
    assert [result.name for result in report.results] == ["a gift is wrapped"]
    assert {gate.action for gate in report.gates} == {"shop.sell"}


@pytest.mark.parametrize("rules", [True, False])
def test_a_report_is_the_same_after_it_was_json(tmp_path, rules):
    text = CASES.replace("allow: true, failed: [described]", "allow: false, failed: [described]")
    report = run_tests(stocked(tmp_path, {"cases/shop.yaml": text}), rules=rules)
    document = json.loads(json.dumps(report.document()))
    assert TestReport.of_document(document) == report
    assert (document["ok"], document["passed"], document["failed"]) == (False, 5, 1)
    assert bool(document["gates"]) is rules
