"""The package's verifier, and that it and `verify_evidence.py` say the same of every log."""

import base64
import random
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import verify_evidence
from evidence import canonical
from evidence.errors import EvidenceError, FindingError, MalformedError, NotFoundError, ProofError, SignatureError
from evidence.keys import VerifierKey
from evidence.proof import Proof
from evidence.reader import Reader
from evidence.record import Position, Record
from evidence.segment import Seal
from evidence.stores.memory import MemoryStore
from evidence.verify import Verification
from tests.evidence import logs
from tests.evidence.asking import asked_of_ours, asked_of_theirs
from tests.evidence.lies import tampered
from tests.evidence.lies_anchors import ANCHORS
from tests.evidence.lies_chains import CHAINS
from tests.evidence.lies_history import HISTORY
from tests.evidence.lies_receipts import RECEIPTS
from tests.evidence.lies_records import RECORDS
from tests.evidence.lies_tree import TREE
from tests.evidence.sealing import KEY, Node


def ours(objects, key, earlier=None, asked=None):
    """Verify with the package; return the report."""
    store = MemoryStore()
    store._objects = dict(objects)
    verification = Verification(store, VerifierKey.parse(key.decode()), asked)
    try:
        return verification.run(earlier).document(None)
    except FindingError as error:
        return verification.report.document(error)


def theirs(objects, key, directory, earlier=None, asked=None):
    """Verify with the file; return the report."""
    logs.write(objects, directory)
    return verify_evidence.verify_store(directory, verify_evidence.parse_key(key), earlier, asked)


def verdict(report):
    """What both must say alike: all but the wording."""
    finding = report["finding"] and {name: report["finding"][name] for name in ("code", "where")}
    return report | {"finding": finding}


SHAPES = {
    "one record": {"records": 1},
    "several of everything": {"chains": 3, "segments": 4, "records": 7, "heartbeats": 2, "checkpoints": 3},
    "no checkpoint": {"checkpoints": 0, "segments": 2},
    "heartbeats alone after the first": {"heartbeats": 3, "checkpoints": 4},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_good_logs_hold(shape, tmp_path):
    log = logs.build(**shape)
    report = ours(log.objects, log.signer.key_file)
    assert report["ok"], report
    assert verdict(report) == verdict(theirs(log.objects, log.signer.key_file, tmp_path))


def test_a_log_of_the_service_holds(tmp_path):
    node = Node(tmp_path / "journal", count=5)
    node.append(*map(str, range(17)))
    node.append("again")
    node.step(flush=True)
    node.append("beyond the checkpoint")
    node.step()
    node.clock.forward(3)
    node.step()
    key = str(KEY.verifier).encode()
    report = ours(node.store._objects, key)
    assert report["ok"], report
    assert report["checked"]["records"] == 22
    assert report["uncheckpointed_seals"] == 1
    assert verdict(report) == verdict(theirs(node.store._objects, key, tmp_path / "store"))


def small_log(path):
    """A small log with everything in it, and the newest checkpoint as somebody kept it."""
    node = Node(path, count=4)
    node.append("a", "b", "c")
    node.step(flush=True)
    node.append("d")
    node.step(flush=True)
    node.clock.forward(700)
    node.step(flush=True)
    node.append("e")
    node.step()
    node.clock.forward(3)
    node.step()
    objects = dict(node.store._objects)
    newest = max(key for key in objects if "checkpoints" in key)
    return objects, str(KEY.verifier).encode(), objects[newest]


@pytest.mark.slow
def test_every_flipped_byte_of_every_object_is_found_by_both(tmp_path):
    objects, key, earlier = small_log(tmp_path / "journal")
    file_key = verify_evidence.parse_key(key)
    root = logs.write(objects, tmp_path / "store")
    choices = random.Random(3)
    flips = 0
    for name, data in objects.items():
        path = root / name
        for position in range(len(data)):
            changed = bytearray(data)
            changed[position] ^= 1 << choices.randrange(8)
            found = ours(objects | {name: bytes(changed)}, key, earlier)
            assert not found["ok"], (name, position)
            flips += 1
            if position % 16 == choices.randrange(16):  # the file's signature check takes milliseconds
                path.write_bytes(bytes(changed))
                other = verify_evidence.verify_store(root, file_key, earlier)
                assert verdict(found) == verdict(other), (name, position)
        path.write_bytes(data)
    assert flips > 5_000


def test_every_dropped_object_is_found_by_both(tmp_path):
    objects, key, earlier = small_log(tmp_path / "journal")
    for number, name in enumerate(objects):
        left = {other: data for other, data in objects.items() if other != name}
        report = ours(left, key, earlier)
        assert verdict(report) == verdict(theirs(left, key, tmp_path / str(number), earlier))
        tail = "seals/000000000003" in name
        assert report["ok"] == tail, name  # the newest seal, under no checkpoint: the log ends earlier


def test_swapped_objects_are_found_by_both(tmp_path):
    objects, key, earlier = small_log(tmp_path / "journal")
    names = sorted(objects)
    for number, (one, two) in enumerate(pairwise(names)):
        changed = objects | {one: objects[two], two: objects[one]}
        report = ours(changed, key, earlier)
        assert not report["ok"], (one, two)
        assert verdict(report) == verdict(theirs(changed, key, tmp_path / str(number), earlier))


def test_a_log_that_ends_earlier_is_only_shown_by_a_kept_checkpoint(tmp_path):
    objects, key, earlier = small_log(tmp_path / "journal")
    cut = {
        name: data
        for name, data in objects.items()
        if not any(part in name for part in ("000000000001", "000000000002", "000000000003"))
    }
    assert ours(cut, key)["ok"]
    report = ours(cut, key, earlier)
    assert report["finding"]["code"] == "rollback"
    assert verdict(report) == verdict(theirs(cut, key, tmp_path / "store", earlier))


def test_the_newest_seal_can_be_proved_and_its_proof_fits_nothing_else(tmp_path):
    node = Node(tmp_path, count=4)
    ids = node.append(*map(str, range(10)))
    node.step(flush=True)
    reader = Reader(node.store, KEY.verifier)
    for one in ids:
        proof = reader.prove(Position.parse(one))
        assert Proof.parse(proof.format()) == proof
        record, head = proof.verify(KEY.verifier)
        assert (record.position.decision_id, head.size) == (one, 3)
    whole = proof.format()
    choices = random.Random(5)
    for position in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[position] ^= 1 << choices.randrange(8)
        with pytest.raises(EvidenceError):
            Proof.parse(bytes(changed)).verify(KEY.verifier)


def test_many_proofs_are_those_of_each_alone_and_go_on_while_the_log_grows(tmp_path):
    node = Node(tmp_path, count=4)
    ids = node.append(*map(str, range(10)))
    node.step(flush=True)
    reader = Reader(node.store, KEY.verifier)
    missing = Position(chain=ids[0].partition("-")[0], seq=4_000)
    wanted = [*map(Position.parse, ids[:6]), missing, Position.parse(ids[9])]
    alone = {one: reader.prove(Position.parse(one)) for one in ids}
    assert list(reader.prove_all(wanted)) == [alone[one] for one in (*ids[:6], ids[9])]
    going = reader.prove_all(wanted)
    assert next(going) == alone[ids[0]]
    node.append("more")
    node.step(flush=True)
    later = reader.prove(Position.parse(ids[1]))
    assert later != alone[ids[1]]
    assert next(going) == later
    assert [each.verify(KEY.verifier)[1].size for each in going] == [4] * 5


BROKEN_PROOFS = {
    "another header": lambda text: text.replace("@v1", "@v2", 1),
    "no extra": lambda text: "\n".join(line for line in text.split("\n") if not line.startswith("extra")),
    "no index": lambda text: text.replace("index ", "place ", 1),
    "no checkpoint": lambda text: text.split("\n\n")[0],
    "a short hash": lambda text: text.replace("\n\n", "\nAAAA\n\n", 1),
    "too many hashes": lambda text: text.replace("\n\n", "\n" + ("A" * 43 + "=\n") * 65 + "\n", 1),
    "beyond ASCII": lambda text: text.replace("extra", "éxtra", 1),
    "too large": lambda text: text + "x" * (1 << 18),
}


def extra_of(text, **members):
    line = text.split("\n")[1]
    extra = canonical.parse(base64.b64decode(line[6:])) | members
    return text.replace(line, "extra " + base64.b64encode(canonical.encode(extra)).decode())


BROKEN_EXTRAS = {
    "of another version": {"v": 2},
    "with a proof that is no array": {"proof": "x"},
    "with a record that is no text": {"record": 1},
    "with a seal that is no text": {"seal": None},
    "with a seal that is none": {"seal": "x\n"},
    "with a seal that is two lines": {"seal": "x"},
    "with a hash that is none": {"proof": ["x"]},
    "with more": {"more": 1},
}


@pytest.fixture
def proof_text(tmp_path):
    node = Node(tmp_path, count=4)
    ids = node.append(*map(str, range(10)))
    node.step(flush=True)
    return Reader(node.store, KEY.verifier).prove(Position.parse(ids[4])).format().decode()


@pytest.mark.parametrize("breaking", BROKEN_PROOFS.values(), ids=BROKEN_PROOFS)
def test_no_other_text_is_a_proof(proof_text, breaking):
    with pytest.raises(MalformedError):
        Proof.parse(breaking(proof_text).encode())


@pytest.mark.parametrize("members", BROKEN_EXTRAS.values(), ids=BROKEN_EXTRAS)
def test_no_other_extra_is_one(proof_text, members):
    with pytest.raises(MalformedError):
        Proof.parse(extra_of(proof_text, **members).encode())


def test_a_proof_under_a_seal_of_another_class_does_not_hold(proof_text):
    seal = Proof.parse(proof_text.encode()).seal.text.replace("std7y", "std6y")
    with pytest.raises(ProofError):
        Proof.parse(extra_of(proof_text, seal=seal).encode()).verify(KEY.verifier)


@given(st.binary(max_size=300))
def test_a_proof_leaks_no_other_error(data):
    for given_bytes in (data, b"c2sp.org/tlog-proof@v1\nextra " + base64.b64encode(data) + b"\nindex 0\n\n"):
        with suppress(MalformedError):
            Proof.parse(given_bytes)


@given(st.text(max_size=300))
def test_a_seal_leaks_no_other_error(text):
    with suppress(MalformedError):
        Seal.parse(text)


@pytest.mark.parametrize(
    "lie", list(tampered(TREE, CHAINS, RECORDS, HISTORY, ANCHORS, RECEIPTS)), ids=lambda lie: lie.name
)
def test_every_lie_is_found_where_the_format_says(lie, tmp_path):
    brought = lie.brought
    report = ours(lie.objects, lie.key_file, brought.earlier, asked_of_ours(brought))
    assert (report["finding"]["code"], report["finding"]["where"]) == (lie.code, lie.where), report
    assert verdict(report) == verdict(
        theirs(lie.objects, lie.key_file, tmp_path, brought.earlier, asked_of_theirs(brought))
    )


def changed_store(node, key, data):
    store = MemoryStore()
    store._objects = dict(node.store._objects) | {key: data}
    return Reader(store, KEY.verifier)


def test_the_reader_finds_every_record_of_many_segments(tmp_path):
    node = Node(tmp_path, count=1)
    ids = node.append(*map(str, range(20)))
    node.clock.forward(700)
    node.step(flush=True)
    node.clock.forward(700)
    node.step(flush=True)
    reader = Reader(node.store, KEY.verifier)
    for number, one in enumerate(ids):
        assert Record.parse(reader.locate(Position.parse(one)).record).body == {"text": str(number)}


def test_the_reader_computes_the_root_under_each_checkpoint(tmp_path):
    node = Node(tmp_path, count=4)
    node.append(*map(str, range(10)))
    node.step(flush=True)
    reader = Reader(node.store, KEY.verifier)
    head = reader.prove(Position.parse(node.append("one more")[0].rpartition("-")[0] + "-0")).verify(KEY.verifier)[1]
    assert reader.root(head.size) == head.root
    node.step(flush=True)
    assert reader.root(head.size) == head.root
    assert reader.root(head.size + 1) not in {head.root, reader.root(head.size - 1)}
    with pytest.raises(ProofError):
        reader.root(head.size + 2)


def test_the_reader_refuses_what_was_not_sealed(tmp_path):
    node = Node(tmp_path, count=4)
    ids = node.append(*map(str, range(10)))
    node.step(flush=True)
    segment, seal = node.keys("segments")[0], node.keys("seals")[1]
    records = node.store.get(segment).split(b"\n")
    for key, data in {
        segment: b"\n".join(records[1:]),
        seal: node.store.get(seal).replace(b'"v":1', b'"v":2'),
        seal + "": b"nothing",
    }.items():
        with pytest.raises((FindingError, SignatureError)):
            changed_store(node, key, data).locate(Position.parse(ids[0]))
    empty = MemoryStore()
    empty._objects = {key: data for key, data in node.store._objects.items() if key.startswith("chains")}
    with pytest.raises(NotFoundError):
        Reader(empty, KEY.verifier).prove(Position.parse(ids[0]))


def test_an_object_that_vanishes_while_it_is_read_is_a_finding(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)

    class Vanishing(MemoryStore):
        def get(self, key, **_):
            raise NotFoundError(key)

    store = Vanishing()
    store._objects = node.store._objects
    with pytest.raises(FindingError, match="was listed and is gone"):
        Verification(store, KEY.verifier).run()


def test_a_log_that_grows_while_it_is_listed_holds(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)

    class Growing(MemoryStore):
        """Lists the chains first, and what was added to the log meanwhile."""

        def keys(self, _=""):
            yield from [key for key in sorted(self._objects) if key.startswith("chains")]
            if len(node.keys("checkpoints")) == 1:
                node.append("b")
                node.step(flush=True)
            yield from [key for key in sorted(self._objects) if key.startswith("log")]

    store = Growing()
    store._objects = node.store._objects
    report = Verification(store, KEY.verifier).run()
    assert (report.checked.seals, report.uncheckpointed_seals) == (2, 0)


@pytest.mark.parametrize("kind", ["seals", "segments"])
def test_an_object_that_grew_too_large_unlisted_is_a_finding(tmp_path, kind):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)
    objects = dict(node.store._objects)
    [key] = [key for key in objects if kind in key]
    objects[key] = bytes(9 << 20)

    class Unlisted(MemoryStore):
        def keys(self, _=""):
            yield from [listed for listed in sorted(objects) if listed != key]
            yield "chains/" + "f" * 20 + "/seals/000000000000.note"

    store = Unlisted()
    store._objects = objects
    with pytest.raises(FindingError, match="larger"):
        Verification(store, KEY.verifier).run()


def test_a_seal_of_another_chain_is_not_read_for_this_one(tmp_path):
    node = Node(tmp_path)
    [one] = node.append("a")
    node.append("b", retention_class="sec1y")
    node.step(flush=True)
    mine, other = sorted(node.keys("/seals/"), key=lambda key: one.split("-")[0] not in key)
    reader = changed_store(node, mine, node.store.get(other))
    with pytest.raises(FindingError, match="misplaced-seal"):
        reader.locate(Position.parse(one))


def test_progress_is_told_after_every_seal(tmp_path):
    node = Node(tmp_path, count=1)
    node.append("a", "b")
    node.step(flush=True)
    seen = []
    verification = Verification(node.store, KEY.verifier)
    verification.progress = lambda report: seen.append(report.checked.seals)
    verification.run()
    assert seen == [1, 2, 3]
    assert verification.total_seals == 3


def test_the_file_stands_alone():
    text = Path(verify_evidence.__file__).read_text()
    assert not any(f"import {name}" in text or f"from {name}" in text for name in ("evidence", "app", "cryptography"))
