"""The key files of the signing authority: made once beside the node's, loaded when it signs, refused if others could.

Every node that signs has the same files. Knows files and forms, not what is signed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app import keys
from app.features.marketplace.supply.errors import AuthorityError

CA_KEY: Final = "market-ca.key"
CA_CERTIFICATE: Final = "market-ca.pem"
CT_KEY: Final = "market-ct.key"
LOG_KEY: Final = "market-log.key"
_KEYS: Final = (CA_KEY, CT_KEY, LOG_KEY)
_NAME: Final = re.compile(r"https?://[a-z0-9.:-]+(/[a-z0-9._/-]*[a-z0-9])?", re.ASCII)
_MAX_NAME: Final = 64  # a common name of X.509
_YEARS: Final = timedelta(days=3_650)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityKeys:
    """What the authority signs with.

    Attributes:
        name: of the authority, a URL; it is the issuer of the identities in its certificates.
        certificate: its own, which its root of trust is.
        ca: signs certificates.
        ct: signs that a certificate was logged.
        log: signs entries and checkpoints.
    """

    name: str
    certificate: x509.Certificate
    ca: ec.EllipticCurvePrivateKey = field(repr=False)
    ct: ec.EllipticCurvePrivateKey = field(repr=False)
    log: ec.EllipticCurvePrivateKey = field(repr=False)


def make(directory: Path, name: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> AuthorityKeys:
    """Return the authority called `name`, whose files are made in `directory` where there are none.

    The certificate comes last; once it is there nothing is made any more, so a lost key is never replaced in silence.

    Raises:
        AuthorityError: `name` is no URL of an authority, or not that of the one that is there; a file was lost or
            cannot be made or trusted.
    """
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise AuthorityError(f"an authority is named by a URL of at most {_MAX_NAME} characters")
    try:
        if not exists(directory):
            for file in _KEYS:
                keys.make_closed(directory / file, _pem(ec.generate_private_key(ec.SECP256R1())))
            certificate = _self_signed(_load_key(directory / CA_KEY), name, now())
            keys.make_closed(directory / CA_CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM))
    except OSError as error:
        raise AuthorityError(f"its keys cannot be made in `{directory}`: {error.strerror}") from error
    found = load(directory)
    if found.name != name:
        raise AuthorityError(f"the authority in `{directory}` is `{found.name}`, not `{name}`")
    return found


def exists(directory: Path) -> bool:
    """Tell whether an authority was made in `directory`."""
    return (directory / CA_CERTIFICATE).exists()


def load(directory: Path) -> AuthorityKeys:
    """Return the authority in `directory`.

    Raises:
        AuthorityError: there is none, or a file is missing, open to others, not ours, or holds something else.
    """
    if not exists(directory):
        raise AuthorityError("this node has no signing authority; `omega market authority init` makes one")
    try:
        certificate = x509.load_pem_x509_certificate(keys.read_closed(directory / CA_CERTIFICATE))
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (keys.KeysError, ValueError) as error:
        raise AuthorityError(f"`{directory / CA_CERTIFICATE}` is no certificate of an authority") from error
    ca = _load_key(directory / CA_KEY)
    if certificate.public_key() != ca.public_key():
        raise AuthorityError(f"`{directory / CA_CERTIFICATE}` is not the certificate of `{CA_KEY}` beside it")
    return AuthorityKeys(
        name=str(name.value),
        certificate=certificate,
        ca=ca,
        ct=_load_key(directory / CT_KEY),
        log=_load_key(directory / LOG_KEY),
    )


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(keys.read_closed(path), password=None)
    except keys.KeysError as error:
        raise AuthorityError(str(error)) from error
    except (ValueError, TypeError) as error:
        raise AuthorityError(f"`{path}` is no private key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise AuthorityError(f"`{path}` is no key on the curve P-256")
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _self_signed(key: ec.EllipticCurvePrivateKey, name: str, now: datetime) -> x509.Certificate:
    """Return a certificate for ten years, below which only those of signers stand."""
    public = key.public_key()
    own = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Omega signing authority"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    start = now.replace(microsecond=0)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(own)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
