"""Client certificates as a proxy in front hands them on: the header Client-Cert of RFC 9440.

Owns reading one. That it was verified, and the private key shown, is the proxy's word; who that proxy is, and whom a
certificate names, is known elsewhere.
"""

import base64
import re
import warnings
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.utils import CryptographyDeprecationWarning

from app.jwt_form import TokenCode, TokenError
from app.remembered import Verified

LONGEST_HEADER: Final = 16_384

_FORM: Final = re.compile(rb":([A-Za-z0-9+/]+={0,2}):")  # a byte sequence, RFC 9651, section 3.3.5
_MOST_NAMES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What can be registered of a certificate.

    Attributes:
        sha256: hex hash of its DER form.
        names: `sha256:<hex>`, and `uri:<name>` and `dns:<name>` for each alternative name of its subject.
    """

    sha256: str
    names: frozenset[str]


def verified_certificate(header: bytes) -> Verified[Certificate]:
    """Return what the value of a header Client-Cert says, and when it holds.

    Raises:
        TokenError: it is no certificate in its one form.
    """
    found = _FORM.fullmatch(header) if len(header) <= LONGEST_HEADER else None
    if found is None:
        raise TokenError(TokenCode.MALFORMED)
    try:
        der = base64.b64decode(found[1], validate=True)
        if base64.b64encode(der) != found[1]:
            raise TokenError(TokenCode.MALFORMED)
        with warnings.catch_warnings():
            warnings.simplefilter("error", CryptographyDeprecationWarning)  # of what RFC 5280 does not admit
            certificate = x509.load_der_x509_certificate(der)
            names = _names(certificate)
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, CryptographyDeprecationWarning, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise TokenError(TokenCode.MALFORMED) from None
    sha256 = certificate.fingerprint(hashes.SHA256()).hex()
    return Verified(
        who=Certificate(sha256=sha256, names=frozenset({f"sha256:{sha256}", *names})),
        not_before=int(begins.timestamp()),
        expires=int(ends.timestamp()),
    )


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    if len(list(found)) > _MOST_NAMES:
        raise TokenError(TokenCode.MALFORMED)
    uris = found.get_values_for_type(x509.UniformResourceIdentifier)
    hosts = found.get_values_for_type(x509.DNSName)
    return [*(f"uri:{name}" for name in uris), *(f"dns:{name.lower()}" for name in hosts)]
