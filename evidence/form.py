"""The small forms that members of records, seals and notes take: hex, base64, times, names.

docs/evidence-format.md, section 1. Each function takes any value and returns it, or raises
`MalformedError`; none of them does more than look at the one value.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from evidence.errors import MalformedError

type_of = type  # `type` is also a member's name
HASH_ZERO = "0" * 64  # what stands where there is no hash yet

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def matching(pattern: str) -> Callable[[Any], str]:
    """Return a check for strings that `pattern` matches from end to end."""
    compiled = re.compile(pattern)

    def check(value: Any) -> str:
        if type_of(value) is not str or not compiled.fullmatch(value):
            raise MalformedError("a member does not have its form")
        return value

    return check


chain = matching("[0-9a-f]{20}")
retention_class = matching("[a-z0-9]{1,16}")
tenant = matching("[a-z0-9][a-z0-9_-]{0,63}")
hash_hex = matching("[0-9a-f]{64}")


def integer(value: Any, *, least: int = 0) -> int:
    """Return `value` if it is an integer of at least `least` (True is not one)."""
    if type_of(value) is not int or value < least:
        raise MalformedError("a member is not an integer in its range")
    return value


def time(value: Any) -> str:
    """Return `value` if it is a time: UTC, six digits of fraction, a date that exists."""
    if type_of(value) is not str or not _TIME.fullmatch(value):
        raise MalformedError("a member is not a time")
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise MalformedError("a member is not a time") from error
    return value


def time_text(moment: datetime) -> str:
    """Return the log's form of `moment`, which must know its time zone."""
    moment = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def base64_bytes(text: str) -> bytes:
    """Return the bytes of canonical base64 with padding (RFC 4648, section 4)."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError("not base64") from error
    if base64_text(data) != text:
        raise MalformedError("not canonical base64")
    return data


def base64_text(data: bytes) -> str:
    """Return canonical base64 with padding."""
    return base64.b64encode(data).decode()


def members(value: Any, required: frozenset[str], optional: frozenset[str] = frozenset()) -> Mapping[str, Any]:
    """Return `value` if it is an object with all of `required` and nothing beyond `optional`."""
    if type_of(value) is not dict or not required <= value.keys() or not value.keys() <= required | optional:
        raise MalformedError("members are missing or unknown")
    return value
