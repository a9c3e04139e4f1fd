"""The transparency log of the signing authority, in the form of Rekor v1: what it signs when it takes an entry.

Pure: a head and an entry in, the next head and the proof out. What was logged stands in the database (`rows.py`).
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from app.features.marketplace.supply.authority_keys import AuthorityKeys
from app.features.marketplace.supply.issuing import SIGNATURE, public_der
from evidence.tree import Frontier, leaf_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """So many entries, and the hash of each perfect subtree over them, left to right: all it takes to go on."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def frontier(self) -> Frontier:
        """Return the tree's right edge."""
        return Frontier.of(self.size, self.peaks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """An entry that was taken.

    Attributes:
        head: of the log with it.
        leaf: hash of the entry.
        entry: as it stands in a bundle: with the log's promise, the inclusion proof and the checkpoint.
    """

    head: Head
    leaf: bytes
    entry: dict[str, Any]


def log_name(keys: AuthorityKeys) -> str:
    """Return the name in the log's checkpoints."""
    return f"{keys.name.partition('://')[2].rstrip('/')}/log"


def log_id(keys: AuthorityKeys) -> bytes:
    """Return the id of the log's key (RFC 6962, section 3.2)."""
    return hashlib.sha256(public_der(keys.log)).digest()


def take(keys: AuthorityKeys, head: Head, body: bytes, kind: str, at: int) -> Logged:
    """Return the log after it took the canonical `body` at Unix second `at`.

    The path of the newest leaf (RFC 6962, section 2.1.1) consists of the peaks before it, from right to left.
    """
    frontier, leaf = head.frontier(), leaf_hash(body)
    path = tuple(reversed(frontier.peaks))
    frontier.append(leaf)
    entry = {
        "logIndex": str(head.size),
        "logId": {"keyId": _text(log_id(keys))},
        "kindVersion": {"kind": kind, "version": "0.0.1"},
        "integratedTime": str(at),
        "inclusionPromise": {"signedEntryTimestamp": _text(_promise(keys, body, head.size, at))},
        "inclusionProof": _proof(keys, frontier, path, head.size),
        "canonicalizedBody": _text(body),
    }
    return Logged(head=Head(size=frontier.size, peaks=frontier.peaks), leaf=leaf, entry=entry)


def _proof(keys: AuthorityKeys, frontier: Frontier, path: Sequence[bytes], index: int) -> dict[str, Any]:
    root = frontier.root()
    name = log_name(keys)
    note = f"{name}\n{frontier.size}\n{_text(root)}\n"
    signature = log_id(keys)[:4] + keys.log.sign(note.encode(), SIGNATURE)
    return {
        "logIndex": str(index),
        "rootHash": _text(root),
        "treeSize": str(frontier.size),
        "hashes": [_text(each) for each in path],
        "checkpoint": {"envelope": f"{note}\n\N{EM DASH} {name} {_text(signature)}\n"},
    }


def _promise(keys: AuthorityKeys, body: bytes, index: int, at: int) -> bytes:
    said: dict[str, Any] = {"body": _text(body), "integratedTime": at, "logID": log_id(keys).hex(), "logIndex": index}
    return keys.log.sign(rfc8785.dumps(said), SIGNATURE)


def _text(data: bytes) -> str:
    return b64encode(data).decode()
