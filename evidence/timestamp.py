"""Time stamps of an authority: RFC 3161, over the SHA-256 of a checkpoint's bytes.

The one module that imports rfc3161-client, and only where it is used. Makes requests and reads answers; how
they travel is not its business, nor which authority to trust: that is what the roots say.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509

from evidence.errors import AnchorError, MalformedError

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

MAX_TIMESTAMP = 1 << 16  # bytes of an answer
MAX_ROOTS = 1 << 20  # bytes of a file of certificates
_SHA256 = "2.16.840.1.101.3.4.2.1"
_GRANTED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampRequest:
    """A TimeStampReq: its bytes (DER), and the nonce that the answer must repeat."""

    der: bytes
    nonce: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """What a TimeStampResp says, unchecked.

    Attributes:
        imprint: the SHA-256 that was stamped.
        time: when, in UTC.
        nonce: of the request, or None.
    """

    imprint: bytes
    time: datetime
    nonce: int | None


def request(data: bytes) -> TimestampRequest:
    """Return a request to stamp the SHA-256 of `data`, which asks for the authority's certificate.

    The nonce is random, and the library's choice.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 - for those who use anchors

    made = TimestampRequestBuilder(data=data, hash_algorithm=HashAlgorithm.SHA256, nonce=True, cert_req=True).build()
    if made.nonce is None:  # pragma: no cover - it was asked for
        raise MalformedError("the request has no nonce")
    return TimestampRequest(der=made.as_bytes(), nonce=made.nonce)


def parse_timestamp(der: bytes) -> Timestamp:
    """Read a TimeStampResp (DER) by which an authority granted a time stamp over a SHA-256.

    Raises:
        MalformedError: the bytes are none, or more than 64 KiB; nothing was granted; or it is over another hash.
    """
    return _parse(der)[1]


def verify_timestamp(
    der: bytes, data: bytes, roots: Sequence[x509.Certificate], *, nonce: int | None = None
) -> datetime:
    """Return when `data` was stamped by an authority below one of `roots`, in UTC.

    The authority's certificate must have been valid at that time, and be made for time stamps (RFC 3161,
    section 2.3). Whether it was revoked is not asked.

    Args:
        der: a TimeStampResp.
        data: what was stamped, such as the bytes of a checkpoint's object.
        roots: the certificates to trust. Without any, none is.
        nonce: of the request, where this is its answer.

    Raises:
        MalformedError: `der` is no time stamp over a SHA-256.
        AnchorError: it is over other data, answers another request, or was not made by one who is trusted.
    """
    from rfc3161_client import VerifierBuilder  # noqa: PLC0415 - see above

    response, found = _parse(der)
    check_imprint(found, data, nonce=nonce)
    try:
        VerifierBuilder(roots=list(roots)).build().verify_message(response, data)
    except Exception as error:  # the library promises no type for what comes of a certificate nobody foresaw
        raise AnchorError("time stamp was not made by an authority below the given roots") from error
    return found.time


def check_imprint(found: Timestamp, data: bytes, *, nonce: int | None = None) -> None:
    """Check that a time stamp is over `data`, and answers the request with `nonce`, if given. Not who made it.

    Raises:
        AnchorError: it is not, or does not.
    """
    if found.imprint != hashlib.sha256(data).digest():
        raise AnchorError("time stamp is over other data")
    if nonce is not None and found.nonce != nonce:
        raise AnchorError("time stamp answers another request")


def parse_roots(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read the certificates of a PEM file, at least one.

    Raises:
        MalformedError: there is none, or something else, or more than 1 MiB.
    """
    if len(pem) > MAX_ROOTS:
        raise MalformedError("certificates are larger than 1 MiB")
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise MalformedError("not certificates in PEM") from error


def _parse(der: bytes) -> "tuple[TimeStampResponse, Timestamp]":
    from rfc3161_client import decode_timestamp_response  # noqa: PLC0415 - see above

    if len(der) > MAX_TIMESTAMP:
        raise MalformedError("time stamp is larger than 65536 bytes")
    try:
        response = decode_timestamp_response(der)
        found = _granted(response)
    except Exception as error:  # the library promises no type
        raise MalformedError("not a time stamp") from error
    if found is None:
        raise MalformedError("no time stamp over a SHA-256 was granted")
    return response, found


def _granted(response: "TimeStampResponse") -> Timestamp | None:
    if response.status != _GRANTED:  # the others come without a token, or with one that was not asked for
        return None
    token = response.tst_info
    imprint, nonce = token.message_imprint, token.nonce
    if imprint.hash_algorithm.dotted_string != _SHA256:
        return None
    return Timestamp(imprint=imprint.message, time=token.gen_time.astimezone(UTC), nonce=nonce)
