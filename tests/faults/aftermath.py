"""What a fault has left behind: the node lives again, both verifiers read its log, and nobody was told a lie."""

from collections import Counter
from dataclasses import dataclass

from evidence.keys import VerifierKey
from evidence.note import Note
from evidence.record import Record, leaf
from evidence.segment import Seal
from evidence.stores.local import LocalStore
from evidence.verify import Verification
from tests.evidence.sealing import KEY
from tests.faults.life import Place, live
from verify_evidence import parse_key, verify_store

PINNED = parse_key(str(KEY.verifier).encode())
"""The key of the small node, as the one-file verifier reads it."""


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """How many records were acknowledged, and which of them the verified log lacks, or has twice."""

    acknowledged: int
    lost: list
    repeated: list


def aftermath(folder, *, checked=False):
    """Have the node live once more without a fault, and hold its log against what it acknowledged."""
    live(folder, rounds=1, checked=checked)
    return held(Place(folder).store, Place(folder).acknowledgements())


def held(store, acknowledgements):
    """Verify the log of a small node, and look for each acknowledgement (decision id, leaf hash) in it."""
    return held_by(store, str(KEY.verifier), acknowledgements)


def held_by(store, key, acknowledgements):
    """Verify the log in a directory under a verifier key, and look for each acknowledgement in it."""
    there = Counter()
    for payload in verified(store, key):
        record = Record.parse(payload)
        there[record.position.decision_id, leaf(payload)] += 1
        if record.orphan_of is not None:
            origin = record.orphan_of
            there[f"{origin['chain']}-{origin['seq']}", origin["leaf"]] += 1
    return Aftermath(
        acknowledged=len(acknowledgements),
        lost=[each for each in acknowledgements if not there[each]],
        repeated=[each for each in acknowledgements if there[each] > 1],
    )


def verified(folder, key=str(KEY.verifier)):
    """Return the records of a log that both verifiers find good, and say the same of."""
    store = LocalStore(folder, read_only=True)
    report = Verification(store, VerifierKey.parse(key)).run(None).document(None)
    assert report == verify_store(folder, parse_key(key.encode()), None)
    seals = [Seal.parse(Note.parse(store.get(key)).text) for key in store.keys("chains/") if "/seals/" in key]
    return [line for seal in seals if seal.count for line in store.get(seal.object_key).splitlines()]
