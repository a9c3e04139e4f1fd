"""Public keys by which others sign, as JSON Web Keys (RFC 7517), parsed once and held.

Owns which keys are taken, and which algorithms each may be used with (RFC 7518, RFC 8037, RFC 9864): an algorithm
follows from the key, never from the message. Knows no tokens.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse

LONGEST_SET: Final = 256 << 10
"""Bytes of a set of keys."""

_MOST_KEYS: Final = 100
_LONGEST_TEXT: Final = 1_400  # base64url of 8192 bits, and a little
_LONGEST_EXPONENT: Final = 6  # base64url of 32 bits: a larger one costs time at every signature
_LONGEST_ID: Final = 256
_RSA_BITS: Final = range(2_048, 8_193)  # RFC 7518, section 3.3, asks for the least
_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_CURVES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("Ed25519", "EdDSA"),
}
_SECRET: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KINDS: Final[Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("kty", "n", "e"),
    "EC": ("kty", "crv", "x", "y"),
    "OKP": ("kty", "crv", "x"),
}

ALGORITHMS: Final = frozenset((*_RSA, *(each for names in _CURVES.values() for each in names)))
"""Every algorithm that is taken; none of them has a shared secret."""


class JwkError(ValueError):
    """A key is none that is taken; the message says what is asked of it and quotes nothing."""


class SignatureError(Exception):
    """The signature is not of this key, or not by this algorithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key somebody signs with.

    Attributes:
        kid: its name among the keys of its holder.
        thumbprint: of what it is, whatever it is called (RFC 7638).
        algorithms: those it may be used with.
    """

    kid: str
    thumbprint: str
    algorithms: frozenset[str]
    held: RSAKey | ECKey | OKPKey = field(repr=False, compare=False)

    def verify_signature(self, algorithm: str, message: bytes, signature: bytes) -> None:
        """Return if `signature` is over `message`.

        Raises:
            SignatureError: it is not, or the key is not for `algorithm`.
        """
        if algorithm not in self.algorithms:
            raise SignatureError
        if not JWSRegistry.algorithms[algorithm].verify(message, signature, self.held):
            raise SignatureError


def parse_jwk(value: Any) -> PublicKey:
    """Return the public key that a JWK describes.

    Raises:
        JwkError: it is no public key for signatures, has no `kid`, or is too weak or too large.
    """
    if not isinstance(value, dict):
        raise JwkError("a key is an object")
    kid = value.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_ID:
        raise JwkError(f"a key has a `kid` of 1 to {_LONGEST_ID} characters")
    if _SECRET & value.keys():
        raise JwkError("a key that is published has no private part, and is no shared secret")
    algorithms = _algorithms(value)
    held = _imported(value)
    return PublicKey(kid=kid, thumbprint=held.thumbprint(), algorithms=algorithms, held=held)


def parse_jwk_set(data: bytes) -> Mapping[str, PublicKey]:
    """Return the usable keys of a JWK set by `kid`: others are passed over, and so are those that share a `kid`.

    Raises:
        JwkError: `data` is no set of keys.
    """
    try:
        value = parse(data, max_bytes=LONGEST_SET)
    except (MalformedRequestError, TooLargeError) as error:
        raise JwkError(f"a set of keys is JSON of at most {LONGEST_SET} bytes") from error
    listed = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise JwkError(f"a set of keys has `keys`, a list of at most {_MOST_KEYS}")
    found: dict[str, PublicKey] = {}
    twice = set()
    for each in listed:
        try:
            key = parse_jwk(each)
        except JwkError:
            continue
        if key.kid in found:
            twice.add(key.kid)
        found[key.kid] = key
    return {kid: key for kid, key in found.items() if kid not in twice}


def _algorithms(value: dict[str, Any]) -> frozenset[str]:
    """Return what a key may be used with, by its kind and what it says of its use."""
    kind, curve = value.get("kty"), value.get("crv")
    if kind == "RSA":
        names: tuple[str, ...] = _RSA
    elif isinstance(kind, str) and isinstance(curve, str) and (kind, curve) in _CURVES:
        names = _CURVES[kind, curve]
    else:
        raise JwkError("a key is RSA, EC (P-256, P-384, P-521) or OKP (Ed25519)")
    operations = value.get("key_ops", ["verify"])
    if value.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise JwkError("a key is for signatures")
    stated = value.get("alg", names[0])
    if stated not in names:
        raise JwkError("`alg` of a key is one that it can be used with")
    return frozenset({stated} if "alg" in value else names)


def _imported(value: dict[str, Any]) -> RSAKey | ECKey | OKPKey:
    kind = value["kty"]
    parts: dict[str, str] = {}
    for name in _PARTS[kind]:
        part = value.get(name)
        if not isinstance(part, str) or len(part) > (_LONGEST_EXPONENT if name == "e" else _LONGEST_TEXT):
            raise JwkError(f"`{name}` of a key is a string of its length")
        parts[name] = part
    try:
        if "n" in parts:
            _verify_size(parts["n"])
        held = _KINDS[kind].import_key(dict(parts))
        held.public_key.public_bytes  # noqa: B018 - made when it is asked for, and refused where it is none
    except (JoseError, ValueError, UnsupportedAlgorithm) as error:
        raise JwkError(str(error) if isinstance(error, JwkError) else "its numbers are none of a key") from error
    return held


def _verify_size(modulus: str) -> None:
    bits = int.from_bytes(base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))).bit_length()
    if bits not in _RSA_BITS:
        raise JwkError(f"an RSA key has {_RSA_BITS.start} to {_RSA_BITS.stop - 1} bits")
