"""Names of SAML 2.0, XML Signature and XML Encryption that more than one module here needs."""

from typing import Final

ASSERTION_NS: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL_NS: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA_NS: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE_NS: Final = "http://www.w3.org/2000/09/xmldsig#"
ENCRYPTION_NS: Final = "http://www.w3.org/2001/04/xmlenc#"
ENCRYPTION_11_NS: Final = "http://www.w3.org/2009/xmlenc11#"

SAML: Final = f"{{{ASSERTION_NS}}}"
SAMLP: Final = f"{{{PROTOCOL_NS}}}"
MD: Final = f"{{{METADATA_NS}}}"
DS: Final = f"{{{SIGNATURE_NS}}}"
XENC: Final = f"{{{ENCRYPTION_NS}}}"
XENC11: Final = f"{{{ENCRYPTION_11_NS}}}"

HTTP_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
HTTP_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PERSISTENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"

SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
NO_AUTHN_CONTEXT: Final = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"

RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

SKEW: Final = 60
"""Seconds by which a provider's clock and ours may differ."""
