"""The head of the tree over all seals: C2SP checkpoints, and the batches of leaves between them.

docs/evidence-format.md, section 6. Pure: bytes in, values out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from evidence import canonical, form, note
from evidence.errors import MalformedError
from evidence.keys import SigningKey, VerifierKey, parse_origin
from evidence.note import Note

MAX_LEAVES = 1 << 20  # bytes of one batch
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """So many leaves, under this root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Return the text of the note."""
        return f"{self.origin}\n{self.size}\n{form.base64_text(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a note; extension lines are not ours and are refused.

        Raises:
            MalformedError: it is no checkpoint.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:  # noqa: PLR2004 - three lines and the end of the last
            raise MalformedError("a checkpoint has three lines")
        root = form.base64_bytes(lines[2])
        if len(root) != _HASH_BYTES:
            raise MalformedError("a root has 32 bytes")
        return cls(origin=parse_origin(lines[0]), size=decimal(lines[1]), root=root)


def sign(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """Return the note that publishes `checkpoint`."""
    return note.sign(checkpoint.text, key)


def verify(data: bytes, key: VerifierKey) -> Checkpoint:
    """Return the checkpoint that `key` signed, cosignatures of others beside it allowed.

    Raises:
        MalformedError: the bytes are no checkpoint.
        SignatureError: it is another log's, or `key` did not sign it.
    """
    signed = Note.parse(data)
    checkpoint = Checkpoint.parse(signed.text)
    signed.verify(key)
    return checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One leaf of the tree: which seal, and its seal hash in hex."""

    chain: str
    segment: int
    seal_hash: str


def format_leaves(leaves: Iterable[Leaf]) -> bytes:
    """Return the object of one batch."""
    return "".join(f"{leaf.chain} {leaf.segment} {leaf.seal_hash}\n" for leaf in leaves).encode()


def parse_leaves(data: bytes) -> tuple[Leaf, ...]:
    """Read one batch.

    Raises:
        MalformedError: it is empty, larger than 1 MiB, or a line is no leaf.
    """
    if len(data) > MAX_LEAVES:
        raise MalformedError("leaves are larger than 1 MiB")
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedError("leaves are not ASCII") from error
    if len(lines) < 2 or lines.pop():  # noqa: PLR2004 - a line and the end of it
        raise MalformedError("leaves are empty or do not end in a newline")
    return tuple(_leaf(line) for line in lines)


def _leaf(line: str) -> Leaf:
    parts = line.split(" ")
    if len(parts) != 3:  # noqa: PLR2004 - chain, segment, hash
        raise MalformedError("not a leaf")
    return Leaf(chain=form.chain(parts[0]), segment=decimal(parts[1]), seal_hash=form.hash_hex(parts[2]))


def decimal(text: str) -> int:
    """Return the number that `text` is in its one decimal form.

    Raises:
        MalformedError: it is none.
    """
    if not text.isascii() or not text.isdigit() or len(text) > len(str(canonical.MAX_INTEGER)):
        raise MalformedError("not a decimal number")
    number = int(text)
    if str(number) != text or number > canonical.MAX_INTEGER:
        raise MalformedError("not a decimal number without leading zeros, or too large")
    return number
