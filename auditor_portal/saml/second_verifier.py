"""The second verifier: signxml over `cryptography`, which hands back the bytes that were signed. They alone are read.

Owns nothing of SAML but where a signature is. No exception of signxml leaves this module.
"""

from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from app.audits.identity_provider import IdentityProvider
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.names import DS, SAML

ON_RESPONSE: Final = "./"
ON_ASSERTION: Final = f"./{SAML}Assertion/"

_METHODS: Final = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_DIGESTS: Final = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})


def verify_second(response: Any, assertion: Any, provider: IdentityProvider, now: float) -> bytes:
    """Return the assertion's canonical bytes, as they were signed.

    Args:
        response: root of the response as it came; its signature is checked too if it has one.
        assertion: root of the response with its assertion in the clear: the same where it was not encrypted.
        provider: whose signatures they have to be.
        now: Unix seconds; a certificate has to be valid then.

    Raises:
        SamlError: the assertion is not signed, or a signature does not hold.
    """
    if assertion.find(f"{SAML}Assertion/{DS}Signature") is None:
        raise SamlError(SamlCode.UNSIGNED)
    if response.find(f"{DS}Signature") is not None:
        _signed(response, ON_RESPONSE, provider, now)
    return _signed(assertion, ON_ASSERTION, provider, now)


def _signed(root: Any, location: str, provider: IdentityProvider, now: float) -> bytes:
    expected = SignatureConfiguration(
        location=location,
        expect_references=1,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=datetime.fromtimestamp(now, UTC),
    )
    data = etree.tostring(root)
    for certificate in provider.certificates:
        try:
            trusted = x509.load_pem_x509_certificate(certificate.encode())
            found = XMLVerifier().verify(data, x509_cert=trusted, expect_config=expected)
            return bytes(found.signed_data)  # type: ignore[union-attr] # one reference, one result
        except Exception:  # noqa: BLE001, S112 - whatever it is: not by this certificate
            continue
    raise SamlError(SamlCode.BAD_SIGNATURE)
