"""Our metadata document for one firm's provider, signed: what an administrator there loads (saml-metadata 2.4)."""

import base64
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
from signxml.signer import XMLSigner

from auditor_portal.saml.instants import instant_text
from auditor_portal.saml.names import (
    DS,
    ENCRYPTION_11_NS,
    ENCRYPTION_NS,
    HTTP_POST,
    HTTP_REDIRECT,
    MD,
    METADATA_NS,
    PERSISTENT,
    PROTOCOL_NS,
    SIGNATURE_NS,
)
from auditor_portal.saml.service_provider import ServiceProvider

_VALID: Final = 7 * 24 * 3_600
_CIPHERS: Final = (
    f"{ENCRYPTION_11_NS}aes256-gcm",
    f"{ENCRYPTION_11_NS}aes128-gcm",
    f"{ENCRYPTION_NS}rsa-oaep-mgf1p",
)


def metadata(ours: ServiceProvider, now: float) -> bytes:
    """Return the document: our names and addresses, every key that is published, valid for a week from `now`."""
    root = etree.Element(
        f"{MD}EntityDescriptor",
        nsmap={"md": METADATA_NS, "ds": SIGNATURE_NS},
        ID="_metadata",
        entityID=ours.entity_id,
        validUntil=instant_text(now + _VALID),
    )
    etree.SubElement(root, f"{DS}Signature", Id="placeholder")
    role = etree.SubElement(
        root,
        f"{MD}SPSSODescriptor",
        AuthnRequestsSigned="true",
        WantAssertionsSigned="true",
        protocolSupportEnumeration=PROTOCOL_NS,
    )
    for use in ("signing", "encryption"):
        for key in ours.keys.published:
            _add_key(role, use, key.certificate.public_bytes(Encoding.DER))
    etree.SubElement(role, f"{MD}SingleLogoutService", Binding=HTTP_REDIRECT, Location=ours.slo_url)
    etree.SubElement(role, f"{MD}NameIDFormat").text = PERSISTENT
    etree.SubElement(
        role, f"{MD}AssertionConsumerService", Binding=HTTP_POST, Location=ours.acs_url, index="0", isDefault="true"
    )
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    current = ours.keys.current
    signed = signer.sign(root, key=current.private, cert=current.certificate_pem, reference_uri="_metadata")
    return bytes(etree.tostring(signed, xml_declaration=True, encoding="UTF-8"))


def _add_key(role: Any, use: str, der: bytes) -> None:
    descriptor = etree.SubElement(role, f"{MD}KeyDescriptor", use=use)
    data = etree.SubElement(etree.SubElement(descriptor, f"{DS}KeyInfo"), f"{DS}X509Data")
    etree.SubElement(data, f"{DS}X509Certificate").text = base64.b64encode(der).decode()
    for algorithm in _CIPHERS if use == "encryption" else ():
        etree.SubElement(descriptor, f"{MD}EncryptionMethod", Algorithm=algorithm)
