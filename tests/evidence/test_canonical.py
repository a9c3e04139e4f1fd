import json
from contextlib import suppress

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from evidence import canonical
from evidence.errors import MalformedError

NAMES = st.text(st.characters(min_codepoint=0, max_codepoint=127), max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


@given(VALUES)
def test_bytes_are_those_of_rfc_8785(value):
    assert canonical.canonical(value) == rfc8785.dumps(value)


@given(VALUES)
def test_parse_reads_back_what_was_encoded(value):
    assert canonical.parse(canonical.canonical(value)) == value


def nested(depth, inside="1"):
    return "[" * depth + inside + "]" * depth


REFUSED = {
    "white space": '{"a": 1}',
    "names out of order": '{"b":1,"a":1}',
    "a duplicate name": '{"a":1,"a":1}',
    "a float": "1.0",
    "an exponent": "1e2",
    "minus zero": "-0",
    "a leading zero": "01",
    "an integer beyond 2^53": str(canonical.MAX_INTEGER + 1),
    "an integer far below": str(-(10**400)),
    "not a number": "NaN",
    "infinity": "-Infinity",
    "a needless escape": '"\\u0041"',
    "an upper-case escape": '"\\u001F"',
    "an escaped slash": '"\\/"',
    "a raw control character": '"\t"',
    "a lone surrogate": '"\\ud800"',
    "a surrogate pair as escapes": '"\\ud83d\\ude00"',
    "a name beyond ASCII": '{"é":1}',
    "nesting of 33": nested(33),
    "nesting without end": "[" * 100_000,
    "a byte order mark": '\ufeff"a"',
    "nothing": "",
    "a trailing comma": "[1,]",
    "two values": "1 1",
    "trailing newline": "1\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_refuses(text):
    with pytest.raises(MalformedError):
        canonical.parse(text.encode())


@pytest.mark.parametrize(
    "text", [nested(32), nested(32, ""), '{"a":' * 32 + "1" + "}" * 32, '"é"', "[" + '{"a":[]},' * 40 + "0]"]
)
def test_takes_what_is_just_within(text):
    canonical.parse(text.encode())


UNSPEAKABLE = {
    "a float": 0.5,
    "an object of ours": object(),
    "a name that is no string": {1: 2},
    "a lone surrogate": "\ud800",
    "too large an integer": 1 << 60,
    "a name beyond ASCII": {"é": 1},
    "too deep": json.loads(nested(33)),
    "a tuple": (1,),
}


@pytest.mark.parametrize("value", UNSPEAKABLE.values(), ids=UNSPEAKABLE)
def test_has_no_bytes_for(value):
    with pytest.raises(MalformedError):
        canonical.canonical(value)


def test_encode_refuses_what_json_does_not_know():
    with pytest.raises(MalformedError):
        canonical.encode({"a": object()})


@given(st.binary(max_size=60))
def test_parse_leaks_no_other_error(data):
    with suppress(MalformedError):
        canonical.parse(data)
