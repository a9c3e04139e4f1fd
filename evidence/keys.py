"""Keys of the log: the one that signs notes, and the verifier key an auditor pins.

A verifier key is the C2SP signed-note form `<origin>+<key id>+<base64(0x01 || public key)>`.
Where the private key is kept is not this module's business.
"""

import hashlib
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evidence import form
from evidence.errors import MalformedError, SignatureError

_ED25519 = b"\x01"
_PUBLIC_KEY_BYTES = 32
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ORIGIN = re.compile(r"[!-*,-~]{1,128}")  # printable ASCII without space and plus, as key names must be


def key_id(origin: str, public_key: bytes) -> bytes:
    """Return the four bytes that name a key in a signature line (C2SP signed-note)."""
    return hashlib.sha256(origin.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def parse_origin(text: str) -> str:
    """Return `text` if it can name a log.

    Raises:
        MalformedError: it is empty, too long, or has a space, a plus or a character beyond ASCII.
    """
    if not _ORIGIN.fullmatch(text):
        raise MalformedError("an origin is 1 to 128 printable ASCII characters without space and plus")
    return text


def _refuse_no_point(public_key: bytes) -> None:
    """Refuse what encodes no point of the curve (RFC 8032, section 5.1.3), of which OpenSSL takes some.

    Raises:
        MalformedError: it encodes none.
    """
    sign, y = divmod(int.from_bytes(public_key, "little"), 1 << 255)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if y >= _P or (square == 0 and sign) or pow(square, (_P - 1) // 2, _P) == _P - 1:
        raise MalformedError("not a point of Ed25519's curve")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """The public half: an origin and the 32 bytes of its Ed25519 key."""

    origin: str
    public_key: bytes

    @property
    def id(self) -> bytes:
        """Return the key id."""
        return key_id(self.origin, self.public_key)

    def __str__(self) -> str:
        """Return the one line an auditor pins."""
        return f"{self.origin}+{self.id.hex()}+{form.base64_text(_ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a verifier key; white space around the line is ignored.

        Raises:
            MalformedError: it is none, or its key id is of another key.
        """
        parts = text.strip(" \t\r\n").split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004 - origin, key id, key
            raise MalformedError("not a verifier key")
        data = form.base64_bytes(parts[2])
        if data[:1] != _ED25519 or len(data) != 1 + _PUBLIC_KEY_BYTES:
            raise MalformedError("not an Ed25519 verifier key")
        _refuse_no_point(data[1:])
        key = cls(origin=parse_origin(parts[0]), public_key=data[1:])
        if parts[1] != key.id.hex():
            raise MalformedError("the verifier key's id is of another key")
        return key

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check an Ed25519 signature of 64 bytes.

        Raises:
            SignatureError: this key did not make it.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise SignatureError(f"not signed by {self.origin}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """The private half. Its representation shows no secret."""

    origin: str
    private_key: Ed25519PrivateKey = field(repr=False)

    @property
    def verifier(self) -> VerifierKey:
        """Return the public half."""
        return VerifierKey(origin=self.origin, public_key=self.private_key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature."""
        return self.private_key.sign(message)
