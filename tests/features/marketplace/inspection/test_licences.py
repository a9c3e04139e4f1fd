"""Licences are SPDX expressions; what is not, is unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.inspection.bom import Component
from app.features.marketplace.inspection.licences import examined, standing

DENIED = ["AGPL-3.0-only", "SSPL-1.0"]


@pytest.mark.parametrize(
    ("stated", "stands"),
    [
        (["MIT"], "fine"),
        (["mit"], "fine"),
        ([], "unlicensed"),
        (["Proprietary-Foo"], "unknown"),
        (["NOASSERTION"], "unknown"),
        (["((("], "unknown"),
        (["AGPL-3.0-only"], "denied"),
        (["MIT OR AGPL-3.0-only"], "fine"),
        (["MIT AND AGPL-3.0-only"], "denied"),
        (["AGPL-3.0-only OR SSPL-1.0"], "denied"),
        (["MIT", "AGPL-3.0-only"], "denied"),
        (["MIT", "Foo"], "unknown"),
        (["GPL-2.0-only WITH Classpath-exception-2.0"], "fine"),
        (["AGPL-3.0-only WITH Classpath-exception-2.0"], "denied"),
        (["MIT AND " * 50 + "MIT"], "unknown"),
        (["M" * 501], "unknown"),
    ],
)
def test_the_worst_that_is_stated_counts(stated, stands):
    assert standing(stated, DENIED) == stands


def test_components_are_named_by_what_is_wrong():
    parts = [("a", ()), ("b", ("Foo",)), ("c", ("SSPL-1.0",)), ("d", ("MIT",))]
    found = examined([Component(ecosystem="", name=name, version="1", licences=said) for name, said in parts], DENIED)
    assert (found.unlicensed, found.unknown, found.denied) == (("a",), ("b",), ("c",))


@given(st.text(max_size=30) | st.sampled_from(["(MIT", "MIT WITH", "OR", "MIT WITH MIT", "+", "MIT+ AND"]))
def test_any_text_has_a_standing(text):
    assert standing([text], DENIED) in {"fine", "unknown", "denied"}
