"""Proof that one record is in the log, as one file: docs/evidence-format.md, section 7.

A C2SP tlog-proof of the record's seal in the tree, with the record and its place under the seal in
`extra`. Pure; checking needs nothing but the pinned key.
"""

from dataclasses import dataclass

from evidence import canonical, checkpoint, form
from evidence.checkpoint import Checkpoint
from evidence.errors import MalformedError, ProofError
from evidence.keys import VerifierKey
from evidence.record import Record
from evidence.segment import Seal
from evidence.tree import leaf_hash, verify_inclusion

MAX_PROOF = 1 << 18  # bytes: a record of 64 KiB in JSON in base64, and the hashes
_HEADER = "c2sp.org/tlog-proof@v1"
_HASH_BYTES = 32
_MOST_HASHES = 64
_EXTRA = frozenset({"proof", "record", "seal", "v"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Everything from a record up to a checkpoint, unchecked."""

    record: bytes
    path: tuple[bytes, ...]  # from the record to the seal's root
    seal: Seal
    index: int  # of the seal in the tree
    seal_path: tuple[bytes, ...]  # from the seal to the checkpoint's root
    checkpoint: bytes

    def format(self) -> bytes:
        """Return the file."""
        extra = {
            "v": 1,
            "record": self.record.decode(),
            "proof": [node.hex() for node in self.path],
            "seal": self.seal.text,
        }
        lines = [_HEADER, f"extra {form.base64_text(canonical.encode(extra))}", f"index {self.index}"]
        lines += [form.base64_text(node) for node in self.seal_path]
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> "Proof":
        """Read a proof file.

        Raises:
            MalformedError: the bytes are none.
        """
        if len(data) > MAX_PROOF:
            raise MalformedError("proof is larger than 256 KiB")
        head, gap, note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise MalformedError("proof is not ASCII") from error
        if not gap or len(lines) < 3 or lines[0] != _HEADER:  # noqa: PLR2004 - header, extra, index
            raise MalformedError(f"not a {_HEADER}")
        extra = form.members(canonical.parse(form.base64_bytes(_after("extra ", lines[1]))), _EXTRA)
        path, text, seal = extra["proof"], extra["record"], extra["seal"]
        if type(extra["v"]) is not int or extra["v"] != 1 or type(path) is not list or len(path) > _MOST_HASHES:
            raise MalformedError("extra is not of version 1")
        if type(text) is not str or type(seal) is not str or len(lines) - 3 > _MOST_HASHES:
            raise MalformedError("extra has no record or no seal, or the proof is too long")
        return cls(
            record=text.encode(),
            path=tuple(bytes.fromhex(form.hash_hex(node)) for node in path),
            seal=Seal.parse(seal),
            index=checkpoint.decimal(_after("index ", lines[2])),
            seal_path=tuple(_hash(line) for line in lines[3:]),
            checkpoint=note,
        )

    def verify(self, key: VerifierKey) -> tuple[Record, Checkpoint]:
        """Return the record, once it is known to be in the log that `key` signs, and the checkpoint that holds it.

        Raises:
            MalformedError: the record or the checkpoint is none.
            ProofError: a path does not lead where it should.
            SignatureError: `key` did not sign the checkpoint.
        """
        found = Record.parse(self.record)
        head = checkpoint.verify(self.checkpoint, key)
        seal = self.seal
        if (found.chain, found.retention_class, key.origin) != (seal.chain, seal.retention_class, seal.log):
            raise ProofError("the seal is not of the record's chain, class and log")
        index = found.seq - seal.first_seq
        verify_inclusion(leaf_hash(self.record), index, seal.count, self.path, bytes.fromhex(seal.root))
        verify_inclusion(bytes.fromhex(seal.seal_hash), self.index, head.size, self.seal_path, head.root)
        return found, head


def _after(start: str, line: str) -> str:
    if not line.startswith(start):
        raise MalformedError(f"proof has no line `{start.strip()}`")
    return line.removeprefix(start)


def _hash(line: str) -> bytes:
    data = form.base64_bytes(line)
    if len(data) != _HASH_BYTES:
        raise MalformedError("a hash has 32 bytes")
    return data
