"""The shape of a response: one assertion in its place, signatures where they belong and of one kind.

Owns no cryptography. Signature wrapping (XSW) lives on documents that hold more than they need; this is refused here
before either verifier sees it, whatever they would have made of it.
"""

from typing import Any, Final

from lxml import etree

from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.names import DS, ENVELOPED, EXCLUSIVE, NO_AUTHN_CONTEXT, SAML, SAMLP, SUCCESS, XENC

SIGNATURE_METHODS: Final = frozenset(
    f"http://www.w3.org/2001/04/xmldsig-more#{kind}-sha{bits}" for kind in ("rsa", "ecdsa") for bits in (256, 384, 512)
)
DIGEST_METHODS: Final = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    }
)

_ID_NAMES: Final = frozenset({"id", "assertionid"})  # in any case, in any name space: verifiers look for several
_KEY_PARTS: Final = frozenset({f"{DS}X509Data", f"{DS}KeyName", f"{DS}KeyValue"})
_SIGNATURE_PARTS: Final = (
    [f"{DS}SignedInfo", f"{DS}SignatureValue", f"{DS}KeyInfo"],
    [f"{DS}SignedInfo", f"{DS}SignatureValue"],
)
_INFO_PARTS: Final = [f"{DS}CanonicalizationMethod", f"{DS}SignatureMethod", f"{DS}Reference"]
_REFERENCE_PARTS: Final = [f"{DS}Transforms", f"{DS}DigestMethod", f"{DS}DigestValue"]


def check_shape(response: Any) -> Any:
    """Return the assertion of a response, plain or encrypted, after a look at everything around it.

    Raises:
        SamlError: the provider says no; there is not one assertion, directly below the response; an id stands twice;
            a signature is anywhere but on the response or its assertion, or has more than it needs, or is weak.
    """
    _check_status(response)
    found = [*response.iter(f"{SAML}Assertion"), *response.iter(f"{SAML}EncryptedAssertion")]
    if len(found) != 1 or found[0].getparent() is not response:
        raise SamlError(SamlCode.WRONG_STRUCTURE)
    if any(True for _ in response.iter(f"{SAML}EncryptedID", f"{SAML}EncryptedAttribute", f"{SAMLP}Extensions")):
        raise SamlError(SamlCode.WRONG_STRUCTURE)
    _check_ids(response)
    _check_nothing_is_fetched(response)
    signed = []
    for signature in response.iter(f"{DS}Signature"):
        owner = signature.getparent()
        if (owner is not response and owner is not found[0]) or owner in signed:
            raise SamlError(SamlCode.WRONG_STRUCTURE)
        check_signature_shape(signature, owner.get("ID"))
        signed.append(owner)
    return found[0]


def check_signature_shape(signature: Any, signed_id: str | None) -> None:
    """Have one signature be the enveloped signature of one element, by algorithms of one list.

    Args:
        signature: `ds:Signature`.
        signed_id: the id of the element that it has to be over.

    Raises:
        SamlError: it is something else, or made with SHA-1, MD5, HMAC or anything unknown.
    """
    info = signature.find(f"{DS}SignedInfo")
    if [part.tag for part in signature] not in _SIGNATURE_PARTS or [part.tag for part in info] != _INFO_PARTS:
        raise SamlError(SamlCode.WRONG_STRUCTURE)
    reference = info.find(f"{DS}Reference")
    if [part.tag for part in reference] != _REFERENCE_PARTS or not signed_id or reference.get("URI") != f"#{signed_id}":
        raise SamlError(SamlCode.WRONG_STRUCTURE)
    named = {part.tag for part in signature.iterfind(f"{DS}KeyInfo/*")}
    if not named <= _KEY_PARTS or any(len(value) for value in (signature[1], reference[2])):
        raise SamlError(SamlCode.WRONG_STRUCTURE)
    transforms = [each.get("Algorithm") for each in reference.find(f"{DS}Transforms")]
    if transforms != [ENVELOPED, EXCLUSIVE] or info[0].get("Algorithm") != EXCLUSIVE:
        raise SamlError(SamlCode.WEAK_ALGORITHM)
    if info[1].get("Algorithm") not in SIGNATURE_METHODS or reference[1].get("Algorithm") not in DIGEST_METHODS:
        raise SamlError(SamlCode.WEAK_ALGORITHM)


def _check_status(response: Any) -> None:
    status = response.findall(f"{SAMLP}Status")
    codes = [code.get("Value") for each in status for code in each.iter(f"{SAMLP}StatusCode")]
    if len(status) != 1 or not codes:
        raise SamlError(SamlCode.WRONG_STRUCTURE)
    if codes != [SUCCESS]:
        raise SamlError(SamlCode.NO_SUCH_CLASS if NO_AUTHN_CONTEXT in codes else SamlCode.DECLINED)


def _check_ids(response: Any) -> None:
    seen: set[str] = set()
    for element in response.iter():
        ids = {value for name, value in element.attrib.items() if etree.QName(name).localname.lower() in _ID_NAMES}
        if ids & seen:
            raise SamlError(SamlCode.WRONG_STRUCTURE)
        seen |= ids
    if response.get("ID") is None or any(
        True for data in response.iter(f"{XENC}EncryptedData") if data.getparent().tag != f"{SAML}EncryptedAssertion"
    ):
        raise SamlError(SamlCode.WRONG_STRUCTURE)


def _check_nothing_is_fetched(response: Any) -> None:
    """Have everything stand in the document itself: no key and no ciphertext is anywhere else."""
    for element in response.iter(f"{DS}RetrievalMethod", f"{XENC}CipherReference"):
        if element.tag != f"{DS}RetrievalMethod" or not element.get("URI", "").startswith("#"):
            raise SamlError(SamlCode.WRONG_STRUCTURE)
