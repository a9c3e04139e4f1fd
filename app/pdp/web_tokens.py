"""JSON Web Tokens for policies: `io.jwt.*` as OPA names them, verified as RFC 7515 and RFC 8725 want it.

Owns reading and verifying a token in compact form. The algorithm is the one the policy names, never the token's own
choice; a header that says something else, or lists extensions it calls critical, is not verified. What time it is, a
policy says.

A token is the end user's claim until one of these functions has verified it: decoding proves nothing.
"""

import base64
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse

_SHA: Final[Mapping[str, type[hashes.HashAlgorithm]]] = {
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}
_CURVES: Final[Mapping[str, tuple[str, type[ec.EllipticCurve]]]] = {
    "ES256": ("P-256", ec.SECP256R1),
    "ES384": ("P-384", ec.SECP384R1),
    "ES512": ("P-521", ec.SECP521R1),
}
_KEYED: Final = ("HS256", "HS384", "HS512")
_SIGNED: Final = (*(f"{kind}{size}" for kind in ("RS", "PS") for size in _SHA), *_CURVES, "EdDSA")
_MIN_RSA_BITS: Final = 2_048  # RFC 7518, section 3.3
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")
_SECOND: Final = 1_000_000_000
_CONSTRAINTS: Final = frozenset({"cert", "secret", "alg", "iss", "aud", "time"})

_Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class TokenError(ValueError):
    """A token, key or constraint cannot be read. The message never quotes any of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """A token in its parts: `signing_input` is what was signed (RFC 7515, section 5.2)."""

    header: dict[str, Any]
    payload: bytes
    signature: bytes
    signing_input: bytes


def _parse_token(text: Any) -> _Token:
    parts = text.split(".") if isinstance(text, str) else []
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature
        raise TokenError("wants a token of three parts (RFC 7515, section 3.1)")
    header, payload, signature = parts
    return _Token(
        header=_members(_decode(header)),
        payload=_decode(payload),
        signature=_decode(signature),
        signing_input=f"{header}.{payload}".encode(),
    )


def _decode(text: Any) -> bytes:
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise TokenError("wants base64url without padding (RFC 7515, section 2)")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _members(data: bytes) -> dict[str, Any]:
    try:
        value = parse(data)
    except (MalformedRequestError, TooLargeError) as error:
        raise TokenError(f"header, payload and key sets are I-JSON: {error}") from None
    if not isinstance(value, dict):
        raise TokenError("header, payload and key sets are JSON objects")
    return value


def _decoded(text: Any) -> list[Any]:
    """`io.jwt.decode`: header, payload, and the signature in hex."""
    token = _parse_token(text)
    return [token.header, _members(token.payload), token.signature.hex()]


def _verified(algorithm: str, text: Any, key: Any) -> bool:
    """`io.jwt.verify_*`: whether the token is signed with `algorithm` and this key.

    `key` is a secret for HS*, else a certificate or public key in PEM, or a key or key set in JSON (RFC 7517).
    """
    token = _parse_token(text)
    if token.header.get("alg") != algorithm or "crit" in token.header:
        return False
    if algorithm in _KEYED:
        return _is_mac(algorithm, token, key)
    return any(_is_signature(algorithm, token, each) for each in _keys(algorithm, key, token.header.get("kid")))


def _is_mac(algorithm: str, token: _Token, secret: Any) -> bool:
    if not isinstance(secret, str) or not secret:
        raise TokenError("wants a secret")
    wanted = hmac.digest(secret.encode(), token.signing_input, f"sha{algorithm[2:]}")
    return hmac.compare_digest(wanted, token.signature)


def _is_signature(algorithm: str, token: _Token, key: Any) -> bool:
    """Tell whether `key`, which fits the algorithm, made the signature (RFC 7518, section 3; RFC 8037, section 3.1)."""
    try:
        match algorithm[:2]:
            case "RS":
                key.verify(token.signature, token.signing_input, padding.PKCS1v15(), _SHA[algorithm[2:]]())
            case "PS":
                pss = padding.PSS(padding.MGF1(_SHA[algorithm[2:]]()), padding.PSS.DIGEST_LENGTH)
                key.verify(token.signature, token.signing_input, pss, _SHA[algorithm[2:]]())
            case "ES":
                key.verify(_dss(token.signature, key), token.signing_input, ec.ECDSA(_SHA[algorithm[2:]]()))
            case _:
                key.verify(token.signature, token.signing_input)
    except InvalidSignature:
        return False
    return True


def _dss(signature: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a signature of two numbers side by side as the library reads it (RFC 7518, section 3.4)."""
    size = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * size:
        raise InvalidSignature
    return encode_dss_signature(int.from_bytes(signature[:size]), int.from_bytes(signature[size:]))


def _keys(algorithm: str, text: Any, kid: Any) -> list[_Key]:
    """Return the keys in `text` that fit the algorithm; only those named `kid`, where some are.

    Raises:
        TokenError: there is none, or `text` is no key.
    """
    if not isinstance(text, str):
        raise TokenError("wants a certificate, a key or a key set")
    named = list(_named_keys(text))
    chosen = [key for name, key in named if kid is not None and name == kid] or [key for _, key in named]
    fitting = [key for key in chosen if key is not None and _fits(algorithm, key)]
    if not fitting:
        raise TokenError(f"there is no key for `{algorithm}`")
    return fitting


def _named_keys(text: str) -> Iterator[tuple[Any, _Key | None]]:
    try:
        if text.lstrip().startswith("{"):
            document = _members(text.encode())
            for jwk in document.get("keys", [document]):
                if jwk.get("use", "sig") == "sig":
                    yield jwk.get("kid"), _key_of(jwk)
        elif "BEGIN CERTIFICATE" in text:
            yield None, _known(load_pem_x509_certificate(text.encode()).public_key())
        else:
            yield None, _known(load_pem_public_key(text.encode()))
    except (ValueError, AttributeError, KeyError, TypeError):
        raise TokenError("no certificate, key or key set can be read") from None


def _known(key: Any) -> _Key | None:
    return key if isinstance(key, _Key) else None


def _key_of(jwk: dict[str, Any]) -> _Key | None:
    """Return the public key of a JSON Web Key (RFC 7518, section 6; RFC 8037, section 2); None for other kinds."""
    match jwk:
        case {"kty": "RSA"}:
            return rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
        case {"kty": "EC"}:
            curves = dict(_CURVES.values())
            return ec.EllipticCurvePublicNumbers(
                _number(jwk["x"]), _number(jwk["y"]), curves[jwk["crv"]]()
            ).public_key()
        case {"kty": "OKP", "crv": "Ed25519"}:
            return ed25519.Ed25519PublicKey.from_public_bytes(_decode(jwk["x"]))
    return None


def _number(text: Any) -> int:
    return int.from_bytes(_decode(text))


def _fits(algorithm: str, key: _Key) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return algorithm[:2] in {"RS", "PS"} and key.key_size >= _MIN_RSA_BITS
    if isinstance(key, ec.EllipticCurvePublicKey):
        return algorithm in _CURVES and isinstance(key.curve, _CURVES[algorithm][1])
    return algorithm == "EdDSA"


def _decoded_verified(text: Any, constraints: Any) -> list[Any]:
    """`io.jwt.decode_verify`: `[true, header, payload]` if the token fulfils `constraints`, else `[false, {}, {}]`.

    `constraints`: `cert` or `secret`; `time` in nanoseconds, which OPA lets one leave out; `alg`, `iss`, `aud`.
    """
    wanted = _verified_constraints(constraints)
    header, payload, _ = _decoded(text)
    algorithm = header.get("alg")
    allowed = _KEYED if "secret" in wanted else _SIGNED
    if (
        algorithm in allowed
        and algorithm == wanted.get("alg", algorithm)
        and _verified(algorithm, text, wanted.get("secret", wanted.get("cert")))
        and _is_meant(payload, wanted)
        and _is_current(payload, wanted["time"])
    ):
        return [True, header, payload]
    return [False, {}, {}]


def _verified_constraints(constraints: Any) -> dict[str, Any]:
    if not isinstance(constraints, dict) or constraints.keys() - _CONSTRAINTS:
        raise TokenError(f"the constraints are {', '.join(sorted(_CONSTRAINTS))}")
    if ("secret" in constraints) is ("cert" in constraints):
        raise TokenError("wants either `cert` or `secret`")
    if any(not isinstance(constraints.get(name, ""), str) for name in ("alg", "iss", "aud")):
        raise TokenError("`alg`, `iss` and `aud` are strings")
    if type(constraints.get("time")) is not int:
        raise TokenError("state `time` in nanoseconds: a decision must not depend on a clock")
    return constraints


def _is_meant(payload: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Tell whether issuer and audience are the wanted ones; who is no audience takes no token for one (RFC 7519)."""
    if "iss" in wanted and payload.get("iss") != wanted["iss"]:
        return False
    if "aud" not in wanted:
        return "aud" not in payload
    audience = payload.get("aud")
    return wanted["aud"] in audience if isinstance(audience, list) else wanted["aud"] == audience


def _is_current(payload: dict[str, Any], time: int) -> bool:
    """Tell whether `exp` is to come and `nbf` has come, where the token says so (RFC 7519, 4.1.4 and 4.1.5)."""
    if any(type(payload.get(name, 0)) not in {int, float} for name in ("exp", "nbf")):
        raise TokenError("`exp` and `nbf` are numbers")
    if "exp" in payload and time >= payload["exp"] * _SECOND:
        return False
    return "nbf" not in payload or time >= payload["nbf"] * _SECOND


TOKEN_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "io.jwt.decode": _decoded,
    "io.jwt.decode_verify": _decoded_verified,
    **{f"io.jwt.verify_{each.lower()}": partial(_verified, each) for each in (*_KEYED, *_SIGNED)},
}
