"""What the index reads is what the log's key signed, or an error that says where it is not."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.checkpoint import Leaf
from evidence.errors import FindingError, ObjectTooLargeError
from evidence.key_history import KeyHistory, Reason, rotate
from evidence.keys import SigningKey
from tests.evidence.logs import Signer
from tests.index.logged import Logged, body


@pytest.fixture
def logged():
    made = Logged()
    chain = made.chain()
    chain.append(body=body())
    made.publish()
    return made


def read_all(logged):
    log, number, records = logged.sealed_log(), 0, []
    while (batch := log.batch(number)) is not None:
        for leaf in batch.leaves:
            records += log.records(log.seal(leaf))
        number += 1
    assert number == log.published()
    return records


def test_a_good_log_is_read(logged):
    logged.log.chains[0].seal()
    logged.log.publish()
    logged.store_all()
    assert [record.seq for record in read_all(logged)] == [0, 1]


def key_of(logged, part):
    return next(key for key in logged.store.keys("") if part in key)


DAMAGE = {
    "a checkpoint that is none": ("/checkpoints/", lambda _: b"none", "malformed-checkpoint"),
    "leaves that are none": ("/leaves/", lambda _: b"none", "malformed-leaves"),
    "a seal that is none": ("/seals/", lambda _: b"none", "malformed-seal"),
    "a checkpoint nobody signed": ("/checkpoints/", lambda data: data.replace(b"\n1\n", b"\n2\n"), "bad-signature"),
    "a seal nobody signed": ("/seals/", lambda data: data.replace(b'"count":2', b'"count":1'), "bad-signature"),
    "leaves of another seal": ("/leaves/", lambda data: data[:-65] + b"0" * 64 + b"\n", "wrong-leaf"),
    "a segment that was changed": ("/segments/", lambda data: data.replace(b"agent-7", b"agent-8"), "wrong-segment"),
}


@pytest.mark.parametrize(("part", "damage", "code"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_named(logged, part, damage, code):
    key = key_of(logged, part)
    logged.store._objects[key] = damage(logged.store._objects[key])
    with pytest.raises(FindingError) as caught:
        read_all(logged)
    assert caught.value.code == code


def test_a_segment_that_is_gone_is_named(logged):
    del logged.store._objects[key_of(logged, "/segments/")]
    with pytest.raises(FindingError, match="missing-segment"):
        read_all(logged)


def test_an_object_beyond_its_size_is_not_read(logged):
    logged.store._objects[key_of(logged, "/leaves/")] = b"x" * (1 << 21)
    with pytest.raises(ObjectTooLargeError):
        read_all(logged)


def test_a_log_of_another_key_is_not_read(logged):
    logged.log.signer = Signer(seed=b"\x08" * 32)
    with pytest.raises(FindingError, match="bad-signature"):
        read_all(logged)


def signing(signer):
    return SigningKey(origin=signer.origin, private_key=Ed25519PrivateKey.from_private_bytes(signer.seed))


def rotated(logged, new):
    """Give the log another key, as the service does."""
    old = logged.log.signer
    history = KeyHistory.load(logged.store, signing(old).verifier)
    head = history.verify_checkpoint(logged.store.get(f"log/checkpoints/{logged.log.batches - 1:012}.note"))
    time = logged.log.tick()
    where, data = rotate(signing(old), signing(new), history=history, head=head, reason=Reason.ROTATED, time=time)
    logged.store.put(where, data, retain_until=datetime.max.replace(tzinfo=UTC))
    logged.log.signer = new


def test_a_log_that_gets_another_key_is_read_on(logged):
    log = logged.sealed_log()
    log.batch(0)
    rotated(logged, Signer(seed=b"\x08" * 32))
    logged.log.chains[0].append(body=body())
    logged.publish()
    (leaf,) = log.batch(1).leaves
    assert [record.seq for record in log.records(log.seal(leaf))] == [2]
    for pinned in (Signer(), logged.log.signer):
        logged.log.signer = pinned
        assert [record.seq for record in read_all(logged)] == [0, 1, 2]


def test_a_seal_in_another_place_is_named(logged):
    other = logged.chain()
    logged.store._objects[other.seal_key(0)] = logged.store._objects[key_of(logged, "/seals/")]
    with pytest.raises(FindingError, match="misplaced-seal"):
        logged.sealed_log().seal(Leaf(chain=other.id, segment=0, seal_hash="0" * 64))


@pytest.mark.parametrize(
    ("members", "code"),
    [
        pytest.param({"seq": 7}, "misplaced-record", id="another number"),
        pytest.param({"chain": "f" * 20}, "misplaced-record", id="another chain"),
        pytest.param({"tenant": "NO"}, "malformed-record", id="no record"),
    ],
)
def test_a_record_that_does_not_belong_is_named(members, code):
    logged = Logged()
    logged.chain().append(body=body(), **members)
    logged.publish()
    with pytest.raises(FindingError) as caught:
        read_all(logged)
    assert caught.value.code == code
