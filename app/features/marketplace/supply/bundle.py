"""Sigstore bundles: bytes to something that can be verified, or one error. Nothing is believed here.

A bundle is read twice: strictly by us (size, depth, names that stand twice), and by sigstore's own reader, which is
handed what the first one understood. What neither of them can read is refused, whatever it is.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sigstore.models import Bundle

from app.features.marketplace.supply.certificate import Claims, claims
from app.features.marketplace.supply.errors import SupplyError
from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse

MAX_BUNDLE: Final = 6 << 20
"""Bytes; the statement in it is encoded in four characters for three bytes."""

_MAX_DEPTH: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBundle:
    """A bundle that was read, not verified.

    Attributes:
        inner: for sigstore's verifier.
        claims: what its certificate says.
        log: hexadecimal id of the log whose entry it holds.
        logged_at: Unix seconds; when the log says that it took the entry, or else since when the certificate holds.
        until: Unix seconds; after it, the certificate signed nothing.
    """

    inner: Bundle
    claims: Claims
    log: str
    logged_at: int
    until: int


def parse_bundle(data: bytes) -> ReadBundle:
    """Return the bundle in `data`.

    Raises:
        SupplyError: `too_large`, `malformed_bundle`, `missing_log_entry` or `malformed_certificate`.
    """
    try:
        document = parse(data, max_bytes=MAX_BUNDLE, max_depth=_MAX_DEPTH)
    except TooLargeError as error:
        raise SupplyError("too_large", f"a bundle has at most {MAX_BUNDLE} bytes") from error
    except MalformedRequestError as error:
        raise SupplyError("malformed_bundle", f"{error.code}: {error.detail}") from error
    entry = _entry(document)
    log = _log(entry)
    try:
        inner = Bundle.from_json(orjson.dumps(document))
        certificate = inner.signing_certificate
        until = int(certificate.not_valid_after_utc.timestamp())
    except Exception as error:
        raise SupplyError("malformed_bundle", _first_line(error)) from error
    found = claims(certificate)
    return ReadBundle(inner=inner, claims=found, log=log, logged_at=_logged(entry) or found.since, until=until)


def _entry(document: Any) -> Mapping[str, Any]:
    match document:
        case {"verificationMaterial": {"tlogEntries": [dict(entry)]}, "dsseEnvelope": dict()}:
            return entry
        case {"verificationMaterial": dict(material), "dsseEnvelope": dict()} if not material.get("tlogEntries"):
            raise SupplyError("missing_log_entry", "no transparency log holds it")
    raise SupplyError("malformed_bundle", "it is no Sigstore bundle with one log entry and one signed statement")


def _log(entry: Mapping[str, Any]) -> str:
    match entry:
        case {"logId": {"keyId": str(encoded)}}:
            return key_id(encoded)
    raise SupplyError("malformed_bundle", "its log entry names no log")


def key_id(encoded: str) -> str:
    """Return the id of a log's key as hexadecimal digits.

    Raises:
        SupplyError: `malformed_bundle`, it is no Base64.
    """
    try:
        return b64decode(encoded, validate=True).hex()
    except (binascii.Error, ValueError) as error:
        raise SupplyError("malformed_bundle", "the id of a log is no Base64") from error


def _logged(entry: Mapping[str, Any]) -> int | None:
    """Return the time that the log signed with its promise; without the promise, nobody signed it."""
    match entry:
        case {"integratedTime": str(at) | int(at), "inclusionPromise": dict()} if str(at).isdecimal():
            return int(at) if len(str(at)) < len("1795356000000") else None
    return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
