"""The bytes that records are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.recording import canonical
from evidence.canonical import MAX_INTEGER
from evidence.canonical import encode as reference
from evidence.errors import MalformedError

ASCII = st.text(st.characters(max_codepoint=127), max_size=9)
TEXT = st.text(max_size=20) | st.sampled_from(['\x7f\x00\x1f"\\/\b\f\n\r\t', "\N{LINE SEPARATOR}é\U0001f600"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
)


@given(st.dictionaries(ASCII, VALUES, max_size=6))
def test_an_object_has_the_bytes_that_the_log_gives_it(value):
    assert canonical(value) == reference(value)


@pytest.mark.parametrize(
    "value",
    [pytest.param("\udc80", id="a lone surrogate"), pytest.param(object(), id="what JSON does not know")],
)
def test_what_has_no_canonical_form_is_refused(value):
    for encode in (canonical, reference):
        with pytest.raises(MalformedError):
            encode({"a": value})
