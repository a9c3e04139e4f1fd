"""Small evidence logs as a mapping of keys to bytes, written from docs/evidence-format.md alone.

Owns the logs that verifiers are tested on: `build` for a good one, `Log` and `Chain` to go on from there, rightly or
wrongly, `Log.resign` for a lie with a good signature. Refuses to know either verifier and every module of the project,
so that a mistake there cannot be repeated here. The same arguments give the same bytes.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ZEROS = "0" * 64
START = datetime(2026, 11, 22, 10, 46, 23, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
YEARS = timedelta(days=2555)


def canonical(value: Any) -> bytes:
    return rfc8785.dumps(value)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data)


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1: MTH, as it stands there."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1  # the largest power of two below the number of leaves
    return sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:]))


def inclusion_proof(leaves: list[bytes], index: int) -> list[bytes]:
    """RFC 6962, section 2.1.1: PATH, as it stands there."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), root(leaves[:split])]


def time_text(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A log's signing key and its name."""

    origin: str = "log.example/omega"
    seed: bytes = b"\x07" * 32

    @property
    def public(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return sha256(self.origin.encode() + b"\n\x01" + self.public)[:4]

    @property
    def key_file(self) -> bytes:
        encoded = base64.b64encode(b"\x01" + self.public).decode()
        return f"{self.origin}+{self.key_id.hex()}+{encoded}\n".encode()

    def signature_line(self, text: str) -> str:
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"— {self.origin} {base64.b64encode(self.key_id + signature).decode()}\n"

    def note(self, text: str) -> bytes:
        return f"{text}\n{self.signature_line(text)}".encode()

    @property
    def witness_id(self) -> bytes:
        """The key id of a witness."""
        return sha256(self.origin.encode() + b"\n\x04" + self.public)[:4]

    @property
    def witness_file(self) -> bytes:
        encoded = base64.b64encode(b"\x04" + self.public).decode()
        return f"{self.origin}+{self.witness_id.hex()}+{encoded}\n".encode()

    def cosignature(self, text: str, seconds: int) -> bytes:
        """A line by which a witness says that it saw the checkpoint with this text."""
        message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        data = self.witness_id + seconds.to_bytes(8, "big") + signature
        return f"— {self.origin} {base64.b64encode(data).decode()}\n".encode()


SIGNER = Signer()
SECOND_SIGNER = Signer(seed=b"\x17" * 32)
THIRD_SIGNER = Signer(seed=b"\x27" * 32)
WITNESS = Signer(origin="witness.example/w1", seed=b"\x0a" * 32)


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    length = (
        bytes([size]) if size < 0x80 else bytes([0x81, size]) if size < 0x100 else b"\x82" + size.to_bytes(2, "big")
    )
    return bytes([tag]) + length + content


def timestamp(  # noqa: PLR0913 - what can be wrong with one
    data: bytes,
    *,
    status: bytes = b"\0",
    algorithm: str = "608648016503040201",
    time: bytes = b"20261122104700.25Z",
    content_type: str = "2a864886f70d010702",
    info_type: str = "2a864886f70d0109100104",
    version: bytes = b"\1",
    imprint: bytes | None = None,
) -> bytes:
    """A TimeStampResp over `data`, as far as its form goes: nobody signed it."""
    hashed = der(0x30, der(0x30, der(6, bytes.fromhex(algorithm))), der(4, imprint or sha256(data)))
    info = der(0x30, der(2, version), der(6, b"\x2a\x03"), hashed, der(2, b"\x07"), der(0x18, time))
    content = der(0x30, der(6, bytes.fromhex(info_type)), der(0xA0, der(4, info)))
    signed = der(0x30, der(2, b"\3"), der(0x31), content, der(0x31))
    token = der(0x30, der(6, bytes.fromhex(content_type)), der(0xA0, signed))
    return der(0x30, der(0x30, der(2, status)), token)


def note_text(note: bytes) -> str:
    return note.decode().rpartition("\n\n")[0] + "\n"


def sealed_block(decision_id: str, index: int, text: bytes, *, key: bytes = b"\x11" * 32) -> dict[str, str]:
    """Encrypt `text` as section 4 says; salt, nonce and pseudonym follow from the place."""
    seed = sha256(f"{decision_id} {index}".encode())
    salt, nonce, subject, kid = seed[:16], seed[16:28], f"psn_{seed[:16].hex()}", f"k_{sha256(key)[:16].hex()}"
    place = f"evidence-sealed/v1\n{decision_id}\n{index}\n{subject}\n{kid}".encode()
    return {
        "alg": "A256GCM",
        "commit": sha256(b"evidence-commitment/v1\n" + salt + text).hex(),
        "ct": base64.b64encode(AESGCM(key).encrypt(nonce, salt + text, place)).decode(),
        "kid": kid,
        "nonce": nonce.hex(),
        "subject": subject,
    }


class Chain:
    """One writer's chain. `append` records, then `seal` them; `seal` with nothing appended is a heartbeat."""

    def __init__(self, log: "Log", chain_id: str, retention_class: str) -> None:
        self.log, self.id, self.retention_class = log, chain_id, retention_class
        self.epoch = self.seq = self.segments = self.first_seq = 0
        self.prev = self.first_prev = self.previous = ZEROS
        self.pending: list[bytes] = []
        self.times: list[str] = []
        self.lines: list[bytes] = []  # every record ever appended

    @property
    def next_id(self) -> str:
        """The decision id of the next record."""
        return f"{self.id}-{self.seq}"

    def seal_key(self, n: int | None = None) -> str:
        """The key of seal n, by default the next."""
        return f"chains/{self.id}/seals/{self.segments if n is None else n:012}.note"

    def segment_key(self, n: int) -> str:
        """The key of a segment that is in the store."""
        return next(key for key in self.log.objects if key.startswith(f"chains/{self.id}/segments/{n:012}-"))

    def append(self, kind: str = "decision", **members: Any) -> bytes:
        """Append a record; `members` stand instead of, or beside, those that would be right."""
        self.epoch += kind == "chain.opened"
        record = {
            "v": 1,
            "chain": self.id,
            "epoch": self.epoch,
            "seq": self.seq,
            "prev": self.prev,
            "time": self.log.tick(),
            "type": kind,
            "class": self.retention_class,
            "tenant": "system",
            "body": {"version": "1.0"},
        }
        if kind == "decision":
            text = json.dumps({"context": {"score": 0.5, "name": "Zoë"}}).encode()
            record |= {"tenant": "acme", "sealed": [sealed_block(self.next_id, 0, text)]}
            record["body"] = {"caller": "shop", "action": "agent.publish", "result": {"allow": True, "passed": ["ä"]}}
        return self.append_line(canonical(record | members), time=(record | members)["time"])

    def append_line(self, line: bytes, *, time: Any = None) -> bytes:
        """Append any bytes as a record."""
        self.pending.append(line)
        self.lines.append(line)
        self.times.append(time if isinstance(time, str) else self.log.tick())
        self.prev = leaf_hash(line).hex()
        self.seq += 1
        return line

    def seal(self, *, data: bytes | None = None, **members: Any) -> str:
        """Seal what was appended since the last seal, and return the seal's key.

        `data` stands instead of the segment's right bytes, and is sealed; `members` as in `append`.
        """
        data = b"".join(line + b"\n" for line in self.pending) if data is None else data
        seal = {
            "v": 1,
            "log": self.log.signer.origin,
            "chain": self.id,
            "class": self.retention_class,
            "segment": self.segments,
            "previous": self.previous,
            "first_seq": self.first_seq,
            "count": len(self.pending),
            "first_prev": self.first_prev,
            "head": self.prev,
            "root": root([leaf_hash(line) for line in self.pending]).hex(),
            "sha256": sha256(data).hex(),
            "bytes": len(data),
            "min_time": min(self.times, default=None),
            "max_time": max(self.times, default=None),
            "sealed_at": self.log.tick(),
            "retain_until": time_text(self.log.time + YEARS),
            "checkpoint": self.log.newest_checkpoint,
        } | members
        text = canonical(seal).decode() + "\n"
        if self.pending:
            self.log.objects[f"chains/{self.id}/segments/{self.segments:012}-{sha256(data).hex()}.jsonl"] = data
        key = self.seal_key()
        self.log.objects[key] = self.log.signer.note(text)
        self.previous = leaf_hash(text.encode()).hex()
        self.log.unlogged.append((self.id, self.segments, self.previous))
        self.segments, self.first_seq, self.first_prev = self.segments + 1, self.seq, self.prev
        self.pending, self.times = [], []
        return key


class Log:
    """A log under construction: `objects` is what would lie in the store."""

    def __init__(self, *, signer: Signer = SIGNER, start: datetime = START, step: timedelta = SECOND) -> None:
        self.signer, self.time, self.step = signer, start, step
        self.objects: dict[str, bytes] = {}
        self.chains: list[Chain] = []
        self.unlogged: list[tuple[str, int, str]] = []  # sealed, and not yet in the tree: chain, segment, seal hash
        self.leaves: list[bytes] = []
        self.batches = 0
        self.newest_checkpoint = ZEROS
        self.statements: list[str] = []  # their texts

    def tick(self) -> str:
        self.time += self.step
        return time_text(self.time)

    def chain(self, chain_id: str | None = None, *, retention_class: str = "std7y", opened: bool = True) -> Chain:
        """Start a chain; its first record says so, unless told otherwise."""
        number = len(self.chains)
        chain = Chain(self, chain_id or f"{int(START.timestamp() * 1000) + number:012x}{number:08x}", retention_class)
        self.chains.append(chain)
        if opened:
            chain.append("chain.opened")
        return chain

    def add_leaves(self) -> str:
        """Write the next batch of leaves, all seals that are not yet in the tree, and return its key."""
        key = f"log/leaves/{self.batches:012}.txt"
        self.objects[key] = "".join(f"{chain} {n} {leaf}\n" for chain, n, leaf in self.unlogged).encode()
        self.leaves += [bytes.fromhex(leaf) for _, _, leaf in self.unlogged]
        self.unlogged = []
        self.batches += 1
        return key

    def checkpoint_text(self) -> str:
        """The text of a checkpoint over the leaves so far."""
        return f"{self.signer.origin}\n{len(self.leaves)}\n{base64.b64encode(root(self.leaves)).decode()}\n"

    def add_checkpoint(self, text: str | None = None) -> str:
        """Write the checkpoint of the last batch of leaves and return its key."""
        key, text = f"log/checkpoints/{self.batches - 1:012}.note", text or self.checkpoint_text()
        self.objects[key] = self.signer.note(text)
        self.newest_checkpoint = sha256(text.encode()).hex()
        return key

    def publish(self) -> bytes:
        """Write leaves and checkpoint, and return the checkpoint."""
        self.add_leaves()
        return self.objects[self.add_checkpoint()]

    def rotate(self, following: Signer, *, signers: tuple[Signer, ...] | None = None, **members: Any) -> str:
        """Write the statement by which `following` signs from now on, and return its key; `members` as in `append`."""
        statement = {
            "v": 1,
            "log": self.signer.origin,
            "number": len(self.statements) + 1,
            "previous": sha256(self.statements[-1].encode()).hex() if self.statements else ZEROS,
            "previous_key": self.signer.key_file.decode().strip(),
            "key": following.key_file.decode().strip(),
            "size": len(self.leaves),
            "root": root(self.leaves).hex(),
            "reason": "rotated",
            "time": self.tick(),
        } | members
        text = canonical(statement).decode() + "\n"
        self.statements.append(text)
        key = f"log/keys/{len(self.statements):012}.note"
        lines = [signer.signature_line(text) for signer in signers or (self.signer, following)]
        self.objects[key] = f"{text}\n{''.join(lines)}".encode()
        self.signer = following
        return key

    def cosign(self, number: int, witness: Signer = WITNESS, seconds: int = 1_795_344_500) -> str:
        """Have a witness cosign a checkpoint, and return the key of its line."""
        text = note_text(self.objects[f"log/checkpoints/{number:012}.note"])
        key = f"log/cosignatures/{number:012}-{witness.witness_id.hex()}.txt"
        self.objects[key] = witness.cosignature(text, seconds)
        return key

    def stamp(self, number: int, **parts: Any) -> str:
        """Put a time stamp over a checkpoint, by nobody, and return its key."""
        key = f"log/timestamps/{number:012}.tsr"
        self.objects[key] = timestamp(self.objects[f"log/checkpoints/{number:012}.note"], **parts)
        return key

    def receipt(self, *records: tuple["Chain", int], signer: Signer | None = None, **members: Any) -> bytes:
        """A receipt for records, each by its chain and number; `members` as in `append`."""
        entries = [{"chain": chain.id, "seq": seq, "leaf": leaf_hash(chain.lines[seq]).hex()} for chain, seq in records]
        receipt = {
            "v": 1,
            "log": self.signer.origin,
            "type": "receipt",
            "issued_at": time_text(self.time),
            "records": entries,
        } | members
        return (signer or self.signer).note(canonical(receipt).decode() + "\n")

    def expire(self, *keys: str) -> None:
        """Let segments go, as retention does in the end."""
        for key in keys:
            del self.objects[key]

    def resign(self, key: str, **members: Any) -> None:
        """Change members of a seal and sign it again, as whoever holds the signing key could."""
        seal = json.loads(note_text(self.objects[key])) | members
        self.objects[key] = self.signer.note(canonical(seal).decode() + "\n")

    def proof(self, chain: Chain, seq: int, **members: Any) -> bytes:
        """The proof of one record against the newest tree (section 7); `members` stand in `extra` instead."""
        for n in range(chain.segments):
            text = note_text(self.objects[chain.seal_key(n)])
            seal = json.loads(text)
            if seal["first_seq"] <= seq < seal["first_seq"] + seal["count"]:
                break
        lines = chain.lines[seal["first_seq"] :][: seal["count"]]
        path = inclusion_proof([leaf_hash(line) for line in lines], seq - seal["first_seq"])
        extra = {"v": 1, "record": chain.lines[seq].decode(), "seal": text, "proof": [part.hex() for part in path]}
        index = self.leaves.index(leaf_hash(text.encode()))
        hashes = [base64.b64encode(part).decode() for part in inclusion_proof(self.leaves, index)]
        encoded = base64.b64encode(canonical(extra | members)).decode()
        head = ["c2sp.org/tlog-proof@v1", f"extra {encoded}", f"index {index}", *hashes]
        return "\n".join(head).encode() + b"\n\n" + self.signer.note(self.checkpoint_text())


def build(
    *, chains: int = 1, segments: int = 1, records: int = 3, heartbeats: int = 0, checkpoints: int = 1, **settings: Any
) -> Log:
    """Build a good log of `segments` + `heartbeats` rounds, in each of which every chain seals once.

    `records` is per segment and counts `chain.opened`; after each of the first `checkpoints` rounds a checkpoint is
    published. `settings` (`signer`, `start`, `step`) are those of `Log`.
    """
    log = Log(**settings)
    for _ in range(chains):
        log.chain()
    for turn in range(segments + heartbeats):
        for chain in log.chains:
            while turn < segments and len(chain.pending) < records:
                chain.append()
            chain.seal()
        if turn < checkpoints:
            log.publish()
    return log


def write(objects: dict[str, bytes], directory: Path) -> Path:
    for key, data in objects.items():
        path = directory / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return directory
