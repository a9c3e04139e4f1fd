"""The comparison itself: it sees what differs, its list of known differences is true, and nobody skips it unawares."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from app.pdp.engine import Engine
from app.pdp.opa import FAILED, UNDEFINED
from app.pdp.second_opinion import answer
from app.pdp.strict_yaml import parse_yaml
from tests.opa.oracle import SHOWN, absent, differences, listed
from tests.opa.shipped import BUNDLE, decisions, made, rego_tests, told

ACTION = "marketplace.publish"
FILE = BUNDLE.actions[ACTION].file
SIGNED = "if input.resource.properties.signature.verified == true"
LIMIT = "properties.soak.hours >= limits.min_soak_hours"
KNOWN = parse_yaml("differences.yaml", Path(__file__).with_name("differences.yaml").read_text("utf-8"))

MUTATIONS = {
    "a limit that leaves out its own value": (LIMIT, LIMIT.replace(">=", ">")),
    "a gate that always passes": (SIGNED, "if true"),
    "a gate that nothing passes": (SIGNED, "if input.resource.properties.signature.verified == 1"),
    "an obligation of another name": ('"id": "label_preview"', '"id": "label"'),
    "no decision": ("\ndecision :=", "\ndecided :="),
    "a decision that fails": ("\ndecision :=", '\nchecked := to_number("x")\n\ndecision := checked if true else :='),
}


@cache
def texts():
    return told(ACTION) + made(ACTION)


def mutated(file, old, new):
    assert old in BUNDLE.modules[file]
    return BUNDLE.modules | {file: BUNDLE.modules[file].replace(old, new)}


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), MUTATIONS.values(), ids=MUTATIONS)
def test_another_policy_in_opa_is_seen(opa, old, new):
    found = decisions(opa, ACTION, texts(), modules=mutated(FILE, old, new)).differences
    assert found
    assert all(re.search(r": here \S.*, in OPA \S", each) for each in found)


@pytest.mark.slow
def test_other_data_in_opa_are_seen(opa):
    data = json.loads(BUNDLE.data)
    data["thresholds"]["marketplace"]["publish"]["min_coverage_percent"] += 1
    assert decisions(opa, ACTION, texts(), data=json.dumps(data)).differences


@pytest.mark.slow
def test_a_rego_test_that_fails_in_opa_is_seen(opa):
    modules = mutated("rego/lib/persons.rego", "lower(one) != lower(other)", "one != other")
    [found] = rego_tests(opa, modules, ["rego/lib/persons_test.rego"]).differences
    assert found == "lib.persons_test.test_capitals_make_no_second_person: here true, in OPA undefined"


@pytest.mark.slow
@pytest.mark.parametrize("known", KNOWN, ids=[each["difference"] for each in KNOWN])
def test_known_differences_occur_as_they_stand_in_the_list(opa, known):
    assert known.keys() == {"difference", "rego", "here", "opa", "reason"}
    modules = {"f.rego": f"package f\n\nimport rego.v1\n\n{known['rego']}"}
    opa.load(modules, "{}")
    here, there = answer(Engine(modules, "{}"), "f.r", "{}"), opa.evaluate("f.r", ["{}"])[0]
    assert differences([""], [here], [there])
    assert [text or kind for kind, text in (here, there)] == [known["here"], known["opa"]]


def test_no_shipped_policy_has_not_before_a_call():
    lines = [line for source in BUNDLE.modules.values() for line in source.splitlines()]
    assert [line for line in lines if re.search(r"^[^#]*\bnot\s+[\w.]+\(", line)] == []


def test_failures_are_the_same_whatever_reason_they_give_and_nothing_else_is():
    answers = [(FAILED, "one"), (FAILED, "other"), (UNDEFINED, ""), ("value", "1"), ("value", "2")]
    same = {(one, other) for one in answers for other in answers if not differences(["x"], [one], [other])}
    assert same == {(each, each) for each in answers} | {(answers[0], answers[1]), (answers[1], answers[0])}


def test_a_message_shows_some_differences_and_counts_all():
    found = differences([f"n{number}" for number in range(SHOWN + 2)], [("value", "1")] * 12, [(UNDEFINED, "")] * 12)
    assert listed(found).startswith("differences: 12\nn0: here 1, in OPA undefined\nn1: ")
    assert listed(found).endswith("\nand 2 more")
    assert listed(found[:1]) == "differences: 1\nn0: here 1, in OPA undefined"


def test_without_opa_tests_are_skipped_and_fail_where_engines_have_to_be_compared():
    with pytest.raises(pytest.skip.Exception, match="NOT COMPARED"):
        absent({})
    with pytest.raises(pytest.fail.Exception, match=r"make \.venv/opa"):
        absent({"CI": "true"})
