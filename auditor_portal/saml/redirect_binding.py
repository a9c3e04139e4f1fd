"""The HTTP-Redirect binding: a message in a URL, deflated, with a signature beside it (saml-bindings 3.4).

Owns both directions. What is verified are the bytes of the query as they came, and what is parsed is what was verified.
"""

import base64
import zlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_plus

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.keys import SamlKey
from auditor_portal.saml.names import RSA_SHA256
from auditor_portal.saml.prechecks import LARGEST_MESSAGE, decoded

REQUEST: Final = "SAMLRequest"
RESPONSE: Final = "SAMLResponse"

_LONGEST_QUERY: Final = 65_536
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirected:
    """A message whose signature holds.

    Attributes:
        parameter: SAMLRequest or SAMLResponse.
        data: the message.
        relay_state: what stood beside it, signed with it.
    """

    parameter: str
    data: bytes
    relay_state: str | None


def redirect_url(place: str, parameter: str, message: bytes, relay_state: str | None, key: SamlKey) -> str:
    """Return where a browser is sent with `message`, signed by RSA with SHA-256.

    Args:
        place: of the provider.
        parameter: SAMLRequest or SAMLResponse.
        message: XML.
        relay_state: at most 80 bytes (saml-bindings 3.4.3).
        key: ours.
    """
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = base64.b64encode(squeezed.compress(message) + squeezed.flush()).decode()
    said = [(parameter, text), *([("RelayState", relay_state)] if relay_state else []), ("SigAlg", RSA_SHA256)]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in said)
    signature = key.private.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
    query += f"&Signature={quote(base64.b64encode(signature).decode(), safe='')}"
    return f"{place}{'&' if '?' in place else '?'}{query}"


def verify_redirected(query: str, certificates: tuple[str, ...]) -> Redirected:
    """Return the message in a query, which one of `certificates` signed.

    Args:
        query: as it came, still encoded.
        certificates: PEM.

    Raises:
        SamlError: it holds no message or two, is not signed, or by somebody else, or by an algorithm that is refused.
    """
    raw = _raw(query)
    parameter = RESPONSE if RESPONSE in raw else REQUEST
    if parameter not in raw or (REQUEST in raw and RESPONSE in raw):
        raise SamlError(SamlCode.WRONG_MESSAGE)
    if "Signature" not in raw or "SigAlg" not in raw:
        raise SamlError(SamlCode.UNSIGNED)
    names = [parameter, *(["RelayState"] if "RelayState" in raw else []), "SigAlg"]
    signed = "&".join(f"{name}={raw[name]}" for name in names).encode()
    signature = decoded(unquote_plus(raw["Signature"]))
    algorithm = unquote_plus(raw["SigAlg"])
    if not any(_verifies(certificate, algorithm, signature, signed) for certificate in certificates):
        raise SamlError(SamlCode.BAD_SIGNATURE)
    relay = unquote_plus(raw["RelayState"]) if "RelayState" in raw else None
    return Redirected(parameter=parameter, data=_inflated(unquote_plus(raw[parameter])), relay_state=relay)


def _raw(query: str) -> dict[str, str]:
    if len(query) > _LONGEST_QUERY:
        raise SamlError(SamlCode.TOO_LARGE)
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in found:
            raise SamlError(SamlCode.WRONG_MESSAGE)
        found[name] = value
    return found


def _inflated(text: str) -> bytes:
    inflater = zlib.decompressobj(-15)
    try:
        data = inflater.decompress(decoded(text), LARGEST_MESSAGE + 1)
    except zlib.error:
        raise SamlError(SamlCode.NOT_XML) from None
    if len(data) > LARGEST_MESSAGE:
        raise SamlError(SamlCode.TOO_LARGE)
    if not inflater.eof or inflater.unused_data:
        raise SamlError(SamlCode.NOT_XML)
    return data


def _verifies(certificate: str, algorithm: str, signature: bytes, signed: bytes) -> bool:
    """Return whether a certificate's key made a signature; the algorithm has to be of the key's kind."""
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    kind, _, bits = algorithm.removeprefix(_MORE).partition("-sha")
    if not algorithm.startswith(_MORE) or bits not in _HASHES or kind not in {"rsa", "ecdsa"}:
        raise SamlError(SamlCode.WEAK_ALGORITHM)
    digest = _HASHES[bits]
    try:
        if isinstance(key, rsa.RSAPublicKey) and kind == "rsa":
            key.verify(signature, signed, padding.PKCS1v15(), digest)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
            half = len(signature) // 2
            pair = (int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
            key.verify(encode_dss_signature(*pair), signed, ec.ECDSA(digest))
            return True
    except InvalidSignature:
        pass
    return False
