"""The file of approvals: its one form, and what it covers."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.impact.approvals import MAX_BYTES, Approval, Approvals, ApprovalsError, parse_approvals
from app.impact.tally import Change, Flip

TODAY = date(2026, 11, 22)
ONE = '{action: shop.sell, rule: ripe, reason: said so, expires: "2026-11-22"}'


def parsed(text):
    return parse_approvals("a.yaml", text.encode(), TODAY)


def flip(*rules, action="shop.sell"):
    return Flip(Change.ALLOWED, action, "grocer", rules)


def test_an_approval_counts_up_to_its_last_day():
    found = parsed(f"approved:\n  - {ONE}\n  - {ONE.replace('22', '21')}\n")
    assert [each.expires.day for each in found.valid] == [22]
    assert [each.expires.day for each in found.expired] == [21]
    assert found.valid[0] == Approval(action="shop.sell", rule="ripe", reason="said so", expires=TODAY)


def test_json_is_yaml():
    assert parsed('{"approved": []}') == Approvals()


def test_a_flip_needs_an_approval_for_each_of_its_rules():
    found = parsed(f"approved: [{ONE}]")
    assert found.of(flip("ripe")) == found.valid
    assert found.of(flip("ripe", "weighed")) == ()
    assert found.of(flip("ripe", action="shop.steal")) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("[]", "write `approved:`", id="a list"),
        pytest.param("approved: {}", "write `approved:`", id="no list"),
        pytest.param("approved: []\nmore: 1", "and nothing else", id="more members"),
        pytest.param("approved: [1]", "number 1: an approval has action, rule", id="no object"),
        pytest.param(f"approved: [{ONE.replace('rule', 'gate')}]", "an approval has", id="another member"),
        pytest.param(f"approved: [{ONE.replace('said so', '7')}]", "are texts", id="a number"),
        pytest.param("approved: [" + ONE.replace("said so", "' '") + "]", "none empty", id="no reason"),
        pytest.param(f"approved: [{ONE.replace('2026-11-22', 'soon')}]", "`expires` is a date", id="no date"),
        pytest.param("approved: [", "expected node content", id="no YAML"),
        pytest.param("\ud800", "not UTF-8", id="no text"),
        pytest.param("#" * (MAX_BYTES + 1), "larger than", id="too large"),
    ],
)
def test_what_is_no_file_of_approvals_is_refused(text, says):
    with pytest.raises(ApprovalsError, match=f"^a.yaml.*{says}"):
        parse_approvals("a.yaml", text.encode("utf-8", "surrogatepass"), TODAY)


@given(st.binary(max_size=80) | st.from_regex(r"approved: \[\{[a-z: ,\[\]]{0,40}\}\]").map(str.encode))
def test_no_other_error_leaks(data):
    with suppress(ApprovalsError):
        parse_approvals("a.yaml", data, TODAY)
