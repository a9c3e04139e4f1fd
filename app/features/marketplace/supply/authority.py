"""The signing authority of a closed installation: certificate, log entry and bundle for whoever proved who they are.

Its bundles are Sigstore bundles; whoever has its trusted root verifies them with any verifier of Sigstore. The key of a
signer is made for one signature and never leaves this function. Who may have what signed, policy decides before.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import rfc8785
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import Certificate

from app.features.marketplace.supply.authority_keys import AuthorityKeys
from app.features.marketplace.supply.certificate import Claims
from app.features.marketplace.supply.issuing import SIGNATURE, issue, public_der
from app.features.marketplace.supply.pep740 import BUNDLE
from app.features.marketplace.supply.signing_log import Head, Logged, take
from app.features.marketplace.supply.statement import PAYLOAD_TYPE
from app.features.marketplace.supply.trust import OwnRoot

_ROOT: Final = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"


def own_root(keys: AuthorityKeys) -> OwnRoot:
    """Return the authority's trusted root, as anybody may have it."""
    start = {"start": keys.certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ")}
    certificate = _text(keys.certificate.public_bytes(serialization.Encoding.DER))
    document = {
        "mediaType": _ROOT,
        "tlogs": [_log(keys.log, keys.name, start)],
        "certificateAuthorities": [
            {
                "subject": {"organization": "Omega signing authority", "commonName": keys.name},
                "uri": keys.name,
                "certChain": {"certificates": [{"rawBytes": certificate}]},
                "validFor": start,
            }
        ],
        "ctlogs": [_log(keys.ct, keys.name, start)],
        "timestampAuthorities": [],
    }
    return OwnRoot(document=orjson.dumps(document).decode(), issuer=keys.name)


def sign(  # noqa: PLR0913 - what a bundle is made of
    keys: AuthorityKeys,
    head: Head,
    statement: Mapping[str, Any],
    claims: Claims,
    at: int,
    *,
    logged_at: int | None = None,
) -> tuple[dict[str, Any], Logged]:
    """Return the bundle of a signed statement, and the log that took it.

    Args:
        keys: of the authority.
        head: of its log.
        statement: in-toto.
        claims: what the certificate says.
        at: Unix seconds.
        logged_at: when the log takes it; as soon as it is signed, unless something went wrong between.
    """
    signer = ec.generate_private_key(ec.SECP256R1())
    certificate = issue(keys, signer.public_key(), claims, datetime.fromtimestamp(at, UTC))
    payload = orjson.dumps(statement)
    signature = signer.sign(_encoded(payload), SIGNATURE)
    envelope = {
        "payload": _text(payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": _text(signature)}],
    }
    body = _body(envelope, payload, signature, certificate)
    logged = take(keys, head, body, "dsse", at if logged_at is None else logged_at)
    raw = _text(certificate.public_bytes(serialization.Encoding.DER))
    bundle = {
        "mediaType": BUNDLE,
        "verificationMaterial": {"certificate": {"rawBytes": raw}, "tlogEntries": [logged.entry]},
        "dsseEnvelope": envelope,
    }
    return bundle, logged


def _encoded(payload: bytes) -> bytes:
    """Return what is signed: DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _body(envelope: Mapping[str, Any], payload: bytes, signature: bytes, certificate: Certificate) -> bytes:
    """Return the log entry of Rekor's kind `dsse`, version 0.0.1."""
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    spec: dict[str, Any] = {
        "envelopeHash": _hashed(rfc8785.dumps(dict(envelope))),
        "payloadHash": _hashed(payload),
        "signatures": [{"signature": _text(signature), "verifier": _text(pem)}],
    }
    return rfc8785.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})


def _hashed(data: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


def _log(key: ec.EllipticCurvePrivateKey, url: str, start: Mapping[str, str]) -> dict[str, Any]:
    der = public_der(key)
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": _text(der), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": start},
        "logId": {"keyId": _text(hashlib.sha256(der).digest())},
    }


def _text(data: bytes) -> str:
    return b64encode(data).decode()
