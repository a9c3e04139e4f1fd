"""An SSH signature, as `ssh-keygen -Y sign` makes it and Git keeps it: parsed, and verified over a message. Pure.

The format is that of OpenSSH's PROTOCOL.sshsig. Ed25519, ECDSA over P-256, P-384 and P-521, and RSA of 2048 bits and
more with SHA-2 count. What a hardware key signs (`sk-`), what a certificate signs, and SHA-1 are refused by name.

Says which key signed; whose key that is, is `allowed_signers`' business.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from app.features.policies.errors import SignatureError

NAMESPACE: Final = "git"
"""What Git signs for: a signature made for a file or a login counts for no commit."""

MAX_BYTES: Final = 1 << 14
"""Bytes: the largest signature there may be, armored."""

_BEGIN: Final = b"-----BEGIN SSH SIGNATURE-----\n"
_END: Final = b"-----END SSH SIGNATURE-----\n"
_MAGIC: Final = b"SSHSIG"
_VERSION: Final = b"\0\0\0\1"
_HASHES: Final[dict[bytes, Callable[[bytes], bytes]]] = {
    b"sha256": lambda data: hashlib.sha256(data).digest(),
    b"sha512": lambda data: hashlib.sha512(data).digest(),
}
_CURVES: Final[dict[bytes, tuple[ec.EllipticCurve, hashes.HashAlgorithm]]] = {
    b"nistp256": (ec.SECP256R1(), hashes.SHA256()),
    b"nistp384": (ec.SECP384R1(), hashes.SHA384()),
    b"nistp521": (ec.SECP521R1(), hashes.SHA512()),
}
_RSA_HASHES: Final[dict[bytes, hashes.HashAlgorithm]] = {
    b"rsa-sha2-256": hashes.SHA256(),
    b"rsa-sha2-512": hashes.SHA512(),
}
_RSA_BITS: Final = range(2_048, 8_193)
_MOST_EXPONENT: Final = 1 << 32
_ED25519: Final = b"ssh-ed25519"
_ED25519_BYTES: Final = 64

_Verify = Callable[[bytes, bytes, bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SshKey:
    """A public key: its type, such as `ssh-ed25519`, and its bytes as OpenSSH writes them, which name it."""

    type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """Return what `ssh-keygen -l` prints of it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).rstrip(b"=").decode()


class _Fields:
    """The strings of an SSH structure, one after the other (RFC 4251, section 5)."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self) -> bytes:
        size = int.from_bytes(self._data[:4], "big")
        if len(self._data) < 4 + size:
            raise SignatureError("the signature or its key is cut off")
        value, self._data = self._data[4 : 4 + size], self._data[4 + size :]
        return value

    def number(self) -> int:
        """Take a positive integer that has no byte too much."""
        value = self.take()
        if not value or value[0] >= 0x80 or (value[0] == 0 and (len(value) == 1 or value[1] < 0x80)):  # noqa: PLR2004
            raise SignatureError("a number of the signature or its key has not its one form")
        return int.from_bytes(value, "big")

    def end(self) -> None:
        if self._data:
            raise SignatureError("the signature or its key goes on after its end")


def verify_signature(armored: bytes, message: bytes, namespace: str = NAMESPACE) -> SshKey:
    """Return the key that signed `message` for `namespace`.

    Raises:
        SignatureError: it is no signature of a kind that counts, or is over something else.
    """
    fields = _Fields(_disarmored(armored))
    blob, stated, reserved, hash_name, signature = (fields.take() for _ in range(5))
    fields.end()
    if stated != namespace.encode():
        raise SignatureError(f"the signature is for another namespace than `{namespace}`")
    if hash_name not in _HASHES:
        raise SignatureError("the signature is over another hash than SHA-256 or SHA-512")
    parts = (stated, reserved, hash_name, _HASHES[hash_name](message))
    signed = _MAGIC + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    key, verify = _public_key(blob)
    inner = _Fields(signature)
    algorithm, value = inner.take(), inner.take()
    inner.end()
    try:
        verify(algorithm, value, signed)
    except (InvalidSignature, ValueError):
        raise SignatureError("the signature is not over this content") from None
    return key


def parse_key(blob: bytes) -> SshKey:
    """Return the public key in `blob`, the bytes whose base64 stands in a `.pub` file.

    Raises:
        SignatureError: it is none, or of a kind that does not count.
    """
    return _public_key(blob)[0]


def _disarmored(armored: bytes) -> bytes:
    if len(armored) > MAX_BYTES:
        raise SignatureError(f"a signature has at most {MAX_BYTES} bytes")
    if not armored.startswith(_BEGIN) or not armored.endswith(_END):
        kind = " but of OpenPGP or X.509" if armored.startswith(b"-----BEGIN ") else ""
        raise SignatureError(f"the signature is none of SSH{kind}")
    body = armored.removeprefix(_BEGIN).removesuffix(_END)
    try:
        data = base64.b64decode(body.replace(b"\n", b""), validate=True)
    except (binascii.Error, ValueError):
        raise SignatureError("the signature is not base64") from None
    if not data.startswith(_MAGIC + _VERSION):
        raise SignatureError("the signature is none of SSH, version 1")
    return data.removeprefix(_MAGIC + _VERSION)


@lru_cache(maxsize=1_024)
def _public_key(blob: bytes) -> tuple[SshKey, _Verify]:
    """Return a key and what verifies with it; kept, because few people sign much."""
    fields = _Fields(blob)
    name = fields.take()
    if name.startswith(b"sk-"):
        raise SignatureError("keys of hardware tokens (`sk-`) are not taken; sign with a key of another type")
    try:
        if name == _ED25519:
            verify = _ed25519(fields)
        elif name == b"ssh-rsa":
            verify = _rsa(fields)
        elif name.startswith(b"ecdsa-sha2-") and name.removeprefix(b"ecdsa-sha2-") in _CURVES:
            verify = _ecdsa(name, fields)
        else:
            raise SignatureError("the key is none of ssh-ed25519, ecdsa-sha2-nistp256, -384, -521, ssh-rsa")
    except (ValueError, UnsupportedAlgorithm):
        raise SignatureError("the key is none of its type") from None
    fields.end()
    return SshKey(type=name.decode(), blob=blob), verify


def _ed25519(fields: _Fields) -> _Verify:
    key = Ed25519PublicKey.from_public_bytes(fields.take())

    def verify(algorithm: bytes, value: bytes, signed: bytes) -> None:
        if algorithm != _ED25519 or len(value) != _ED25519_BYTES:
            raise SignatureError("the signature is of another type than its key")
        key.verify(value, signed)

    return verify


def _ecdsa(name: bytes, fields: _Fields) -> _Verify:
    curve_name = fields.take()
    if name != b"ecdsa-sha2-" + curve_name:
        raise SignatureError("the key names two curves")
    curve, digest = _CURVES[curve_name]
    point = fields.take()
    if point[:1] != b"\4":
        raise SignatureError("the key is none of its type")
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)

    def verify(algorithm: bytes, value: bytes, signed: bytes) -> None:
        if algorithm != name:
            raise SignatureError("the signature is of another type than its key")
        numbers = _Fields(value)
        r, s = numbers.number(), numbers.number()
        numbers.end()
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))

    return verify


def _rsa(fields: _Fields) -> _Verify:
    exponent, modulus = fields.number(), fields.number()
    if modulus.bit_length() not in _RSA_BITS or exponent >= _MOST_EXPONENT:
        raise SignatureError("an RSA key has 2048 to 8192 bits and a small exponent")
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()

    def verify(algorithm: bytes, value: bytes, signed: bytes) -> None:
        if algorithm not in _RSA_HASHES:
            raise SignatureError("an RSA key signs with rsa-sha2-256 or rsa-sha2-512; SHA-1 does not count")
        key.verify(value, signed, padding.PKCS1v15(), _RSA_HASHES[algorithm])

    return verify
