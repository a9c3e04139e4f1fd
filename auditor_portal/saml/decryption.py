"""Encrypted assertions: AES-GCM under a key that RSA-OAEP wraps for us (xmlenc-core1). Independent of libxmlsec.

AES-CBC and RSA PKCS #1 v1.5 are refused: whoever can send ciphertexts and watch what becomes of them reads what such
ciphertexts hold (Jager and Somorovsky 2011, Bleichenbacher 1998). Every failure here is one and the same code.
"""

import base64
import re
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.keys import SamlKey, SamlKeys
from auditor_portal.saml.names import DS, ENCRYPTION_11_NS, ENCRYPTION_NS, XENC, XENC11

_KEY_BYTES: Final = {f"{ENCRYPTION_11_NS}aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
_MGF1P: Final = f"{ENCRYPTION_NS}rsa-oaep-mgf1p"
_OAEP: Final = f"{ENCRYPTION_11_NS}rsa-oaep"
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "http://www.w3.org/2000/09/xmldsig#sha1": hashes.SHA1(),  # noqa: S303 - of OAEP, where collisions do not matter
    "http://www.w3.org/2001/04/xmlenc#sha256": hashes.SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384(),
    "http://www.w3.org/2001/04/xmlenc#sha512": hashes.SHA512(),
}
_MASKS: Final[dict[str, hashes.HashAlgorithm]] = {
    f"{ENCRYPTION_11_NS}mgf1sha1": hashes.SHA1(),  # noqa: S303 - the same
    f"{ENCRYPTION_11_NS}mgf1sha256": hashes.SHA256(),
    f"{ENCRYPTION_11_NS}mgf1sha384": hashes.SHA384(),
    f"{ENCRYPTION_11_NS}mgf1sha512": hashes.SHA512(),
}
_DEFAULT_HASH: Final = "http://www.w3.org/2000/09/xmldsig#sha1"
_DEFAULT_MASK: Final = f"{ENCRYPTION_11_NS}mgf1sha1"
_NONCE: Final = 12
_TAG: Final = 16


def decipher(encrypted: Any, keys: SamlKeys) -> tuple[bytes, SamlKey]:
    """Return what a `saml:EncryptedAssertion` holds, and which of our keys it was for.

    Raises:
        SamlError: it is for none of them, was changed, or is encrypted by an algorithm that is refused.
    """
    try:
        data = _only(encrypted, f"{XENC}EncryptedData")
        size = _KEY_BYTES[_only(data, f"{XENC}EncryptionMethod").get("Algorithm")]
        wrapped = [*encrypted.iter(f"{XENC}EncryptedKey")]
        if len(wrapped) != 1:
            raise ValueError("not one key")  # noqa: TRY301 - one answer to all
        oaep, secret, text = _oaep(wrapped[0]), _cipher_value(wrapped[0]), _cipher_value(data)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SamlError(SamlCode.UNDECIPHERABLE) from None
    for key in keys.published:
        try:
            unwrapped = key.private.decrypt(secret, oaep)
            if len(unwrapped) == size and len(text) > _NONCE + _TAG:
                return AESGCM(unwrapped).decrypt(text[:_NONCE], text[_NONCE:], None), key
        except (ValueError, InvalidTag):
            continue
    raise SamlError(SamlCode.UNDECIPHERABLE)


def _only(parent: Any, tag: str) -> Any:
    found = parent.findall(tag)
    if len(found) != 1:
        raise ValueError("not once")
    return found[0]


def _cipher_value(element: Any) -> bytes:
    value = _only(_only(element, f"{XENC}CipherData"), f"{XENC}CipherValue")
    return base64.b64decode(re.sub(r"\s+", "", value.text), validate=True)


def _oaep(wrapped: Any) -> padding.OAEP:
    """Return how a key is wrapped (xmlenc-core1 5.5.2): the older name has SHA-1 for a mask."""
    method = _only(wrapped, f"{XENC}EncryptionMethod")
    digest, mask = method.find(f"{DS}DigestMethod"), method.find(f"{XENC11}MGF")
    if method.find(f"{XENC}OAEPparams") is not None or method.get("Algorithm") not in {_MGF1P, _OAEP}:
        raise ValueError("no OAEP, or labelled")
    name = mask.get("Algorithm") if method.get("Algorithm") == _OAEP and mask is not None else _DEFAULT_MASK
    hashed = _HASHES[digest.get("Algorithm") if digest is not None else _DEFAULT_HASH]
    return padding.OAEP(mgf=padding.MGF1(_MASKS[name]), algorithm=hashed, label=None)
