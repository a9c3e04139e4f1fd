"""Somebody who may write to the store: nothing of theirs is sealed over, and nothing acknowledged is lost by it.

What they change of a finished log is in `tests/evidence/lies_*.py`, what S3 keeps of it in
`tests/evidence/test_s3_store.py`. Here they write where a node is about to write.
"""

import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence import note
from evidence.errors import EvidenceError, FindingError
from evidence.keys import SigningKey
from evidence.sealer import Sealer
from evidence.segment import segment_key
from evidence.stores.local import LocalStore
from evidence.verify import Verification
from tests.evidence.sealing import CLASSES, KEY, Clock, Node, everything
from tests.faults.aftermath import PINNED, held, verified
from tests.faults.life import Place, live
from verify_evidence import verify_store

UNTIL = Clock().now + max(CLASSES.values())
STRANGER = SigningKey(origin=KEY.origin, private_key=Ed25519PrivateKey.from_private_bytes(bytes(32)))


def next_key(store, place):
    """Return the next key of a kind: of a seal, leaves, or a checkpoint."""
    keys = [key for key in store.keys("") if place in key]
    number = keys[-1].rpartition("/")[2].partition(".")[0]
    return keys[-1].replace(number, f"{int(number) + 1:012}")


def newest(store, place):
    return store.get([key for key in store.keys("") if place in key][-1])


PLACES = {"seal": "/seals/", "leaves": "log/leaves/", "checkpoint": "log/checkpoints/"}
WHAT = {
    "nothing": lambda _store, _place: b"",
    "garbage": lambda _store, _place: b"\xff" * 100,
    "the one before": newest,
    "the one before, signed by another key": lambda store, place: note.sign(
        newest(store, place).decode().partition("\n\n")[0] + "\n", STRANGER
    ),
}


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("place", PLACES)
def test_what_stands_in_our_place_is_not_taken_for_ours(tmp_path, tally, place, what):
    node, part = tmp_path / "node", PLACES[place]
    live(node)
    put = Place(node)
    store = LocalStore(put.store)
    key = next_key(store, part)
    store.put(key, WHAT[what](store, part), retain_until=UNTIL)
    with pytest.raises(EvidenceError):
        live(node, rounds=1)
    report = verify_store(put.store, PINNED, None)
    with pytest.raises(FindingError) as found:
        Verification(store, KEY.verifier).run(None)
    assert (report["finding"]["code"], report["finding"]["where"]) == (found.value.code, found.value.where)
    (put.store / key).unlink()  # a person has put it right
    live(node, rounds=1)
    tally("an intruder writes where we are to write", held(put.store, put.acknowledgements()))


def test_whoever_has_the_key_and_our_place_makes_us_carry_over(tmp_path, tally):
    node = tmp_path / "node"
    live(node)
    shutil.copytree(Place(node).journals, tmp_path / "stolen")
    thief = Node(tmp_path / "stolen", store=LocalStore(Place(node).store))
    thief.append("forged")
    thief.step(flush=True)
    live(node, rounds=2)
    lines = verified(Place(node).store)
    assert sum(b"chain.abandoned" in line for line in lines) == 1
    tally("an intruder has the key", held(Place(node).store, Place(node).acknowledgements()))


def test_segments_that_no_seal_names_change_nothing(tmp_path, tally):
    node = tmp_path / "node"
    live(node)
    place = Place(node)
    store = LocalStore(place.store)
    [chain] = {key.split("/")[1] for key in store.keys("chains/")}
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for number in (0, 999):
        store.put(segment_key(chain, number, empty), b"", retain_until=UNTIL)
    live(node, rounds=1)
    tally("an intruder writes stray segments", held(place.store, place.acknowledgements()))


def test_any_byte_of_what_was_carried_over_counts(tmp_path):
    """A flip of any bit of a segment with carried records is a finding of both verifiers, and the same one."""
    node = tmp_path / "node"
    live(node, rounds=1)
    shutil.copytree(Place(node).journals, tmp_path / "copy")
    live(node, rounds=1)
    store = LocalStore(Place(node).store)
    other = Node(tmp_path / "copy", store=store)
    other.append("acknowledged by the copy")
    everything(Sealer(store, other.path, KEY, classes=CLASSES), flush=True)
    [path] = [path for path in Place(node).store.glob("chains/*/segments/*") if b"orphan_of" in path.read_bytes()]
    data = path.read_bytes()
    path.chmod(0o600)
    for place in range(0, len(data), 7):
        altered = bytearray(data)
        altered[place] ^= 1 << place % 8
        path.write_bytes(altered)
        with pytest.raises(FindingError) as found:
            Verification(store, KEY.verifier).run(None)
        assert (found.value.code, found.value.where) == ("wrong-segment", str(path.relative_to(Place(node).store)))
        if place % 70 == 0:
            finding = verify_store(Place(node).store, PINNED, None)["finding"]
            assert (finding["code"], finding["where"]) == (found.value.code, found.value.where)
    path.write_bytes(data)
    Verification(store, KEY.verifier).run(None)
