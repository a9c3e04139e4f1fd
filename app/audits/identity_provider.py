"""A firm's identity provider: its name, where it signs people in and out, and the certificates it signs with.

Owns the value and its JSON form. Its metadata document is read by `provider_metadata`. Several certificates, so that a
provider can change its key without a moment in which nobody can sign in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from app.addresses import is_loopback

MOST_CERTIFICATES: Final = 8
SMALLEST_RSA: Final = 2_048
SMALLEST_CURVE: Final = 256

_LONGEST: Final = 2_048
_LONGEST_PEM: Final = 16_384
_MEMBERS: Final = frozenset({"entity_id", "sso_url", "slo_url", "certificates"})
_PRINTABLE: Final = re.compile(r"[!-~]+")


class ProviderError(Exception):
    """What is said of an identity provider cannot be used; the message says what is asked for, and quotes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """An identity provider that a firm vouches for.

    Attributes:
        entity_id: what it calls itself (saml-metadata 2.2.1).
        sso_url: where a browser is sent to sign in, by HTTP-Redirect.
        slo_url: where it is sent to sign out, by HTTP-Redirect; None where the provider has no such place.
        certificates: PEM; a signature below any of them is the provider's.
    """

    entity_id: str
    sso_url: str
    slo_url: str | None
    certificates: tuple[str, ...]

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "IdentityProvider":
        """Read the form that `as_json` has.

        Raises:
            ProviderError: it has not that form, or names what cannot be used.
        """
        if not isinstance(said, Mapping) or not set(said) <= _MEMBERS:
            raise ProviderError("an identity provider has entity_id, sso_url, slo_url and certificates")
        certificates = said.get("certificates")
        if not isinstance(certificates, list) or not 1 <= len(certificates) <= MOST_CERTIFICATES:
            raise ProviderError(f"an identity provider has 1 to {MOST_CERTIFICATES} certificates")
        slo = said.get("slo_url")
        return cls(
            entity_id=_name(said.get("entity_id")),
            sso_url=provider_url(said.get("sso_url")),
            slo_url=None if slo is None else provider_url(slo),
            certificates=tuple(dict.fromkeys(certificate_pem(each) for each in certificates)),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the form that rows keep."""
        return {
            "entity_id": self.entity_id,
            "sso_url": self.sso_url,
            "slo_url": self.slo_url,
            "certificates": list(self.certificates),
        }


def _name(said: Any) -> str:
    if not isinstance(said, str) or len(said) > _LONGEST // 2 or not _PRINTABLE.fullmatch(said):
        raise ProviderError("an entity_id has 1 to 1024 printable characters and no space")
    return said


def provider_url(said: Any) -> str:
    """Return a URL that a browser may be sent to.

    Raises:
        ProviderError: it is not https (or http on loopback), or names a user or a fragment.
    """
    refused = ProviderError("a URL of an identity provider begins with https://, and names no user and no fragment")
    if not isinstance(said, str) or len(said) > _LONGEST or not _PRINTABLE.fullmatch(said):
        raise refused
    try:
        parts = urlsplit(said)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise refused from None
    plain = parts.scheme == "http" and host is not None and is_loopback(host)
    if not host or not (parts.scheme == "https" or plain) or parts.username is not None or "#" in said or "\\" in said:
        raise refused
    return said


def certificate_pem(said: Any) -> str:
    """Return one certificate in its one PEM form.

    Raises:
        ProviderError: it is no certificate, or its key is too weak: RSA below 2048 bits, a curve below P-256, others.
    """
    refused = ProviderError("a certificate is PEM text with an RSA key of 2048 bits or an elliptic curve of 256")
    if not isinstance(said, str) or len(said) > _LONGEST_PEM:
        raise refused
    try:
        found = x509.load_pem_x509_certificate(said.encode())
        key = found.public_key()
    except Exception:  # noqa: BLE001 - many kinds, all of which mean that this is no certificate
        raise refused from None
    strong = isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA
    if not strong and not (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= SMALLEST_CURVE):
        raise refused
    return found.public_bytes(Encoding.PEM).decode()
