"""Where a record stands: its neighbours over the ends of segments, and the first checkpoint and anchors over it."""

import pytest

from auditor_portal.records.place import place_of
from evidence.errors import NotFoundError
from evidence.keys import VerifierKey
from evidence.reader import Reader
from evidence.record import Position
from tests.evidence.logs import SIGNER, WITNESS, timestamp
from tests.index.logged import Logged, body

KEY = VerifierKey.parse(SIGNER.key_file.decode())


@pytest.fixture
def logged():
    """A chain of five segments of two records (but for the first, with the one that opens it), a checkpoint each."""
    made = Logged()
    chain = made.chain()
    for number in range(5):
        for _ in range(1 if not number else 2):
            chain.append(body=body())
        made.publish()
    return made


def placed(logged, seq, seen=lambda _: True):
    reader = Reader(logged.store, KEY)
    position = Position(chain=logged.log.chains[0].id, seq=seq)
    return place_of(logged.store, reader, reader.locate(position), seen)


@pytest.mark.parametrize("seq", range(10))
def test_a_record_stands_between_its_neighbours(logged, seq):
    place = placed(logged, seq)
    assert (place.seal.segment, place.number) == (seq // 2, 1 + seq % 2)
    assert (place.before is None, place.behind is None) == (seq == 0, seq == 9)
    for each in filter(None, (place.before, place.behind)):
        assert (each.linked, each.seen) == (True, True)
    assert (place.first, place.proof.index, place.checkpoint.size) == (seq // 2, seq // 2, 5)


def test_a_neighbour_that_may_not_be_seen_is_linked_all_the_same(logged):
    place = placed(logged, 4, lambda _: False)
    assert (place.before.linked, place.before.seen) == (True, False)
    assert (place.behind.linked, place.behind.seen) == (True, False)


def test_where_the_segment_before_has_gone_the_seal_says_what_hash_it_ended_with(logged):
    for key in [key for key in logged.store.keys("chains/") if "/segments/000000000000-" in key]:
        del logged.store._objects[key]
    place = placed(logged, 2)
    assert (place.before.linked, place.before.seen) == (True, False)


def test_a_chain_that_was_written_anew_is_not_linked(logged):
    chain = logged.log.chains[0]
    chain.prev = "0" * 64
    chain.append(body=body())
    logged.publish()
    assert placed(logged, 10).before.linked is False
    assert placed(logged, 9).behind.linked is False


def test_a_record_under_no_checkpoint_has_no_proof_and_nobody_vouches(logged):
    logged.log.chains[0].append(body=body())
    logged.log.chains[0].seal()
    logged.store_all()
    place = placed(logged, 10)
    assert (place.proof, place.checkpoint, place.first, place.anchors) == (None, None, None, ())


def test_the_first_anchors_over_it_are_named_and_none_before(logged):
    for number in (1, 3, 4):
        key = f"log/checkpoints/{number:012}.note"
        text = logged.log.objects[key].decode().partition("\n\n")[0] + "\n"
        logged.log.objects[f"log/timestamps/{number:012}.tsr"] = timestamp(logged.log.objects[key])
        name = f"log/cosignatures/{number:012}-{WITNESS.witness_id.hex()}.txt"
        logged.log.objects[name] = WITNESS.cosignature(text, 1_800_000_000)
    logged.store_all()
    for seq, expected in ((0, 1), (3, 1), (4, 3), (7, 3), (9, 4)):
        assert [anchor.checkpoint for anchor in placed(logged, seq).anchors] == [expected, expected]


def test_what_is_no_anchor_is_passed_over(logged):
    other = logged.log.objects["log/checkpoints/000000000000.note"]
    logged.log.objects["log/timestamps/000000000003.tsr"] = timestamp(other)
    logged.log.objects["log/timestamps/000000000004.tsr"] = b"nothing"
    logged.log.objects["log/timestamps/strange.tsr"] = b"nothing"
    logged.log.objects["log/cosignatures/000000000004-0a0b0c0d.txt"] = b"nothing"
    logged.log.objects["log/cosignatures/000000000004-strange.txt"] = b"nothing"
    logged.store_all()
    assert placed(logged, 5).anchors == ()


def test_a_checkpoint_that_is_none_ends_the_search(logged):
    logged.store._objects["log/checkpoints/000000000002.note"] = b"nothing"
    assert placed(logged, 5).first is None


def test_a_record_that_is_not_sealed_is_nowhere(logged):
    with pytest.raises(NotFoundError):
        placed(logged, 99)
