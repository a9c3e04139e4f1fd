"""Cases: what is said where one is misshapen, and how an answer is put into words."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.errors import BundleError
from app.pdp.model import Severity
from app.pdp.policy_case import gravest, parse_cases
from app.pdp.policy_test import run_tests
from tests.pdp.shop import stocked

INPUT = "{subject: {type: grocer, id: g-1}, action: {name: shop.sell}, resource: {type: fruit, id: a-1}}"


def case(*lines):
    return "# what the shop does\n- note: one\n  input: {}\n  want: {allow: true}\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["- 2"], "5:3: a case has `note`, `input` and `want`, and nothing else"),
        (["- note: two", "  wnat: {}"], "6:3: a case has `note`, `input` and `want`, and nothing else; not `wnat`"),
        (["- note: two", "  input: {}"], "5:3: a case has `note`, `input` and `want`; write `want`"),
        (["- input: {}", "  note: ' '", "  want: {}"], "6:3: `note` says in words what the case shows"),
        (["- note: two", "  input: []", "  want: {}"], "6:3: `input` is the question: "),
        (["- note: two", "  input: {}", "  want: deny"], "7:3: case `two`: `want` says `allow`, and may say failed, "),
        (
            ["- note: two", "  input: {}", "  want:", "    allow: true", "    fialed: []"],
            "9:5: case `two`: `want` says `allow`, and may say failed, obligations, diagnostics; not `fialed`",
        ),
        (["- note: two", "  input: {}", "  want:", "    allow: no"], "8:5: case `two`: `allow` is true or false"),
        (["- note: two", "  input: {}", "  want: {allow: true, failed: ripe}"], "7:23: case `two`: `failed` is a list"),
        (["- note: two", "  input: {}", "  want: {allow: true, failed: [1]}"], "7:23: case `two`: `failed` is a list"),
        (["- note: [", "  input: {}"], "7:1: did not find expected"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_wrong_with_a_case_is_said_with_its_line(lines, said):
    with pytest.raises(BundleError) as refused:
        parse_cases("cases/shop.yaml", case(*lines))
    assert str(refused.value).startswith(f"cases/shop.yaml:{said}")


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "[]", "one"])
def test_a_file_of_cases_is_a_list(text):
    with pytest.raises(BundleError, match=r"^cases/shop\.yaml:1:1: list the cases, each with `note`"):
        parse_cases("cases/shop.yaml", text)


@given(st.text() | st.from_regex(r"- (note|input|want): .{0,20}\n(  (note|input|want): .{0,20}\n){0,3}"))
def test_no_text_leaks_another_error(text):
    with suppress(BundleError):
        parse_cases("cases/shop.yaml", text)


def test_the_line_of_a_case_is_that_of_its_note():
    text = "- note: one of two\n  input: {}\n  want: {allow: true}\n- input: {}\n  want: {allow: true}\n  note: one\n"
    assert [each.line for each in parse_cases("cases/shop.yaml", text)] == [1, 6]


def outcome(tmp_path, want, asked=INPUT):
    text = f"- note: x\n  input: {asked}\n  want: {want}\n"
    [result] = [each for each in run_tests(stocked(tmp_path, {"cases/shop.yaml": text})).results if each.name == "x"]
    return result


ripe = INPUT.replace("id: a-1", "id: a-1, properties: {ripe: true, grams: 80, described: false}")
unripe = INPUT.replace("id: a-1", "id: a-1, properties: {ripe: false, grams: 1, described: true}")
bare = INPUT.replace("id: a-1", "id: a-1, properties: {ripe: true, grams: 80}")
gift = ripe.replace("resource:", "context: {gift: true}, resource:")


@pytest.mark.parametrize(
    ("want", "asked", "said"),
    [
        ("{allow: true, failed: [described]}", ripe, ("allow (described)", "allow (described)", Severity.LOW)),
        (
            "{allow: false, failed: [weighed, ripe]}",
            unripe,
            (*["deny (ripe, weighed)"] * 2, "critical"),
        ),
        ("{allow: true}", unripe, ("allow", "deny (ripe, weighed)", Severity.CRITICAL)),
        ("{allow: true, obligations: [wrap]}", gift, ("allow + wrap", "allow (described) + wrap", Severity.LOW)),
        (
            "{allow: false, diagnostics: [fact_missing]}",
            bare,
            (*["deny (fact_missing)"] * 2, "critical"),
        ),
        ("{allow: true}", "{}", ("allow", "no request", None)),
    ],
    ids=["monitored", "in any order", "the gravest", "an obligation", "no gate: the gravest of all", "no action"],
)
def test_what_was_to_come_out_and_what_did_is_said_in_words(tmp_path, want, asked, said):
    result = outcome(tmp_path, want, asked)
    assert (result.expected, result.actual, result.severity) == said
    assert result.of == ("" if asked == "{}" else "shop.sell")


def test_a_gate_or_action_that_is_not_there_is_said_where_a_case_fails(tmp_path):
    assert outcome(tmp_path, "{allow: false, failed: [rype]}", unripe).error.endswith(
        "`rype` is no gate of `shop.sell`"
    )
    other = unripe.replace("shop.sell", "shop.sel")
    assert outcome(tmp_path, "{allow: false}", other).error.endswith("there is no action `shop.sel`")


def test_nothing_is_at_stake_where_there_is_no_action():
    assert gravest(None, ["ripe"]) is None
