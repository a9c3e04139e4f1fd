"""What a diff says to whoever reads rules."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.policies.changes.rule_diff import Change, Kind, Line, summary

GATE = """package shop.sell

# METADATA
# title: the fruit is ripe
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1]}
passed contains "ripe" if input.resource.properties.ripe == true
"""
NEXT = (
    GATE
    + """
# METADATA
# title: the fruit is weighed
# custom: {severity: low, enforcement: monitoring, controls: [soc2/CC8.1]}
passed contains "weighed" if input.resource.properties.weighed == true
"""
)
SELL = "policies/rego/shop/sell.rego"
LIMITS = "policies/data/thresholds.json"


def change(path, before, after):
    return Change(path=path, before=before and before.encode(), after=after and after.encode())


def said(*changes):
    return [(line.kind, line.what, line.loosens) for line in summary(changes)]


def test_a_gate_is_added():
    [code, added] = summary([change(SELL, GATE, NEXT)])
    assert added == Line(
        kind=Kind.ADDED, what="shop.sell: weighed", detail="low, monitoring: the fruit is weighed", loosens=False
    )
    assert (code.what, code.detail, code.loosens) == ("shop.sell", "conditions or code", True)


def test_a_gate_is_removed_and_stands_first():
    assert said(change("README.md", "a", "b"), change(SELL, NEXT, GATE))[0] == (
        Kind.REMOVED,
        "shop.sell: weighed",
        True,
    )


def test_a_gate_blocks_no_more():
    softer = GATE.replace("blocking", "monitoring").replace("critical", "low")
    [first, _] = summary([change(SELL, GATE, softer)])
    assert (first.kind, first.loosens) == (Kind.CHANGED, True)
    assert first.detail == "enforcement from blocking to monitoring; severity from critical to low"


def test_titles_and_controls():
    other = GATE.replace("ripe\n", "ripe and red\n").replace("CC8.1", "CC8.2")
    [first, rest] = summary([change(SELL, GATE, other)])
    assert (rest.detail, rest.loosens) == ("comments or METADATA, no conditions", False)
    assert (
        first.detail
        == "title from `the fruit is ripe` to `the fruit is ripe and red`; controls from soc2/CC8.1 to soc2/CC8.2"
    )


def test_conditions_alone():
    [line] = summary([change(SELL, GATE, GATE.replace("== true", "== false"))])
    assert (line.kind, line.what, line.detail, line.loosens) == (Kind.CHANGED, "shop.sell", "conditions or code", True)


@pytest.mark.parametrize(
    ("path", "loosens"),
    [
        ("policies/OWNERS.yaml", True),
        ("policies/allowed_signers", True),
        ("policies/rego/shop/sell.schema.json", True),
        ("policies/NOTES.md", False),
    ],
)
def test_who_may_approve_and_sign_and_which_facts_count_is_looked_at(path, loosens):
    assert said(change(path, "a", "b")) == [(Kind.CHANGED, path, loosens)]


def test_a_line_of_a_text_is_no_comment():
    text = GATE + "\nnote := `\n# one\n`\n"
    [line] = summary([change(SELL, text, text.replace("# one", "# two"))])
    assert (line.detail, line.loosens) == ("conditions or code", True)


def test_a_whole_package_comes_and_goes():
    assert said(change(SELL, None, GATE)) == [(Kind.ADDED, "shop.sell: ripe", False)]
    assert said(change(SELL, GATE, None)) == [(Kind.REMOVED, "shop.sell: ripe", True)]
    assert said(change("policies/rego/lib/a.rego", None, "package lib.a")) == [(Kind.ADDED, "lib.a", False)]
    assert said(change("policies/rego/lib/a.rego", "package lib.a", None)) == [(Kind.REMOVED, "lib.a", True)]


@pytest.mark.parametrize("broken", ['# METADATA\n# title: [\npassed contains "a" if true\n', "\udcff"])
def test_what_cannot_be_read_is_said_first(broken):
    data = broken.encode(errors="surrogateescape")
    [line] = summary([Change(path=SELL, before=GATE.encode(), after=data)])
    assert (line.detail, line.loosens) == ("its METADATA cannot be read", True)


def test_limits_by_their_path():
    before = {"shop": {"min": 3, "list": [1], "gone": None}, "same": 1}
    after = {"shop": {"min": 2.5, "list": [1, 2], "new": {"a": "x" * 300}}, "same": 1}
    lines = summary([change(LIMITS, json.dumps(before), json.dumps(after))])
    assert [(line.kind, line.what, line.detail) for line in lines][:3] == [
        (Kind.REMOVED, "data.thresholds.shop.gone", "null"),
        (Kind.CHANGED, "data.thresholds.shop.list", "[1] to [1, 2]"),
        (Kind.CHANGED, "data.thresholds.shop.min", "3 to 2.5"),
    ]
    assert (lines[3].kind, lines[3].detail[-1]) == (Kind.ADDED, "…")


def test_an_integer_that_becomes_another_type_is_a_change():
    assert said(change(LIMITS, '{"a": 1}', '{"a": true}')) == [(Kind.CHANGED, "data.thresholds.a", True)]


def test_a_table_comes_goes_or_breaks():
    assert said(change(LIMITS, None, "{}")) == [(Kind.ADDED, "data.thresholds", True)]
    assert said(change(LIMITS, "{}", None)) == [(Kind.REMOVED, "data.thresholds", True)]
    [line] = summary([change(LIMITS, "{}", "{")])
    assert line.detail == "cannot be read as JSON"


def test_other_files_are_named_and_lost_tests_stand_out():
    assert said(change("README.md", "a", "b")) == [(Kind.CHANGED, "README.md", False)]
    assert said(change("policies/rego/a_test.rego", "a", None)) == [(Kind.REMOVED, "policies/rego/a_test.rego", True)]
    assert said(change("policies/cases/a.yaml", "a", None)) == [(Kind.REMOVED, "policies/cases/a.yaml", True)]


@given(st.sampled_from([SELL, LIMITS, "x"]), st.none() | st.binary(max_size=60), st.none() | st.binary(max_size=60))
def test_whatever_the_files_hold_there_is_a_summary(path, before, after):
    summary([Change(path=path, before=before, after=after)])
