"""JSON text to values and back, without the liberties parsers take: I-JSON (RFC 7493) over RFC 8259.

Owns which texts are JSON here: UTF-8 without a byte order mark, no name twice in one object, no surrogates or
noncharacters, no NaN or infinities, no number that leaves the range in which every reader sees the same value.
Knows nothing of requests or decisions.

A message says which rule was broken and where. It never quotes what stood there, because that may be a person's data.
"""

import json
import re
from itertools import accumulate
from typing import Any, Final, NoReturn

import orjson

from app.pdp.errors import EvaluationError, MalformedRequestError, TooLargeError

MAX_BYTES: Final = 32_768
"""Size limit of a request, as received and as encoded again."""

MAX_DEPTH: Final = 64
"""Nesting limit: a scalar has depth 0, `[]` and `{}` have 1."""

MAX_INTEGER: Final = 2**53 - 1
"""Greatest magnitude of a number (RFC 7493, section 2.2): beyond it, readers round differently."""

_MAX_INTEGER_DIGITS: Final = 17  # sign and 16 digits: the text of a longer integer is never read as a number
_ALIKE: Final = bytes.maketrans(b"123456789E,[ \t\r\n-.", b"000000000e::::::00")
_LONG: Final = b"0" * 16  # any number of 15 digits is within 2^53-1
_EXPONENT: Final = re.compile(rb":0+e")  # after what a number may follow, a number with an exponent
_UNSURE: Final = object()
_NO_OPENING: Final = bytes(set(range(256)) - set(b"[{"))
_NO_BRACKET: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = dict(zip(b"[]{}", (1, -1, 1, -1), strict=True))
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_PLANE_ENDS: Final = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
_FORBIDDEN: Final = re.compile(f"[\ud800-\udfff\ufdd0-\ufdef{_PLANE_ENDS}]")


class _RuleError(ValueError):
    """A rule of this module, broken while the parser runs."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Return the value of the JSON text `data`.

    Raises:
        TooLargeError: `data` is longer than `max_bytes`.
        MalformedRequestError: it is no I-JSON text, or nested deeper than `max_depth`. Codes: `too_deep`, `not_utf8`,
            `not_json`, `duplicate_name`, `number_out_of_range`, `forbidden_character`.
    """
    if len(data) > max_bytes:
        raise TooLargeError(f"a JSON text of more than {max_bytes} bytes")
    if (value := _parse_plain(data, max_depth)) is not _UNSURE:
        return value
    try:
        return _parse(data, max_depth, _CAREFUL)
    except _RuleError as broken:
        raise MalformedRequestError(broken.code, str(broken)) from None


def _parse_plain(data: bytes, max_depth: int) -> Any:
    """Return the value of a text in which nothing needs a closer look, as most are; of any other, `_UNSURE`.

    A name that stands twice is noticed by its colon, which is gone when the value is written again: without an escape
    by number, a colon in a string stands for itself in both texts.
    """
    alike = b":" + data.translate(_ALIKE)
    if _LONG in alike or _EXPONENT.search(alike) or (b"\\" in data and b"\\u" in data):
        return _UNSURE
    try:
        value = orjson.loads(data)
        again = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except (ValueError, TypeError):  # no JSON, or deeper than can be written
        return _UNSURE
    nested = b"\n" + b"  " * max_depth  # something within so many brackets
    if again.count(b":") != data.count(b":") or nested in again:
        return _UNSURE
    return value if data.isascii() or not _FORBIDDEN.search(data.decode()) else _UNSURE


def parse_result(data: bytes) -> Any:
    """Return the value of what an evaluator answered: as `parse`, and no floating-point number anywhere.

    Raises:
        EvaluationError: it is anything else; the code is `malformed_decision`.
    """
    try:
        return _parse(data, MAX_DEPTH, _RESULT)
    except _RuleError:
        raise EvaluationError("malformed_decision") from None


def encode(value: Any) -> bytes:
    """Return the JSON text of a value that `parse` returned; `parse` gives the same value again.

    It can be longer than the text it came from (`1e15` becomes `1000000000000000.0`): who has a limit holds it here.

    Raises:
        TypeError: the value is none that JSON has.
    """
    return orjson.dumps(value, option=_PLAIN)


_PLAIN: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS


def _parse(data: bytes, max_depth: int, decoder: json.JSONDecoder) -> Any:
    _verify_depth(data, max_depth)
    try:
        text = data.decode()
        value = decoder.decode(text)
    except UnicodeDecodeError as error:
        raise _RuleError("not_utf8", f"no UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _RuleError("not_json", f"no JSON at character {error.pos}") from None
    except RecursionError:
        raise _RuleError("too_deep", "nested deeper than the parser goes") from None
    escaped = "\\u" in text
    if escaped or not text.isascii():
        _verify_characters(json.dumps(value, ensure_ascii=False) if escaped else text)
    return value


def _verify_depth(data: bytes, max_depth: int) -> None:
    """Raise before the parser, which recurses, sees a text nested too deep."""
    if len(data.translate(None, _NO_OPENING)) <= max_depth:
        return
    brackets = _STRING.sub(b"", data).translate(None, _NO_BRACKET)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > max_depth:
        raise _RuleError("too_deep", f"nested deeper than {max_depth}")


def _verify_characters(text: str) -> None:
    """Raise for surrogates and noncharacters (RFC 7493, section 2.1), wherever they stand, in names too."""
    if _FORBIDDEN.search(text):
        raise _RuleError("forbidden_character", "a surrogate or a noncharacter in a name or a string")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _RuleError("duplicate_name", "a name stands twice in one object")
    return members


def _integer(text: str) -> int:
    if len(text) <= _MAX_INTEGER_DIGITS:
        value = int(text)
        if -MAX_INTEGER <= value <= MAX_INTEGER:
            return value
    raise _RuleError("number_out_of_range", "a number beyond 2^53-1")


def _float(text: str) -> float:
    value = float(text)
    if -MAX_INTEGER <= value <= MAX_INTEGER:
        return value
    raise _RuleError("number_out_of_range", "a number beyond 2^53-1")


def _constant(_: str) -> NoReturn:
    raise _RuleError("not_json", "NaN and infinities are no JSON")


def _no_float(_: str) -> NoReturn:
    raise _RuleError("number_out_of_range", "a floating-point number")


_CAREFUL: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
_RESULT: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_no_float, parse_constant=_constant
)
