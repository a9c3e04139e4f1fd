"""The shipped policies decide the same in OPA's own engine: every Rego test, every case, a thousand inputs more."""

import json
from collections import Counter

import pytest

from tests.opa.oracle import listed
from tests.opa.shipped import BUNDLE, COUNT, decisions, made, rego_tests, told

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


def test_every_rego_test_passes_in_both(opa, say):
    compared = rego_tests(opa)
    by_feature = Counter(name.partition(".")[0] for name in compared.names)
    counts = ", ".join(f"{feature} {count}" for feature, count in sorted(by_feature.items()))
    say(f"Rego tests: {counts}: {len(compared.differences)} differ")
    assert not compared.differences, listed(compared.differences)
    assert set(compared.here) == {("value", "true")}
    assert by_feature.keys() == {"lib", *(action.partition(".")[0] for action in BUNDLE.actions)}


@pytest.mark.parametrize("action", sorted(BUNDLE.actions))
def test_cases_and_a_thousand_inputs_are_decided_the_same(opa, action, say):
    stated, thousand = told(action), made(action)
    compared = decisions(opa, action, stated + thousand)
    kinds = Counter(json.loads(text)["allow"] if kind == "value" else kind for kind, text in compared.here)
    say(
        f"{action}: {len(stated)} cases, {len(thousand)} made inputs: {kinds[True]} allowed, {kinds[False]} denied, "
        f"{len(set(compared.here))} decisions apart, {len(compared.differences)} differ"
    )
    assert not compared.differences, listed(compared.differences)
    assert stated
    assert len(thousand) == COUNT
    assert kinds.keys() == {True, False}
