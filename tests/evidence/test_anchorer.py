from datetime import timedelta

import pytest

from evidence import checkpoint, cosignature
from evidence.anchor_source import TimestampAnchor, WitnessAnchor, cosignature_key
from evidence.anchorer import Anchorer, newest_checkpoint
from evidence.authority import Answer
from evidence.errors import (
    AnchorError,
    AuthorityError,
    EvidenceError,
    MalformedError,
    SignatureError,
    StoreError,
    WitnessConflictError,
)
from evidence.growth import Growth
from evidence.stores.memory import MemoryStore
from tests.evidence.authority import Authority
from tests.evidence.growing import NOW, WITNESS, Clock, FakeWitness, GrowingLog, verifier
from tests.evidence.logs import YEARS, Signer, note_text

INTERVAL = 600.0


class Anchored:
    """A growing log, one witness, and the anchorer between them."""

    def __init__(self, *sizes, clock=None):
        self.clock = clock or Clock()
        self.grown = GrowingLog(*sizes)
        self.witness = FakeWitness(self.grown.key)
        self.restart()

    def restart(self, *, verify=None, anchor=None, store=None):
        store = store or self.grown.store
        self.anchorer = Anchorer(
            store,
            anchor or WitnessAnchor("http://w.example", WITNESS.key, Growth(store), post=self.witness),
            verify=verify or (lambda note: checkpoint.verify(note, self.grown.key)),
            retention=YEARS,
            interval=INTERVAL,
            clock=self.clock,
            ticks=self.clock.ticks,
        )
        return self.anchorer

    def step(self):
        return self.anchorer.step()

    def failing(self, error=EvidenceError):
        with pytest.raises(error) as raised:
            self.anchorer.step()
        return raised.value

    @property
    def keys(self):
        return list(self.grown.store.keys("log/cosignatures/"))


def key(number):
    return cosignature_key(number, WITNESS.key)


def test_the_newest_checkpoint_is_anchored_and_kept_like_the_log():
    node = Anchored(3, 2)
    assert node.step() == key(1)
    assert node.keys == [key(1)]
    text = note_text(node.grown.store.get("log/checkpoints/000000000001.note"))
    assert cosignature.verify(node.grown.store.get(key(1)), text, WITNESS.key) == NOW
    assert node.grown.store.retained_until[key(1)] == NOW + YEARS
    assert node.anchorer.pause == INTERVAL


def test_it_says_for_how_long_an_anchor_is_due():
    node = Anchored(3)
    node.clock.forward(30)
    assert node.anchorer.lag == 30
    node.step()
    assert node.anchorer.lag == 0
    node.clock.forward(INTERVAL + 7)
    assert node.anchorer.lag == 7


def test_once_in_an_interval():
    node = Anchored(3)
    node.step()
    for _ in range(3):
        node.grown.grow(1)
    assert node.step() is None
    node.clock.forward(INTERVAL - 1)
    assert node.step() is None
    node.clock.forward(1)
    assert node.step() == key(3)
    assert node.witness.asked == [0, 3]


def test_before_the_first_checkpoint_there_is_nothing_to_do():
    node = Anchored()
    assert node.step() is None
    assert 0 < node.anchorer.pause <= 10
    node.grown.grow(1)
    assert node.step() is None
    node.clock.forward(10)
    assert node.step() == key(0)


def test_a_log_that_rests_is_not_anchored_twice_and_never_overdue():
    node = Anchored(3)
    node.step()
    for _ in range(200):
        node.clock.forward(60)
        assert node.step() is None
    node.grown.grow(1)
    node.witness.down = True
    node.clock.forward(60)
    node.failing(AuthorityError)
    assert not node.anchorer.overdue
    assert node.witness.asked == [0]


def test_an_authority_that_is_away_is_asked_again_after_ever_longer_pauses():
    node = Anchored(3)
    node.witness.down = True
    pauses = []
    while sum(pauses) < 3 * INTERVAL:
        node.failing(AuthorityError)
        pauses.append(node.anchorer.pause)
        assert node.step() is None
        node.clock.forward(pauses[-1])
    assert pauses[:8] == [5, 10, 20, 40, 80, 160, 320, INTERVAL]
    assert set(pauses[8:]) == {INTERVAL}
    node.witness.down = False
    assert node.step() == key(0)
    assert not node.anchorer.overdue


def test_overdue_after_more_than_an_interval_beyond_the_first():
    node = Anchored(3)
    node.step()
    node.grown.grow(1)
    node.witness.down = True
    node.clock.forward(INTERVAL)
    node.failing(AuthorityError)
    assert not node.anchorer.overdue
    node.clock.forward(INTERVAL)
    node.failing(AuthorityError)
    assert not node.anchorer.overdue
    node.clock.forward(INTERVAL)
    node.failing(AuthorityError)
    assert node.anchorer.overdue
    node.witness.down = False
    node.clock.forward(INTERVAL)
    assert node.step() == key(1)
    assert not node.anchorer.overdue


def test_a_restart_is_no_reason_to_ask_again_and_forgets_no_delay():
    node = Anchored(3)
    node.step()
    node.grown.grow(1)
    node.clock.forward(100)
    node.restart()
    assert node.step() is None
    assert node.anchorer.pause == INTERVAL - 100
    node.clock.forward(2 * INTERVAL)
    node.witness.down = True
    node.restart()
    node.failing(AuthorityError)
    assert node.anchorer.overdue


def test_a_clock_that_went_back_does_not_stop_anchoring():
    node = Anchored(3)
    node.step()
    node.clock.now -= timedelta(days=365)
    node.grown.grow(1)
    node.restart()
    assert node.step() is None
    assert node.anchorer.pause == INTERVAL


def test_another_node_was_first():
    node = Anchored(3)
    node.step()
    other = Anchored(clock=node.clock)
    other.grown, other.witness = node.grown, node.witness
    other.restart()
    node.grown.grow(1)
    node.clock.forward(INTERVAL)
    assert other.step() == key(1)
    assert node.step() is None
    assert node.anchorer.pause == INTERVAL
    assert node.witness.asked == [0, 0, 3]


class Late(MemoryStore):
    """Another node writes between look and put."""

    def put(self, name, data, *, retain_until):
        if name.startswith("log/cosignatures/"):
            super().put(name, b"the other's\n", retain_until=retain_until)
        super().put(name, data, retain_until=retain_until)


def test_another_node_was_faster():
    node = Anchored(3)
    late = Late()
    late._objects = node.grown.store._objects
    node.restart(store=late)
    assert node.step() is None
    assert node.anchorer.pause == INTERVAL


def test_what_does_not_anchor_is_passed_over():
    node = Anchored(3)
    node.grown.store.put(key(0), b"garbage", retain_until=NOW)
    node.failing(MalformedError)
    node.clock.forward(INTERVAL)
    node.failing(MalformedError)
    node.grown.grow(1)
    node.clock.forward(INTERVAL)
    assert node.step() == key(1)


@pytest.mark.parametrize("number", [0, 77])
def test_an_anchor_that_is_none_does_not_hold_up_the_start(number):
    node = Anchored(3)
    node.grown.store.put(key(number), b"garbage", retain_until=NOW)
    node.grown.grow(1)
    node.restart()
    assert node.step() == key(1)


def test_a_checkpoint_of_another_key_is_never_shown_to_anybody():
    node = Anchored(3)
    node.restart(verify=lambda note: checkpoint.verify(note, verifier(Signer(seed=b"\x08" * 32))))
    node.failing(SignatureError)
    assert node.witness.asked == []


class Broken(MemoryStore):
    """A store that is away."""

    def keys(self, prefix=""):
        raise StoreError(prefix)


def test_a_store_that_is_away_is_asked_again():
    node = Anchored(3)
    broken = Broken()
    broken._objects = node.grown.store._objects
    node.restart(store=broken)
    node.failing(StoreError)
    node.clock.forward(5)
    node.failing(StoreError)
    broken.keys = node.grown.store.keys
    node.clock.forward(10)
    assert node.step() == key(0)


def test_a_log_that_was_cut_short_is_not_cosigned():
    node = Anchored(3, 4)
    node.step()
    shorter = Anchored(3)
    shorter.witness = node.witness
    shorter.restart()
    error = shorter.failing(WitnessConflictError)
    assert error.size == 7


def test_time_stamps_are_written_beside_checkpoints(tmp_path):
    authority = Authority.make(tmp_path / "a")
    node = Anchored(3)

    def post(_, body, **__):
        return Answer(status=200, content_type="", body=authority.answer(body))

    anchorer = node.restart(anchor=TimestampAnchor("http://a.example", post=post))
    assert anchorer.step() == "log/timestamps/000000000000.tsr"
    data = node.grown.store.get("log/timestamps/000000000000.tsr")
    assert authority.check(data, node.grown.store.get("log/checkpoints/000000000000.note")).returncode == 0


@pytest.mark.slow
def test_two_nodes_on_one_bucket(s3_store, reopen_s3):
    node = Anchored(3, 2)
    for name, data in node.grown.log.objects.items():
        s3_store.put(name, data, retain_until=NOW + YEARS)
    first, second = node.restart(store=s3_store), node.restart(store=reopen_s3())
    assert (first.step(), second.step()) == (key(1), None)
    assert list(s3_store.keys("log/cosignatures/")) == [key(1)]
    assert node.witness.asked == [0]


def test_a_wrong_answer_is_not_written():
    node = Anchored(3)
    node.witness.signer = type(WITNESS)(name="another", private_key=WITNESS.private_key)
    node.failing(AnchorError)
    assert node.keys == []


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 40])
def test_the_newest_checkpoint_is_found_with_few_questions(count):
    store, asked = MemoryStore(), []
    for number in range(count):
        store.put(f"log/checkpoints/{number:012}.note", b"x", retain_until=NOW)

    class Counting:
        def get(self, name, *, limit):
            asked.append(name)
            return store.get(name, limit=limit)

    for known in range(max(1, count)):
        asked.clear()
        assert newest_checkpoint(Counting(), at_least=known) == (count - 1 if count else None)
        assert len(asked) <= 13
