"""The form of a time stamp's object, as far as anybody can check it who trusts no authority.

docs/evidence-format.md, section 6: which hash it is over, and when it says it was made. A reader of DER for these few
fields alone, so that verification needs no library and all verifiers refuse the same bytes.
"""

import re
from dataclasses import dataclass
from typing import Final

from evidence import form
from evidence.errors import MalformedError

MAX_TIMESTAMP: Final = 1 << 16  # bytes
_INTEGER, _OCTETS, _OID, _TIME, _SEQUENCE, _SET, _EXPLICIT = 0x02, 0x04, 0x06, 0x18, 0x30, 0x31, 0xA0
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_SHA256 = bytes.fromhex("608648016503040201")
_GENERALIZED = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.([0-9]{1,9}))?Z")
_SHORT, _ONE, _TWO = 0x80, 0x81, 0x82
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a time stamp says: the SHA-256 it is over, and a time in the log's form, cut to microseconds."""

    imprint: bytes
    time: str


def parse(data: bytes) -> Stamp:
    """Read a TimeStampResp (RFC 3161, section 2.4.2) that grants a time stamp over a SHA-256.

    Raises:
        MalformedError: it has not that form.
    """
    if len(data) > MAX_TIMESTAMP:
        raise MalformedError("time stamp is larger than 65536 bytes")
    response = _whole(data, _SEQUENCE)
    status, token = _take(response, _SEQUENCE)
    if _take(status, _INTEGER)[0] != b"\0":
        raise MalformedError("no time stamp was granted")
    content_type, content = _take(_whole(token, _SEQUENCE), _OID)
    signed_data = _whole(_whole(content, _EXPLICIT), _SEQUENCE)
    _, rest = _take(signed_data, _INTEGER)
    _, rest = _take(rest, _SET)
    info_type, info = _take(_take(rest, _SEQUENCE)[0], _OID)
    if (content_type, info_type) != (_SIGNED_DATA, _TST_INFO):
        raise MalformedError("not signed data of a time stamp")
    return _info(_whole(_whole(info, _EXPLICIT), _OCTETS))


def _info(data: bytes) -> Stamp:
    """Read a TSTInfo."""
    version, rest = _take(_whole(data, _SEQUENCE), _INTEGER)
    _, rest = _take(rest, _OID)
    hashed, rest = _take(rest, _SEQUENCE)
    algorithm, imprint = _take(hashed, _SEQUENCE)
    octets = _whole(imprint, _OCTETS)
    _, rest = _take(rest, _INTEGER)
    if (version, _take(algorithm, _OID)[0], len(octets)) != (b"\1", _SHA256, _HASH_BYTES):
        raise MalformedError("not a time stamp of version 1 over a SHA-256")
    return Stamp(imprint=octets, time=_time(_take(rest, _TIME)[0]))


def _time(data: bytes) -> str:
    found = _GENERALIZED.fullmatch(data)
    if found is None:
        raise MalformedError("not a time of a time stamp")
    year, month, day, hour, minute, second = (part.decode() for part in found.groups()[:6])
    fraction = (found[7] or b"").decode()[:6].ljust(6, "0")
    return form.time(f"{year}-{month}-{day}T{hour}:{minute}:{second}.{fraction}Z")


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the element at the beginning, which has this tag, and what follows it."""
    if data[:1] != bytes([tag]) or len(data) < 2:  # noqa: PLR2004 - tag and length
        raise MalformedError("an element of a time stamp is missing")
    start, length = 2, data[1]
    if length in (_ONE, _TWO):
        start += length - _SHORT
        length = int.from_bytes(data[2:start], "big")
        if length < (_SHORT if start == 3 else 0x100):  # noqa: PLR2004 - the shortest form is the only one
            raise MalformedError("a length is not in its shortest form")
    elif length >= _SHORT:
        raise MalformedError("a length is longer than a time stamp")
    if len(data) < start + length:
        raise MalformedError("an element of a time stamp is cut off")
    return data[start : start + length], data[start + length :]


def _whole(data: bytes, tag: int) -> bytes:
    """Return the content of the one element that `data` is."""
    content, rest = _take(data, tag)
    if rest:
        raise MalformedError("something stands behind an element of a time stamp")
    return content
