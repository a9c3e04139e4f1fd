"""Admission outlives what it admits: the same answers, and one for policies that end the process they run in."""

import asyncio

import pytest

from app.pdp.admission_process import admit_apart, prove_apart, run_tests_apart
from app.pdp.errors import BundleError
from app.pdp.policy_test import run_tests
from tests.pdp.shop import SELL, SELL_TEST, stocked

SELL_PATH, TEST_PATH = "rego/shop/sell.rego", "rego/shop/sell_test.rego"
FIRST_TEST = f"{TEST_PATH}:9:1: `test_a_ripe_and_heavy_fruit_is_sold`"
LINE = SELL.count("\n") + 2


def ripe_if(condition, more):
    """Return the policy with another condition for one gate, and more rules below `LINE`."""
    return {SELL_PATH: SELL.replace("input.resource.properties.ripe == true", condition) + f"\n{more}\n"}


def doubling(first, step, times):
    return "".join([f"s0 := {first}\n", *(f"s{n} := {step.replace('S', f's{n - 1}')}\n" for n in range(1, times))])


def long_chain(packages, length):
    """Return packages of rules, each rule of which needs the next."""
    changes = {}
    for number in range(packages):
        rules = [f"c{n} if c{n + 1}" for n in range(length - 1)]
        last = f"c{length - 1} if data.lib.l{number + 1}.c0" if number + 1 < packages else f"c{length - 1} if input"
        changes[f"rego/lib/l{number}.rego"] = "\n".join([f"package lib.l{number}", "import rego.v1", *rules, last, ""])
    return changes


def test_a_good_bundle_is_admitted(tmp_path):
    admit_apart(stocked(tmp_path))


def test_a_refusal_is_the_same_as_in_this_process(tmp_path):
    with pytest.raises(BundleError, match=r"^rego/shop/sell.rego:14:27: `f` is no function that a policy may call"):
        admit_apart(stocked(tmp_path, ripe_if("f(1)", "")))


ABUSES = {
    "arrays inside arrays": (ripe_if("x", f"x := {'[' * 50}{']' * 50}"), f"{SELL_PATH}:{LINE}:18: nested deeper than"),
    "objects inside objects": (
        ripe_if("x", "x := " + '{"a": ' * 30 + "1" + "}" * 30),
        f"{SELL_PATH}:{LINE}:78: nested deeper than 12",
    ),
    "comprehensions inside comprehensions": (
        ripe_if("x", "x := " + "[1 | " * 30 + "1" + "]" * 30),
        f"{SELL_PATH}:{LINE}:66: nested deeper than 12",
    ),
    "brackets that close too often first": (
        ripe_if("x", "x := " + "]" * 50 + "[" * 50),
        f"{SELL_PATH}:{LINE}:68: nested deeper than 12",
    ),
    "a union of thousands": (
        ripe_if("x", "x := {1}" + " |\n{1}" * 4_000),
        f"{SELL_PATH}:{LINE + 15}:5: more than 16 operators",
    ),
    "a reference of hundreds of names": (
        ripe_if("x", "x := input" + ".a" * 400),
        f"{SELL_PATH}:{LINE}:6: a reference of more than 24 names",
    ),
    "a rule of itself": (ripe_if("x", "x if x"), f"{SELL_PATH}:{LINE}:1: rule `x` depends on itself"),
    "a function of itself": (
        ripe_if("f(2000) == 1", "f(0) := 1\n\nf(n) := f(n - 1) if n > 0"),
        f"{SELL_PATH}:{LINE}:1: rule `f` depends on itself",
    ),
    "functions of each other": (
        ripe_if("f(2000)", "f(n) if g(n)\n\ng(n) if f(n - 1)"),
        f"{SELL_PATH}:{LINE}:1: rule `f` depends on itself",
    ),
    "10,000 rules in a chain": (
        long_chain(4, 2_500),
        "rego/lib/l3.rego:2438:1: rule `c2435` stands on a chain of more than 64 rules",
    ),
    "100 functions in a chain": (
        ripe_if("f0(1)", "".join(f"f{n}(x) if f{n + 1}(x)\n" for n in range(100)) + "f100(1) if input\n"),
        f"{SELL_PATH}:{LINE + 36}:1: rule `f36` stands on a chain of more than 64 rules",
    ),
    "numbers without end": (
        ripe_if("numbers.range(1, 100000000) != []", ""),
        f"{SELL_PATH}:14:27: `numbers.range` is no function that a policy may call",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "said"), ABUSES.values(), ids=ABUSES)
def test_abuse_is_refused_with_its_place(tmp_path, changes, said):
    with pytest.raises(BundleError) as refused:
        admit_apart(stocked(tmp_path, changes))
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


FATAL = {
    "a text that doubles": ripe_if("count(s37) > 0", doubling('"0123456789abcdef"', 'concat("", [S, S])', 38)),
    "an array that doubles": ripe_if("count(json.marshal(s37)) > 0", doubling("[1]", "[S, S]", 38)),
    "a number that squares itself": ripe_if("s50 > 0", doubling("1234567890123", "S * S", 51)),
}


@pytest.mark.slow
@pytest.mark.parametrize("changes", FATAL.values(), ids=FATAL)
def test_a_policy_that_ends_its_process_is_refused_with_the_test_that_ran(tmp_path, changes):
    with pytest.raises(BundleError) as refused:
        admit_apart(stocked(tmp_path, changes), seconds=8, memory=512 << 20)
    assert str(refused.value).startswith(FIRST_TEST)
    assert "write it so that the work is bounded" in str(refused.value)


ENDLESS = """
test_long if {
	some a in numbers
	some b in numbers
	some c in numbers
	some d in numbers
	some e in numbers
	some f in numbers
	count([a, b, c, d, e, f]) == 0
}

numbers := [n | some n in split("1234567890123456789012345678901234567890", "")]
"""


@pytest.mark.slow
def test_a_test_that_does_not_end_is_refused_by_name(tmp_path):
    with pytest.raises(BundleError) as refused:
        admit_apart(stocked(tmp_path, {TEST_PATH: SELL_TEST + ENDLESS}), seconds=2)
    assert str(refused.value).startswith(f"{TEST_PATH}:21:1: `test_long` takes longer than 2 seconds;")


def test_tests_are_reported_as_in_this_process(tmp_path):
    bundle = stocked(tmp_path, ripe_if("input.resource.properties.ripe == false", "unused if false"))
    apart, here = run_tests_apart(bundle), run_tests(bundle)
    told = [[(each.file, each.line, each.name, each.error) for each in report.results] for report in (apart, here)]
    assert told[0] == told[1]
    assert [each.passed for each in apart.results].count(False) == 5
    assert apart.coverage == here.coverage


def test_tests_of_what_must_not_be_parsed_are_not_run(tmp_path):
    with pytest.raises(BundleError, match=f"^{SELL_PATH}:{LINE}:18: nested deeper than"):
        run_tests_apart(stocked(tmp_path, ripe_if("x", f"x := {'[' * 50}{']' * 50}")))


@pytest.mark.slow
def test_tests_that_break_the_engine_are_refused_with_the_test_that_ran(tmp_path):
    changes = ripe_if("f(1000000) == 1", "f(0) := 1\n\nf(n) := f(n - 1) if n > 0")
    with pytest.raises(BundleError) as refused:
        run_tests_apart(stocked(tmp_path, changes))
    assert str(refused.value).startswith(f"{FIRST_TEST} needs too much memory, or breaks the engine")


def test_a_process_that_says_nothing_has_refused(tmp_path):
    with pytest.raises(BundleError, match=r"^\.:1:1: the bundle takes longer than 0 seconds"):
        admit_apart(stocked(tmp_path), seconds=0)


def test_the_engines_are_compared_apart(tmp_path):
    assert asyncio.run(prove_apart(stocked(tmp_path))) == {"shop.sell": ""}


@pytest.mark.parametrize("limits", [{"seconds": 0.01}, {"memory": 1 << 20}], ids=["late", "no memory"])
def test_where_the_comparison_does_not_end_nothing_is_known(tmp_path, limits):
    assert asyncio.run(prove_apart(stocked(tmp_path), **limits)) == {}
