"""I-JSON: what is let in is what every reader reads the same way, and a refusal never says what it saw."""

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.pdp.errors import EvaluationError, MalformedRequestError, TooLargeError
from app.pdp.strict_json import _CAREFUL, _UNSURE, MAX_INTEGER, _parse, _parse_plain, encode, parse, parse_result

ACCEPTED = {
    "an object": (b'{"a": 1}', {"a": 1}),
    "a scalar at the top": (b"true", True),
    "null": (b" null ", None),
    "white space all around": (b" \t\r\n[1 , 2]\n", [1, 2]),
    "the same name in two objects": (b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
    "the greatest integer": (b"9007199254740991", MAX_INTEGER),
    "the least integer": (b"-9007199254740991", -MAX_INTEGER),
    "minus zero": (b"-0", 0),
    "a fraction": (b"0.1", 0.1),
    "an exponent": (b"1E2", 100.0),
    "a number that underflows to zero": (b"1e-400", 0.0),
    "many digits after the point": (b"0.12345678901234567890", 0.12345678901234568),
    "many digits in a string": (b'"12345678901234567890"', "12345678901234567890"),
    "an escaped pair of surrogates": (b'"\\ud83d\\ude00"', "\U0001f600"),
    "a raw emoji": ('"\U0001f600"'.encode(), "\U0001f600"),
    "an escaped backslash before ud800": (b'"\\\\ud800"', "\\ud800"),
    "an escaped line feed": (b'"\\n"', "\n"),
    "brackets in a string are no nesting": (b'["' + b"[" * 100 + b'"]', ["[" * 100]),
    "brackets in a string alone": (b'"' + b"[" * 100 + b'"', "[" * 100),
    "brackets behind an escaped quote": (b'["\\"' + b"[" * 100 + b'"]', ['"' + "[" * 100]),
    "nested as deep as it may": (b"[" * 64 + b"]" * 64, None),
    "digits and an e in a string": (b'["00e1", "a,1e99"]', ["00e1", "a,1e99"]),
    "a colon in a string": (b'{"a:b": "c:d"}', {"a:b": "c:d"}),
    "an escaped colon": (b'{"a": "\\u003a"}', {"a": ":"}),
    "many brackets side by side": (b"[" + b",".join([b"[]"] * 100) + b"]", [[]] * 100),
}

REFUSED = {
    "nothing": (b"", "not_json"),
    "white space alone": (b"  ", "not_json"),
    "two values": (b"1 2", "not_json"),
    "a value that ends early": (b'{"a":', "not_json"),
    "a comma too many": (b"[1,]", "not_json"),
    "a comment": (b"[1] // one", "not_json"),
    "single quotes": (b"{'a': 1}", "not_json"),
    "a name that is no string": (b"{1: 1}", "not_json"),
    "NaN": (b"[NaN]", "not_json"),
    "Infinity": (b"[Infinity]", "not_json"),
    "minus Infinity": (b"-Infinity", "not_json"),
    "a plus sign": (b"+1", "not_json"),
    "a leading zero": (b"01", "not_json"),
    "a fraction without digits": (b"1.", "not_json"),
    "a hexadecimal number": (b"0x10", "not_json"),
    "a raw line feed in a string": (b'"\n"', "not_json"),
    "an escape that is none": (b'"\\x41"', "not_json"),
    "a vertical tab for white space": (b"\x0b1", "not_json"),
    "a no-break space for white space": ("\u00a01".encode(), "not_json"),
    "digits of another script": ("\u0661".encode(), "not_json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "not_json"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "not_utf8"),
    "UTF-32 without a mark": ("[1]".encode("utf-32-le"), "not_json"),
    "Latin 1": (b'"\xe9"', "not_utf8"),
    "an overlong encoding": (b'"\xc0\xaf"', "not_utf8"),
    "a surrogate in UTF-8": (b'"\xed\xa0\x80"', "not_utf8"),
    "a name twice": (b'{"a":1,"a":1}', "duplicate_name"),
    "a name twice, once escaped": (b'{"a":1,"\\u0061":2}', "duplicate_name"),
    "a name twice, deep inside": (b'{"b":[{"a":1,"a":2}]}', "duplicate_name"),
    "a name twice, the first with colons": (b'{"a":{"b":":"},"a":1}', "duplicate_name"),
    "a name twice beside an escaped colon": (b'{"a":1,"a":2,"b":"\\u003a"}', "duplicate_name"),
    "a name twice behind a fraction": (b'{"b":1.5,"a":1,"a":1}', "duplicate_name"),
    "a float of an exponent in a list": (b"[0, 1e16]", "number_out_of_range"),
    "a negative float of an exponent after a space": (b'{"a": -1.5E+16}', "number_out_of_range"),
    "a lone high surrogate": (b'"\\ud800"', "forbidden_character"),
    "a lone low surrogate": (b'"\\udc00"', "forbidden_character"),
    "surrogates the wrong way round": (b'"\\ude00\\ud83d"', "forbidden_character"),
    "a lone surrogate in a name": (b'{"\\ud800": 1}', "forbidden_character"),
    "a noncharacter": (b'"\\ufffe"', "forbidden_character"),
    "a raw noncharacter": ('"\uffff"'.encode(), "forbidden_character"),
    "a noncharacter of another plane": ('"\U0010ffff"'.encode(), "forbidden_character"),
    "an integer beyond the range": (b"9007199254740992", "number_out_of_range"),
    "an integer below the range": (b"[-9007199254740992]", "number_out_of_range"),
    "an integer of 20,000 digits": (b"1" * 20_000, "number_out_of_range"),
    "a float beyond the range": (b"9007199254740992.0", "number_out_of_range"),
    "a float of an exponent beyond the range": (b"1e16", "number_out_of_range"),
    "a float that overflows": (b"1e400", "number_out_of_range"),
    "a negative float that overflows": (b"-1e400", "number_out_of_range"),
    "nested too deep": (b"[" * 65 + b"]" * 65, "too_deep"),
    "nested too deep behind a string that never ends": (b"[" * 65 + b'"', "too_deep"),
    "closed more often than opened": (b"]" * 70 + b"[" * 70, "not_json"),
    "nested too deep and never closed": (b"[" * 30_000, "too_deep"),
    "objects nested too deep": (b'{"a":' * 65 + b"1" + b"}" * 65, "too_deep"),
}


@pytest.mark.parametrize(("text", "value"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(text, value):
    parsed = parse(text)
    if value is not None:
        assert parsed == value
        assert type(parsed) is type(value)


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
def test_refuses(text, code):
    with pytest.raises(MalformedRequestError) as refused:
        parse(text)
    assert refused.value.code == code


def test_size_comes_first():
    with pytest.raises(TooLargeError):
        parse(b"[" * 32_769)


def test_a_text_of_the_greatest_size_is_read():
    assert parse(b'"' + b"a" * 32_766 + b'"') == "a" * 32_766


def test_a_text_deeper_than_the_parser_goes_is_refused_and_nothing_else_happens():
    with pytest.raises(MalformedRequestError) as refused:
        parse(b"[" * 200_000, max_bytes=1 << 20, max_depth=1 << 20)
    assert refused.value.code == "too_deep"


@pytest.mark.parametrize(
    "text",
    [
        b'{"secret":1,"secret":2}',
        b'["secret',
        b'{"a": "secret\\ud800"}',
        b"[secret]",
        b'"secret\xff"',
        b"4242424242424242424242",
    ],
)
def test_a_refusal_never_quotes_what_it_refuses(text):
    with pytest.raises(MalformedRequestError) as refused:
        parse(text)
    assert "secret" not in refused.value.detail
    assert "4242" not in refused.value.detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.floats(-1e15, 1e15) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(b'{"a":1,"a":2}')
@example(b"[1e999]")
def test_whatever_comes_in_is_read_or_refused_and_read_as_everybody_reads_it(data):
    try:
        value = parse(data)
    except MalformedRequestError:
        return
    assert value == json.loads(data)


@given(JSON, st.booleans())
def test_what_json_can_say_is_read_unless_a_rule_forbids_it(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    try:
        parsed = parse(text)
    except MalformedRequestError as refused:
        parsed = refused.code
    assert parsed in (value, "forbidden_character")


@given(st.text(alphabet='[]{}",:\\u0123456789eE.-+ truefalsn', max_size=60))
def test_text_made_of_json_characters_is_read_as_everybody_reads_it(text):
    try:
        value = parse(text.encode())
    except MalformedRequestError:
        return
    assert value == json.loads(text)


PIECES = st.sampled_from(
    [
        '{"a":',
        '{"b":[',
        '"a":',
        '"a:":',
        "}",
        "]",
        ",",
        ":",
        "1",
        "-0",
        "0.5",
        "1e16",
        '"\\u003a"',
        '":"',
        '"é"',
        "[",
        "\n",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join), st.integers(0, 5))
def test_a_text_that_needs_no_closer_look_reads_the_same_under_one(text, max_depth):
    plain = _parse_plain(text.encode(), max_depth)
    if plain is not _UNSURE:
        careful = _parse(text.encode(), max_depth, _CAREFUL)
        assert (json.dumps(plain), plain) == (json.dumps(careful), careful)


@given(JSON)
def test_what_was_read_is_written_so_that_it_reads_the_same(value):
    try:
        parsed = parse(json.dumps(value).encode())
    except MalformedRequestError:
        return
    again = parse(encode(parsed), max_bytes=1 << 20)
    assert again == parsed
    assert json.dumps(again) == json.dumps(parsed)


def test_writing_again_can_grow():
    assert encode(parse(b"[1e15]")) == b"[1000000000000000.0]"


@pytest.mark.parametrize("value", [{1: 2}, {"a": object()}, {"a": "\ud800"}, {"a": 2**70}, {"a": (1).__class__}])
def test_writing_refuses_what_json_does_not_have(value):
    with pytest.raises(TypeError):
        encode(value)


RESULTS_REFUSED = {
    "a float": b"[1.5]",
    "a whole float": b"[1.0]",
    "an exponent": b"[1e2]",
    "a great integer": b"[9007199254740992]",
    "a name twice": b'{"a":1,"a":2}',
    "a name that is no string": b"{1:2}",
    "a lone surrogate": b'"\\ud800"',
    "no JSON": b"<undefined>",
    "no UTF-8": b"\xff",
    "nested too deep": b"[" * 65 + b"]" * 65,
}


def test_a_result_is_read():
    assert parse_result(b'{"result": [{"a": [1, true, "x"]}]}') == {"result": [{"a": [1, True, "x"]}]}


@pytest.mark.parametrize("text", RESULTS_REFUSED.values(), ids=RESULTS_REFUSED)
def test_a_result_is_refused(text):
    with pytest.raises(EvaluationError) as refused:
        parse_result(text)
    assert refused.value.code == "malformed_decision"


@given(st.binary(max_size=100))
def test_a_result_is_read_or_refused(data):
    try:
        value = parse_result(data)
    except EvaluationError:
        return
    assert value == json.loads(data)
    assert not isinstance(value, float) or math.isfinite(value)
