"""C2SP signed notes: a text and who vouches for it. docs/evidence-format.md, section 6.

Seals and checkpoints are both notes, so there is one way to sign and one way to check.
"""

from dataclasses import dataclass

from evidence import form
from evidence.errors import MalformedError, SignatureError
from evidence.keys import SigningKey, VerifierKey

MAX_NOTE = 16_384  # bytes
_ID_BYTES = 4
_SIGNATURE_BYTES = 64
_FIRST_PRINTABLE = " "


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line: who, which of their keys, and what they signed with it."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text with signatures nobody has checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes, *, limit: int = MAX_NOTE) -> "Note":
        """Read a note.

        Raises:
            MalformedError: the bytes are no signed note, or more than `limit`.
        """
        if len(data) > limit:
            raise MalformedError(f"note is larger than {limit} bytes")
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise MalformedError("note is not UTF-8") from error
        if any(character < _FIRST_PRINTABLE and character != "\n" for character in whole):
            raise MalformedError("note has a control character")
        text, gap, lines = whole.rpartition("\n\n")
        if not gap or not text or not lines.endswith("\n"):
            raise MalformedError("note has no text or no signature")
        return cls(text=text + "\n", signatures=tuple(_signature(line) for line in lines[:-1].split("\n")))

    @classmethod
    def parse_stored(cls, data: bytes, *, signatures: int = 1, limit: int = MAX_NOTE) -> "Note":
        """Read a note of the log itself, which has so many signature lines, of Ed25519's length.

        Raises:
            MalformedError: it has not.
        """
        note = cls.parse(data, limit=limit)
        if [len(line.value) for line in note.signatures] != [_SIGNATURE_BYTES] * signatures:
            raise MalformedError(f"it has not {signatures} Ed25519 signature(s)")
        return note

    def verify(self, key: VerifierKey) -> str:
        """Return the text, once `key` is known to have signed it. Lines of other keys are ignored.

        Raises:
            SignatureError: no line is `key`'s, or its signature is wrong.
        """
        mine = [line for line in self.signatures if (line.name, line.key_id) == (key.origin, key.id)]
        if len(mine) != 1 or len(mine[0].value) != _SIGNATURE_BYTES:
            raise SignatureError(f"no one signature of {key.origin}")
        key.verify(mine[0].value, self.text.encode())
        return self.text


def sign(text: str, *keys: SigningKey) -> bytes:
    """Return the note that says `text`, which ends in a newline, under the signatures of `keys` in their order."""
    lines = [f"\N{EM DASH} {key.origin} {_signed(text, key)}\n" for key in keys]
    return "".join([text, "\n", *lines]).encode()


def _signed(text: str, key: SigningKey) -> str:
    return form.base64_text(key.verifier.id + key.sign(text.encode()))


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\N{EM DASH}" or not parts[1] or "+" in parts[1]:  # noqa: PLR2004
        raise MalformedError("not a signature line")
    data = form.base64_bytes(parts[2])
    if len(data) <= _ID_BYTES:
        raise MalformedError("signature is too short")
    return Signature(name=parts[1], key_id=data[:_ID_BYTES], value=data[_ID_BYTES:])
