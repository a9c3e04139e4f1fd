"""Canonical JSON: RFC 8785 under the profile of docs/evidence-format.md, section 1.

Owns the one byte form of a value. Under the profile (no floats, integers within 2^53 - 1, ASCII
names) the standard library's encoder produces exactly RFC 8785; the tests hold it against `rfc8785`.
"""

import json
from typing import Any, NoReturn

from evidence.errors import MalformedError

MAX_INTEGER = (1 << 53) - 1
MAX_DEPTH = 32

_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False, allow_nan=False
).encode


def encode(value: Any) -> bytes:
    """Return the canonical bytes of `value`, which the caller knows to be within the profile.

    Raises:
        MalformedError: it has a lone surrogate, NaN, or something JSON does not know.
    """
    try:
        return _encode(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedError("value has no canonical form") from error


def canonical(value: Any) -> bytes:
    """Return the canonical bytes of `value`, checked against the whole profile.

    Raises:
        MalformedError: it is outside the profile.
    """
    _check(value, 0)
    return encode(value)


def parse(data: bytes) -> Any:
    """Return the value whose canonical form `data` is.

    Raises:
        MalformedError: the bytes are not the canonical form of anything.
    """
    try:
        value = _DECODER.decode(data.decode())
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON of the canonical profile") from error
    if encode(value) != data:
        raise MalformedError("bytes are not in canonical form")
    # Most records are ASCII and shallow; then no name can be otherwise, and the walk is not needed.
    if not data.isascii() or data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        _check(value, 0)
    return value


def _check(value: Any, depth: int) -> None:
    """Walk `value` and refuse what the profile refuses."""
    if value is None or type(value) in (bool, str):
        return
    if type(value) is int:
        if abs(value) > MAX_INTEGER:
            raise MalformedError("integer beyond 2^53 - 1")
        return
    if type(value) not in (dict, list):
        raise MalformedError("a value is neither null, boolean, integer, string, array nor object")
    if depth == MAX_DEPTH:
        raise MalformedError("nested too deeply")
    if type(value) is dict:
        for name in value:
            if type(name) is not str or not name.isascii():
                raise MalformedError("a member's name is not ASCII")
    for item in value.values() if type(value) is dict else value:
        _check(item, depth + 1)


def _integer(text: str) -> int:
    if len(text) > len(str(-MAX_INTEGER)) or abs(number := int(text)) > MAX_INTEGER:
        raise ValueError("integer beyond 2^53 - 1")
    return number


def _refuse(_: str) -> NoReturn:
    raise ValueError("neither floats nor constants are in the profile")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_refuse, parse_constant=_refuse)
