"""Holds, longer retention, and segments whose time has passed."""

from datetime import datetime, timedelta

import pytest

from evidence.errors import FindingError, JournalError, NotFoundError, RetainedError, SignatureError, StoreError
from evidence.keys import VerifierKey
from evidence.record import Position
from evidence.segment import seal_key
from evidence.stores.memory import MemoryStore
from evidence.upkeep import Fate, expire, hold, object_key, retain
from tests.evidence.sealing import CLASSES, KEY, Node

DAY = timedelta(days=1)


@pytest.fixture
def node(tmp_path):
    """A log of three segments of three records in a chain of seven years, and one in a chain of one year."""
    node = Node(tmp_path / "journal")
    for number in range(3):
        node.ids = node.append(f"{number}a", f"{number}b")
        node.step(flush=True)
        node.clock.forward(86_400)
    node.append("short", retention_class="sec1y")
    node.step(flush=True)
    return node


def segments(node):
    return node.keys("/segments/")


def chain_of(node, number):
    """Return the segments of the chain with so many."""
    chains = {}
    for key in segments(node):
        chains.setdefault(key.split("/")[1], []).append(key)
    return next(found for found in chains.values() if len(found) == number)


def run(node, now, *, dry_run=False):
    return [(each.key, each.fate) for each in expire(node.store, KEY.verifier, now, dry_run=dry_run)]


def start(node):
    return node.clock.now - 3 * DAY


def test_nothing_goes_before_its_time(node):
    assert run(node, node.clock.now + CLASSES["sec1y"] - DAY) == []
    assert len(segments(node)) == 4


def test_a_segment_goes_when_its_time_has_passed_and_its_seal_stays(node):
    (short,) = chain_of(node, 1)
    before = node.keys("/seals/")
    now = node.clock.now + CLASSES["sec1y"]
    (gone,) = expire(node.store, KEY.verifier, now, dry_run=False)
    assert (gone.key, gone.fate, gone.records) == (short, Fate.EXPIRED, 2)
    assert datetime.fromisoformat(gone.retain_until) == now
    assert short not in segments(node)
    assert node.keys("/seals/") == before
    assert run(node, now) == []


def test_a_chain_goes_from_its_beginning(node):
    first, second, third = chain_of(node, 3)
    (short,) = chain_of(node, 1)
    assert run(node, start(node) + CLASSES["std7y"]) == [(first, Fate.EXPIRED), (short, Fate.EXPIRED)]
    assert run(node, start(node) + DAY + CLASSES["std7y"]) == [(second, Fate.EXPIRED)]
    assert third in segments(node)


def test_a_dry_run_says_the_same_and_deletes_nothing(node):
    now = node.clock.now + CLASSES["std7y"]
    before = segments(node)
    planned = run(node, now, dry_run=True)
    assert len(planned) == 4
    assert segments(node) == before
    assert run(node, now) == planned
    assert segments(node) == []


def test_what_is_held_stays_and_keeps_nothing_else(node):
    first, second, third = chain_of(node, 3)
    (short,) = chain_of(node, 1)
    node.store.hold(second, on=True)
    assert run(node, node.clock.now + CLASSES["std7y"]) == [
        (first, Fate.EXPIRED),
        (second, Fate.HELD),
        (third, Fate.EXPIRED),
        (short, Fate.EXPIRED),
    ]
    assert segments(node) == [second]


def test_what_the_store_keeps_longer_stays(node):
    (short,) = chain_of(node, 1)
    now = node.clock.now + CLASSES["sec1y"]
    node.store.retain(short, now + DAY)
    assert run(node, now) == [(short, Fate.KEPT)]
    del node.store.retained_until[short]
    assert run(node, now + DAY) == [(short, Fate.KEPT)]
    assert short in segments(node)


def test_what_is_held_in_the_last_moment_stays(node, monkeypatch):
    def refuse(key, _now):
        raise RetainedError(key)

    monkeypatch.setattr(node.store, "expire", refuse)
    assert run(node, node.clock.now + CLASSES["sec1y"]) == [(chain_of(node, 1)[0], Fate.KEPT)]


def test_what_no_seal_names_is_left_alone(node):
    now = node.clock.now + CLASSES["std7y"]
    (short,) = chain_of(node, 1)
    chain = short.split("/")[1]
    stray = f"chains/{chain}/segments/000000000000-{'0' * 64}.jsonl"
    unsealed = f"chains/{chain}/segments/000000000007-{'0' * 64}.jsonl"
    for key in (stray, unsealed, f"chains/{chain}/segments/notes", "chains/notes", "chains/z/segments/0"):
        node.store.put(key, b"", retain_until=start(node))
    run(node, now)
    assert segments(node) == sorted([stray, unsealed, f"chains/{chain}/segments/notes", "chains/z/segments/0"])


def test_a_seal_of_another_key_lets_nothing_go(node):
    other = VerifierKey(origin=KEY.origin, public_key=bytes(32))
    with pytest.raises(SignatureError):
        list(expire(node.store, other, node.clock.now + CLASSES["std7y"], dry_run=False))
    assert len(segments(node)) == 4


@pytest.mark.parametrize(("what", "code"), [("text", "malformed-seal"), ("another", "misplaced-seal")])
def test_a_seal_that_is_none_lets_nothing_go(node, what, code):
    chain = chain_of(node, 3)[0].split("/")[1]
    place = seal_key(chain, 0)
    node.store._objects[place] = b"nothing" if what == "text" else node.store.get(seal_key(chain, 1))
    with pytest.raises(FindingError) as caught:
        list(expire(node.store, KEY.verifier, node.clock.now + CLASSES["std7y"], dry_run=False))
    assert (caught.value.code, caught.value.where) == (code, place)


# Holds


def test_a_hold_is_recorded_before_it_is_put_on():
    store, said = MemoryStore(), []
    store.put("k", b"", retain_until=datetime.now().astimezone())

    def record(draft):
        said.append((draft.type, draft.tenant, draft.body, store.held("k")))

    assert hold(store, "k", record, on=True)
    assert not hold(store, "k", record, on=True)
    assert hold(store, "k", record, on=False)
    assert said == [
        ("legal_hold", "system", {"key": "k", "on": True}, False),
        ("legal_hold", "system", {"key": "k", "on": False}, True),
    ]


def test_a_date_is_recorded_before_it_is_set(node):
    (short,) = chain_of(node, 1)
    until, said = node.store.retained(short) + DAY, []
    retain(node.store, short, until, lambda draft: said.append((draft, node.store.retained(short))))
    ((draft, before),) = said
    assert (draft.type, draft.body["key"], before) == ("retention.extended", short, until - DAY)
    assert datetime.fromisoformat(draft.body["until"]) == until == node.store.retained(short)


def test_no_evidence_no_hold(node):
    (short,) = chain_of(node, 1)

    def fail(_draft):
        raise JournalError("full")

    with pytest.raises(JournalError):
        hold(node.store, short, fail, on=True)
    with pytest.raises(JournalError):
        retain(node.store, short, node.store.retained(short) + DAY, fail)
    assert not node.store.held(short)
    assert node.store.retained(short) == node.clock.now + CLASSES["sec1y"]


def test_what_cannot_be_done_is_not_recorded(node):
    (short,) = chain_of(node, 1)
    said = []
    with pytest.raises(NotFoundError):
        hold(node.store, "k", said.append, on=True)
    with pytest.raises(RetainedError):
        retain(node.store, short, node.store.retained(short), said.append)
    del node.store.retained_until[short]
    with pytest.raises(RetainedError, match="no date is known"):
        retain(node.store, short, node.clock.now + CLASSES["std7y"], said.append)
    assert said == []


def test_an_object_is_named_by_key_by_segment_or_by_decision(node):
    first, _, third = chain_of(node, 3)
    chain = first.split("/")[1]
    assert object_key(node.store, KEY.verifier, first) == first
    assert object_key(node.store, KEY.verifier, f"{chain}/0") == first
    assert object_key(node.store, KEY.verifier, f"{chain}/000000000002") == third
    assert object_key(node.store, KEY.verifier, node.ids[-1]) == third
    for name in (f"{chain}/9", f"{chain}-99"):
        with pytest.raises(NotFoundError):
            object_key(node.store, KEY.verifier, name)
    with pytest.raises(StoreError):
        hold(node.store, object_key(node.store, KEY.verifier, "No Key"), lambda _: None, on=True)
    assert Position.parse(node.ids[-1]).seq == 8
