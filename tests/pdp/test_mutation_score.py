"""The score of a bundle: which tests must notice a mutant, what survives, and what is said of it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.engine import Engine
from app.pdp.errors import BundleError
from app.pdp.mutation import mutants
from app.pdp.mutation_score import PackageScore, parse_reasons, score
from app.pdp.syntax import parse_syntax_trees
from tests.pdp.shop import CASES, GATES, SELL, SELL_TEST, stocked

GATES_TEST = "package lib.gates_test\n\nimport rego.v1\n\nimport data.lib.gates\n\ntest_nothing if true\n"


def explained(*entries):
    return "\n".join(
        f"- package: {package}\n  rule: {rule}\n  change: '{change}'\n  reason: {reason}"
        for package, rule, change, reason in entries
    )


def scores(directory, changes=None, **options):
    report = score(stocked(directory, changes), **options)
    return report, {each.package: each for each in report.scores}


def survivors(package):
    return {(each.mutant.rule, each.mutant.change) for each in package.survivors}


GRAMS = "input.resource.properties.grams"
EDGE_SURVIVES = ("passed weighed", f"`{GRAMS} >= limits.min_grams` becomes `{GRAMS} > limits.min_grams`")


def test_what_the_tests_do_not_look_at_survives(tmp_path):
    report, packages = scores(tmp_path)
    assert list(packages) == ["lib.gates", "shop.sell"]
    sell = packages["shop.sell"]
    assert EDGE_SURVIVES in survivors(sell)
    assert ("passed ripe", "`input.resource.properties.ripe == true` is dropped") not in survivors(sell)
    assert sell.mutants == sell.killed + len(sell.survivors)
    assert sell.unexplained == sell.survivors
    assert sell.percent == 100 * sell.killed // sell.mutants < 100
    assert not report.ok
    assert not any(each.rule == "decision" for each in (one.mutant for one in sell.survivors))


def test_a_library_answers_for_itself(tmp_path):
    _, packages = scores(tmp_path, {"rego/lib/gates_test.rego": GATES_TEST})
    assert packages["lib.gates"].killed == 0
    tested = GATES_TEST + (
        "\ntest_one_is_missing if {\n"
        '\tdecision := gates.decision("a", {"x", "y"}, {"x"}, []) with data.rules as {"a": {}}\n'
        '\tdecision.allow == false\n\tdecision.failed == {"y"}\n}\n'
    )
    _, packages = scores(tmp_path, {"rego/lib/gates_test.rego": tested})
    assert packages["lib.gates"].killed > 0


BLOCKS = "`enforcement: blocking` becomes `enforcement: monitoring`"


def test_what_a_gate_does_is_changed_too(tmp_path):
    _, packages = scores(tmp_path)
    assert {each for each in survivors(packages["shop.sell"]) if "enforcement" in each[1]} == {
        ("passed ripe", BLOCKS),
        ("passed weighed", BLOCKS),
    }
    [one] = [each.mutant for each in packages["shop.sell"].survivors if each.mutant.rule == "passed ripe"][:1]
    assert (one.line, one.source) == (14, "")
    unripe = SELL_TEST.replace('sell.decision.failed == {"ripe"}', "sell.decision.allow == false")
    _, packages = scores(tmp_path, {"rego/shop/sell_test.rego": unripe})
    assert ("passed ripe", BLOCKS) not in survivors(packages["shop.sell"])


def test_a_case_notices_as_a_rego_test_does(tmp_path):
    _, before = scores(tmp_path)
    _, after = scores(tmp_path, {"cases/shop.yaml": CASES.replace("grams: 80", "grams: 50")})
    assert survivors(before["shop.sell"]) - survivors(after["shop.sell"]) == {EDGE_SURVIVES}


def test_only_some_packages(tmp_path):
    heard = []
    report, packages = scores(tmp_path, only=["lib.gates"], told=lambda done, total: heard.append((done, total)))
    assert list(packages) == ["lib.gates"]
    assert heard == [(done, len(heard)) for done in range(1, len(heard) + 1)]
    assert report.stale == ()


def test_a_survivor_can_be_explained(tmp_path):
    text = explained(("shop.sell", *EDGE_SURVIVES, "nobody weighs so exactly"))
    report, packages = scores(tmp_path, {"mutants.yaml": text})
    [one] = [each for each in packages["shop.sell"].survivors if each.reason]
    assert (one.mutant.rule, one.mutant.change) == EDGE_SURVIVES
    assert one.reason == "nobody weighs so exactly"
    assert one not in packages["shop.sell"].unexplained
    assert report.stale == ()
    assert not report.ok


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("`input.resource.properties.ripe == true` is dropped", "a test notices this mutant"),
        ("`input.resource.properties.ripe == 3` is dropped", "there is no such mutant"),
    ],
)
def test_an_explanation_of_what_does_not_survive_is_stale(tmp_path, change, what):
    text = explained(("shop.sell", "passed ripe", change, "so it is"))
    report, _ = scores(tmp_path, {"mutants.yaml": text})
    assert report.stale == (f"mutants.yaml:1:1: {what}; take it out: `shop.sell`, `passed ripe`: {change}",)
    assert not report.ok
    assert scores(tmp_path, {"mutants.yaml": text}, only=["lib.gates"])[0].stale == ()


def test_an_explanation_for_no_package_is_stale(tmp_path):
    report, _ = scores(tmp_path, {"mutants.yaml": explained(("shop.buy", "a", "b", "c"))})
    assert len(report.stale) == 1


def test_all_survivors_explained_is_well(tmp_path):
    _, packages = scores(tmp_path)
    every = [(package, *key, "for the test") for package, each in packages.items() for key in sorted(survivors(each))]
    report, packages = scores(tmp_path, {"mutants.yaml": explained(*every)})
    assert report.ok
    assert {each.percent for each in packages.values()} == {100}
    assert PackageScore(package="a", file="b", killed=0, survivors=()).percent == 100


def test_a_mutant_that_does_not_compile_does_not_count(tmp_path):
    loose = SELL.replace(
        "input.resource.properties.ripe == true",
        '{\n\twalk(input.resource.properties, [path, value])\n\tpath == ["ripe"]\n\tvalue == true\n}',
    )
    changed = {"rego/shop/sell.rego": loose}
    made = [each.change for each in mutants(parse_syntax_trees(Engine(changed, "{}").syntax_trees())[0])]
    assert "`walk(input.resource.properties, [path, value])` is dropped" in made
    _, packages = scores(tmp_path, changed)
    held, gates = sum("decision" in each for each in made), 3
    assert packages["shop.sell"].mutants == gates + len(made) - held - 1


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"rego/shop/sell.rego": f"{SELL}\nx := \n"}, {}, "rego/shop/sell.rego:"),
        ({}, {"only": ["shop.buy"]}, "there is no package `shop.buy`"),
        ({"rego/shop/sell_test.rego": SELL_TEST.replace("allow == true", "allow == false")}, {}, "before anything is"),
        ({"cases/shop.yaml": "{}"}, {}, "list the cases"),
        ({"mutants.yaml": "a: 1"}, {}, "list the mutants"),
    ],
)
def test_what_cannot_be_scored_is_refused(tmp_path, changes, options, message):
    with pytest.raises(BundleError, match=message):
        scores(tmp_path, changes, **options)


@pytest.mark.parametrize(
    "text",
    [
        "- 1",
        "- {package: a, rule: b, change: c}",
        "- {package: a, rule: b, change: c, reason: ' '}",
        "- {package: a, rule: b, change: c, reason: 1}",
        "- {package: a, rule: b, change: c, reason: d, more: e}",
        "- {package: a, rule: b, change: c, reason: d}\n- {package: a, rule: b, change: c, reason: e}",
        "- &a b\n- *a",
    ],
)
def test_explanations_have_a_shape(text):
    with pytest.raises(BundleError, match=r"^mutants\.yaml:"):
        parse_reasons("mutants.yaml", text)


@given(st.text())
def test_no_text_raises_anything_else(text):
    with suppress(BundleError):
        parse_reasons("mutants.yaml", text)


def test_nothing_is_explained_in_no_file(tmp_path):
    assert parse_reasons("mutants.yaml", "[]") == {}
    assert stocked(tmp_path, {"rego/lib/gates.rego": GATES}).files.get("mutants.yaml") is None
