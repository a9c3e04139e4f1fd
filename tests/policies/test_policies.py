"""The shipped policies: admitted, and tested on both sides of every gate."""

from dataclasses import replace
from pathlib import Path

import pytest

import app
from app.pdp.admission import admit
from app.pdp.bundle import load, needed, parse_snapshot
from app.pdp.engine import Engine
from app.pdp.policy_test import run_tests
from app.pdp.strict_yaml import parse_yaml
from app.pdp.syntax import parse_syntax_trees

POLICIES = Path(app.__file__).parents[1] / "policies"
BUNDLE = load(POLICIES, "r1")
ACTIONS = sorted(BUNDLE.actions)
CASES = [case for file, text in sorted(BUNDLE.cases.items()) for case in parse_yaml(file, text)]


@pytest.fixture(scope="module")
def report():
    return run_tests(BUNDLE)


def test_the_bundle_is_admitted():
    admit(BUNDLE)


def test_the_bundle_goes_through_its_snapshot_unchanged():
    assert parse_snapshot(BUNDLE.snapshot()).snapshot() == BUNDLE.snapshot()


def test_every_test_and_case_passes(report):
    assert [f"{each.file}:{each.line}: {each.name}: {each.error}" for each in report.results if not each.passed] == []
    assert len(report.results) > 100


def test_every_line_is_evaluated_by_some_test(report):
    assert {file: sorted(lines.missed) for file, lines in report.coverage.items() if lines.missed} == {}
    assert set(report.coverage) == set(BUNDLE.modules)


@pytest.mark.parametrize("action", ACTIONS)
def test_auditors_can_read_an_allow_and_a_deny(action):
    wanted = {case["want"]["allow"] for case in CASES if case["input"]["action"]["name"] == action}
    assert wanted == {True, False}


def gate_conditions():
    """Yield, for each rule of each gate, its action, its place, and where its condition begins and ends."""
    modules = {module.file: module for module in parse_syntax_trees(Engine(BUNDLE.modules, BUNDLE.data).syntax_trees())}
    for name in ACTIONS:
        module = modules[BUNDLE.actions[name].file]
        for rule in module.rules:
            if rule.name == "passed":
                end = module.source.index(b"\n", rule.span["end"] - 1)
                yield pytest.param(name, rule.bodies[0]["span"]["start"], end, id=module.place(rule.span))


def fails_with(action, source):
    """Tell whether a Rego test of `action` fails, its policy being `source`."""
    file = BUNDLE.actions[action].file
    test = f"{file.removesuffix('.rego')}_test.rego"
    sources = BUNDLE.modules | {file: source}
    asked = needed(test, sources | BUNDLE.tests)  # all would take a hundred times longer
    modules = {path: sources[path] for path in asked if path in sources}
    changed = replace(BUNDLE, modules=modules, tests={test: BUNDLE.tests[test]}, cases={})
    return any(not each.passed for each in run_tests(changed).results)


@pytest.mark.slow
@pytest.mark.parametrize(("action", "start", "end"), list(gate_conditions()))
def test_each_rule_of_a_gate_has_a_test_that_it_passes_and_one_that_it_does_not(action, start, end):
    source = BUNDLE.modules[BUNDLE.actions[action].file].encode()
    always, never = ((source[:start] + b"if " + word + source[end:]).decode() for word in (b"true", b"false"))
    assert fails_with(action, always), "no test fails when this rule passes whatever the facts are"
    assert fails_with(action, never), "no test fails when this rule never passes"
