"""Cosignatures of witnesses: C2SP tlog-cosignature, the Ed25519 kind (`cosignature/v1`, type 0x04).

A witness says that at a time a checkpoint was the newest it had seen of a log, and consistent with all it
had seen before. What makes it say so is not this module's business: text and line in, time out.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from evidence import form
from evidence.errors import AnchorError, MalformedError
from evidence.keys import parse_origin

MAX_LINE = 512  # bytes: a name of 128, and what else a line has
_TYPE = b"\x04"
_PUBLIC_KEY_BYTES = 32
_ID_BYTES, _TIME_BYTES, _SIGNATURE_BYTES = 4, 8, 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_300_799  # seconds: 9999-12-31T23:59:59Z, the last second a time of the log can say


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessKey:
    """The public half of a witness: a name, which has the form of an origin, and 32 bytes of Ed25519."""

    name: str
    public_key: bytes

    @property
    def id(self) -> bytes:
        """Return the four bytes that name the key in a cosignature."""
        return hashlib.sha256(self.name.encode() + b"\n" + _TYPE + self.public_key).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """Return the verifier key in one line: `<name>+<key id>+<base64(0x04 || public key)>`."""
        return f"{self.name}+{self.id.hex()}+{form.base64_text(_TYPE + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> "WitnessKey":
        """Read a witness's verifier key; white space around the line is ignored.

        Raises:
            MalformedError: it is none, such as the verifier key of a log, or its key id is of another key.
        """
        parts = text.strip(" \t\r\n").split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004 - name, key id, key
            raise MalformedError("not a witness's verifier key")
        data = form.base64_bytes(parts[2])
        if data[:1] != _TYPE or len(data) != 1 + _PUBLIC_KEY_BYTES:
            raise MalformedError("not an Ed25519 key of a witness (type 0x04)")
        key = cls(name=parse_origin(parts[0]), public_key=data[1:])
        if parts[1] != key.id.hex():
            raise MalformedError("the verifier key's id is of another key")
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessSigner:
    """The private half. Its representation shows no secret."""

    name: str
    private_key: Ed25519PrivateKey = field(repr=False)

    @property
    def key(self) -> WitnessKey:
        """Return the public half."""
        return WitnessKey(name=self.name, public_key=self.private_key.public_key().public_bytes_raw())

    def sign(self, note_text: str, moment: datetime) -> bytes:
        """Return the cosignature line over the text of a checkpoint, with its newline.

        Args:
            note_text: the text, with its last newline.
            moment: not before 1970; its fraction of a second is dropped.
        """
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
        signature = self.private_key.sign(_message(seconds, note_text))
        data = self.key.id + seconds.to_bytes(_TIME_BYTES, "big") + signature
        return f"\N{EM DASH} {self.name} {form.base64_text(data)}\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """One line, unchecked: who, which of their keys, when (seconds since 1970), and 64 bytes of signature."""

    name: str
    key_id: bytes
    seconds: int
    signature: bytes

    @property
    def time(self) -> datetime:
        """Return when the witness says it signed, in UTC."""
        return _EPOCH + timedelta(seconds=self.seconds)


def parse(line: bytes) -> Cosignature:
    """Read one cosignature line, which ends in a newline.

    Raises:
        MalformedError: it is none, or larger than 512 bytes, or of a time after the year 9999.
    """
    if len(line) > MAX_LINE:
        raise MalformedError("cosignature is larger than 512 bytes")
    try:
        parts = line.decode().split(" ")
    except UnicodeDecodeError as error:
        raise MalformedError("cosignature is not UTF-8") from error
    if len(parts) != 3 or parts[0] != "\N{EM DASH}" or not parts[2].endswith("\n"):  # noqa: PLR2004 - dash, name, data
        raise MalformedError("not a cosignature line")
    data = form.base64_bytes(parts[2][:-1])
    if len(data) != _ID_BYTES + _TIME_BYTES + _SIGNATURE_BYTES:
        raise MalformedError("not the length of an Ed25519 cosignature")
    seconds = int.from_bytes(data[_ID_BYTES : _ID_BYTES + _TIME_BYTES], "big")
    if seconds > _LAST:
        raise MalformedError("cosignature is of a time after the year 9999")
    return Cosignature(
        name=parse_origin(parts[1]),
        key_id=data[:_ID_BYTES],
        seconds=seconds,
        signature=data[_ID_BYTES + _TIME_BYTES :],
    )


def verify(line: bytes, note_text: str, key: WitnessKey) -> datetime:
    """Return when `key` cosigned the checkpoint whose text is `note_text` (with its last newline), in UTC.

    Raises:
        MalformedError: `line` is no cosignature.
        AnchorError: it is another's, or over another text.
    """
    found = parse(line)
    if (found.name, found.key_id) != (key.name, key.id):
        raise AnchorError(f"not a cosignature by the key {key.id.hex()} of {key.name}")
    try:
        public_key = Ed25519PublicKey.from_public_bytes(key.public_key)
        public_key.verify(found.signature, _message(found.seconds, note_text))
    except (InvalidSignature, ValueError) as error:
        raise AnchorError(f"{key.name} did not cosign this checkpoint") from error
    return found.time


def _message(seconds: int, note_text: str) -> bytes:
    """Return what is signed (tlog-cosignature, section "Ed25519 signed message")."""
    return f"cosignature/v1\ntime {seconds}\n{note_text}".encode()
