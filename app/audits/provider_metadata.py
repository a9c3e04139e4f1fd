"""The metadata document of an identity provider, as an officer pastes it (saml-metadata-2.0-os).

Owns reading it. It is believed because an officer brings it, whoever signed it; what counts is read, the rest ignored.
"""

import re
from typing import Any, Final

from app.audits.identity_provider import IdentityProvider, ProviderError
from app.audits.strict_xml import StrictXmlError, parse_commented_xml

LARGEST_METADATA: Final = 256 * 1_024
"""Bytes."""

_MD: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"


def parse_metadata(text: str) -> IdentityProvider:
    """Return the one identity provider that a metadata document describes.

    Args:
        text: an `EntityDescriptor`, or an `EntitiesDescriptor` with one identity provider in it.

    Raises:
        ProviderError: it is no such document, or describes a provider that cannot be used.
    """
    try:
        root = parse_commented_xml(text.encode(), largest=LARGEST_METADATA)
    except (StrictXmlError, UnicodeEncodeError):
        raise ProviderError("the metadata is not XML of at most 256 KiB without a document type") from None
    roles = [
        role for role in root.iter(f"{_MD}IDPSSODescriptor") if _PROTOCOL in role.get("protocolSupportEnumeration", "")
    ]
    if len(roles) != 1 or roles[0].getparent() is None or roles[0].getparent().tag != f"{_MD}EntityDescriptor":
        raise ProviderError("the metadata describes not exactly one identity provider of SAML 2.0")
    role = roles[0]
    return IdentityProvider.from_json(
        {
            "entity_id": role.getparent().get("entityID"),
            "sso_url": _place(role, "SingleSignOnService"),
            "slo_url": _place(role, "SingleLogoutService"),
            "certificates": _certificates(role),
        }
    )


def _place(role: Any, name: str) -> str | None:
    """Return where a service answers by HTTP-Redirect, the first place named."""
    for service in role.findall(f"{_MD}{name}"):
        if service.get("Binding") == _REDIRECT:
            return str(service.get("Location", ""))
    return None


def _certificates(role: Any) -> list[str]:
    found = []
    for key in role.findall(f"{_MD}KeyDescriptor"):
        if key.get("use", "signing") == "signing":
            for certificate in key.iter(f"{_DS}X509Certificate"):
                body = re.sub(r"\s+", "", certificate.text or "")
                lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
                found.append(f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
    return found
