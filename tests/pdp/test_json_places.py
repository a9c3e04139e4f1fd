"""Where in a JSON text something stands: the place an editor shows."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.pdp.errors import MalformedRequestError
from app.pdp.json_places import place_of, place_of_breach
from app.pdp.strict_json import parse

TEXT = b"""{
  "a": {"b": [1, {"c": "}"}],
        "\\u0064": 2},
  "\xc3\xa4": "\xc3\xa4", "x": 1
}
"""

PLACES = {
    "the whole": ([], "1:1"),
    "a member": (["a"], "2:3"),
    "a member of a member": (["a", "b"], "2:9"),
    "an item": (["a", "b", "0"], "2:15"),
    "a member of an item": (["a", "b", "1", "c"], "2:19"),
    "a name that is written with an escape": (["a", "d"], "3:9"),
    "a name behind characters of two bytes": (["x"], "4:13"),
    "what is not there is where it would be": (["a", "z", "y"], "2:3"),
    "nothing of it is there": (["z"], "1:1"),
}


@pytest.mark.parametrize(("path", "place"), PLACES.values(), ids=PLACES)
def test_the_place_of_a_member(path, place):
    assert place_of(TEXT, path) == place


def test_a_text_that_is_empty_begins_where_it_ends():
    assert place_of(b"", ["a"]) == "1:1"


BREACHES = {
    "a comma too many": (b'{\n "a": 1,\n}', "not_json", "3:1"),
    "a word that is none": (b'{"a": [1,\n  tru]}', "not_json", "2:3"),
    "a name without quotation marks": (b"[{a: 1}]", "not_json", "1:3"),
    "a bracket too many": (b"[]\n]", "not_json", "2:1"),
    "a text that does not end": (b'["a', "not_json", "1:2"),
    "a text of nothing": (b"", "not_json", "1:1"),
    "NaN": (b'{"a": 1,\n "b": NaN}', "not_json", "2:7"),
    "NaN before an integer of thousands of digits": (b"[NaN, %s]" % (b"9" * 5_000), "not_json", "1:2"),
    "a name that stands twice": (b'{"a": {"b": 1}, "b": 2,\n "a": 3}', "duplicate_name", "2:2"),
    "a name that stands twice in another spelling": (b'{"a": 1, "\\u0061": 3}', "duplicate_name", "1:10"),
    "a number that is too large": (b"[1,\n 1e400]", "number_out_of_range", "2:2"),
    "an integer that is too large": (b'["12345678901234567890",\n 12345678901234567890]', "number_out_of_range", "2:2"),
    "half a character": (b'["a",\n\n "\\ud800"]', "forbidden_character", "3:2"),
    "half a character in a name": (b'{"a": 1, "\\ud800": 2}', "forbidden_character", "1:10"),
    "nested too deep": (b'{"a":\n' + b"[" * 64 + b"]" * 64 + b"}", "too_deep", "2:64"),
    "no UTF-8": (b'{"\xc3\xa4":\n "\xc3\xa4\xff"}', "not_utf8", "2:4"),
}


@pytest.mark.parametrize(("data", "code", "place"), BREACHES.values(), ids=BREACHES)
def test_the_place_of_what_is_refused(data, code, place):
    with pytest.raises(MalformedRequestError) as refused:
        parse(data)
    assert refused.value.code == code
    assert place_of_breach(data, code) == place


def test_what_is_not_found_is_somewhere_in_the_file():
    assert place_of_breach(b"[1]", "duplicate_name") == "1:1"


@given(st.text(alphabet='[]{}",:\\ua01\n \ud800é', max_size=40) | st.text(max_size=40))
@example("[[[[[")
@example('"\\')
def test_every_refusal_has_a_place_in_the_text(text):
    data = text.encode("utf-8", "surrogatepass")
    try:
        parse(data, max_depth=4)
    except MalformedRequestError as error:
        line, column = map(int, place_of_breach(data, error.code).split(":"))
        lines = data.decode(errors="replace").split("\n")
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", place_of(data, ["a", "0"]))
