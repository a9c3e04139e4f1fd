"""Attestations as PyPI keeps them (PEP 740), put into the form of a Sigstore bundle.

Both hold the same parts under other names; nothing is verified here.
"""

from typing import Any, Final

import orjson

from app.features.marketplace.supply.errors import SupplyError
from app.features.marketplace.supply.statement import MAX_BYTES, PAYLOAD_TYPE
from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse

BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"


def as_bundle(attestation: bytes) -> bytes:
    """Return the bundle that holds what `attestation` holds.

    Raises:
        SupplyError: `too_large`, or `malformed_bundle`.
    """
    try:
        document = parse(attestation, max_bytes=MAX_BYTES)
    except TooLargeError as error:
        raise SupplyError("too_large", "the attestation is too large") from error
    except MalformedRequestError as error:
        raise SupplyError("malformed_bundle", f"{error.code}: {error.detail}") from error
    return orjson.dumps(_converted(document))


def _converted(document: Any) -> dict[str, Any]:
    match document:
        case {
            "version": 1,
            "verification_material": {"certificate": str(certificate), "transparency_entries": [*entries]},
            "envelope": {"statement": str(statement), "signature": str(signature)},
        }:
            return {
                "mediaType": BUNDLE,
                "verificationMaterial": {"certificate": {"rawBytes": certificate}, "tlogEntries": entries},
                "dsseEnvelope": {
                    "payload": statement,
                    "payloadType": PAYLOAD_TYPE,
                    "signatures": [{"sig": signature}],
                },
            }
    raise SupplyError("malformed_bundle", "it is no attestation of PEP 740, version 1")
