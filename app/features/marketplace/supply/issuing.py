"""Short-lived certificates of the signing authority, in Fulcio's form: who signs, what built it, and from what.

Each has the proof in it that the certificate log was told (RFC 6962, section 3.3), as verifiers of Sigstore want it.
"""

import hashlib
import struct
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.features.marketplace.supply import certificate as fulcio
from app.features.marketplace.supply.authority_keys import AuthorityKeys

LIFETIME: Final = timedelta(minutes=10)
SIGNATURE: Final = ec.ECDSA(hashes.SHA256())
_OLD_ISSUER: Final = 1  # the issuer, not yet in DER
_SCT_LIST: Final = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_V1, _CERTIFICATE_TIMESTAMP, _PRECERTIFICATE = 0, 0, 1
_SHA256_ECDSA: Final = bytes((4, 3))  # RFC 5246, section 7.4.1.4.1


def public_der(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half of `key` as a SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def issue(
    keys: AuthorityKeys,
    public: ec.EllipticCurvePublicKey,
    claims: fulcio.Claims,
    at: datetime,
    *,
    serial: int | None = None,
) -> x509.Certificate:
    """Return a certificate for `public` that says what `claims` say; of those, `since` is not read.

    Args:
        keys: of the authority.
        public: of the signer.
        claims: what it says; what is empty is left out.
        at: from when on it holds, for ten minutes.
        serial: its number, unless it is a random one.
    """
    unlogged = _certificate(keys, public, claims, at, serial or x509.random_serial_number())
    tbs = unlogged.sign(keys.ca, hashes.SHA256()).tbs_certificate_bytes
    stamps = _octets(_stamps(keys, tbs, at))
    return unlogged.add_extension(x509.UnrecognizedExtension(_SCT_LIST, stamps), critical=False).sign(
        keys.ca, hashes.SHA256()
    )


def _certificate(
    keys: AuthorityKeys, public: ec.EllipticCurvePublicKey, claims: fulcio.Claims, at: datetime, serial: int
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(keys.certificate.subject)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(at)
        .not_valid_after(at + LIFETIME)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys.ca.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(claims.identity)]), critical=True)
        .add_extension(
            x509.UnrecognizedExtension(fulcio.identifier(_OLD_ISSUER), claims.issuer.encode()), critical=False
        )
    )
    for number, said in (
        (fulcio.ISSUER, claims.issuer),
        (fulcio.BUILD_SIGNER, claims.builder),
        (fulcio.RUNNER, claims.runner),
        (fulcio.SOURCE, claims.source),
        (fulcio.COMMIT, claims.commit),
        (fulcio.REF, claims.ref),
    ):
        if said:
            extension = x509.UnrecognizedExtension(fulcio.identifier(number), asn1.encode_der(said))
            builder = builder.add_extension(extension, critical=False)
    return builder


def _stamps(keys: AuthorityKeys, tbs: bytes, at: datetime) -> bytes:
    """Return a list of one signed certificate timestamp over a precertificate (RFC 6962, sections 3.2 and 3.3)."""
    milliseconds = int(at.timestamp() * 1_000)
    signed = (
        struct.pack("!BBQH", _V1, _CERTIFICATE_TIMESTAMP, milliseconds, _PRECERTIFICATE)
        + hashlib.sha256(public_der(keys.ca)).digest()
        + len(tbs).to_bytes(3)
        + tbs
        + struct.pack("!H", 0)
    )
    signature = keys.ct.sign(signed, SIGNATURE)
    stamp = (
        struct.pack("!B", _V1)
        + hashlib.sha256(public_der(keys.ct)).digest()
        + struct.pack("!QH", milliseconds, 0)
        + _SHA256_ECDSA
        + _sized(signature)
    )
    return _sized(_sized(stamp))


def _sized(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


def _octets(data: bytes) -> bytes:
    """Return `data` as an OCTET STRING in DER."""
    return asn1.encode_der(data)
