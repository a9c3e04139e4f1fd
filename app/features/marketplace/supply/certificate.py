"""What a Fulcio certificate says: who signed, who vouched for them, what built it and from which source.

The extensions are those of Fulcio's `oid-info.md`; each holds one UTF8String in DER. Knows nothing of trust: it is
handed certificates that were verified.
"""

from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1

from app.features.marketplace.supply.errors import SupplyError

_ARC: Final = "1.3.6.1.4.1.57264.1."
ISSUER: Final = 8
BUILD_SIGNER: Final = 9
RUNNER: Final = 11
SOURCE: Final = 12
COMMIT: Final = 13
REF: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a certificate says; what it does not say is empty.

    Attributes:
        identity: who signed: the URI or the address of the subject's alternative name.
        issuer: who established that, a URL.
        builder: URI of what built it (`.9`).
        runner: what that ran on (`.11`).
        source: URI of the source repository (`.12`).
        commit: of that (`.13`).
        ref: of that (`.14`).
        since: Unix seconds; before it, the certificate signed nothing.
    """

    identity: str
    issuer: str
    builder: str
    runner: str
    source: str
    commit: str
    ref: str
    since: int


def claims(certificate: x509.Certificate) -> Claims:
    """Return what `certificate` says.

    Raises:
        SupplyError: `malformed_certificate`, an extension has another form, or it names not exactly one identity.
    """
    return Claims(
        identity=_identity(certificate),
        issuer=_said(certificate, ISSUER),
        builder=_said(certificate, BUILD_SIGNER),
        runner=_said(certificate, RUNNER),
        source=_said(certificate, SOURCE),
        commit=_said(certificate, COMMIT),
        ref=_said(certificate, REF),
        since=int(certificate.not_valid_before_utc.timestamp()),
    )


def identifier(number: int) -> x509.ObjectIdentifier:
    """Return the object identifier of one of Fulcio's extensions."""
    return x509.ObjectIdentifier(f"{_ARC}{number}")


def _identity(certificate: x509.Certificate) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = [
            *names.get_values_for_type(x509.UniformResourceIdentifier),
            *names.get_values_for_type(x509.RFC822Name),
        ]
    except (x509.ExtensionNotFound, ValueError) as error:
        raise SupplyError("malformed_certificate", "it names no identity") from error
    if len(found) != 1:
        raise SupplyError("malformed_certificate", "it does not name exactly one identity")
    return found[0]


def _said(certificate: x509.Certificate, number: int) -> str:
    try:
        value = certificate.extensions.get_extension_for_oid(identifier(number)).value
        return asn1.decode_der(str, value.public_bytes())
    except x509.ExtensionNotFound:
        return ""
    except ValueError as error:
        raise SupplyError("malformed_certificate", f"extension {number} is no text") from error
