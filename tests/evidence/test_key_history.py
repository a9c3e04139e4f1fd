"""Statements that give a log another key, and the history they tell."""

import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from evidence import canonical, checkpoint, key_history, note
from evidence.checkpoint import Checkpoint
from evidence.errors import FindingError, MalformedError, RetiredKeyError, SignatureError
from evidence.key_history import KeyHistory, Reason, Statement, statement_key
from evidence.keys import SigningKey, VerifierKey
from evidence.note import Note
from evidence.proof import Proof
from evidence.reader import Reader
from evidence.record import Position
from evidence.sealer import Sealer
from evidence.stores.memory import MemoryStore
from tests.evidence.sealing import CLASSES, KEY, Node

TIME = "2026-11-22T10:46:23.123456Z"
ROOT = b"\x05" * 32


def signing_key(number, origin=KEY.origin):
    return SigningKey(origin=origin, private_key=Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


KEYS = [signing_key(number) for number in (1, 2, 3)]


def head(size):
    return Checkpoint(origin=KEY.origin, size=size, root=ROOT)


def rotated(keys=KEYS, sizes=(4, 9), reason=Reason.ROTATED):
    """The notes by which each of `keys` follows the one before it."""
    notes = []
    history = KeyHistory(keys=(keys[0].verifier,))
    for old, new, size in zip(keys[:-1], keys[1:], sizes, strict=True):
        _, data = key_history.rotate(old, new, history=history, head=head(size), reason=reason, time=TIME)
        notes.append(data)
        history = KeyHistory.read(notes, keys[0].verifier)
    return notes


NOTES = rotated()


def test_without_statements_there_is_one_key():
    history = KeyHistory.load(MemoryStore(), KEY.verifier)
    assert (history.newest, history.at(0), history.at(10**9)) == (KEY.verifier,) * 3
    assert history.origin == KEY.origin


@pytest.mark.parametrize("pinned", KEYS, ids=["the first key", "the second", "the newest"])
def test_any_key_of_the_history_may_be_pinned(pinned):
    history = KeyHistory.read(NOTES, pinned.verifier)
    assert history.keys == tuple(key.verifier for key in KEYS)
    assert history.newest == KEYS[-1].verifier


def test_a_leaf_is_signed_by_the_key_of_its_place():
    history = KeyHistory.read(NOTES, KEY.verifier)
    assert [KEYS.index(key) for key in map(_signer, map(history.at, [-1, 0, 3, 4, 8, 9, 100]))] == [0, 0, 0, 1, 1, 2, 2]


def _signer(verifier):
    return next(key for key in KEYS if key.verifier == verifier)


def test_a_checkpoint_is_signed_by_the_key_of_its_last_leaf():
    history = KeyHistory.read(NOTES, KEY.verifier)
    for size, signer in ((0, 0), (4, 0), (5, 1), (9, 1), (10, 2)):
        assert history.verify_checkpoint(checkpoint.sign(head(size), KEYS[signer])) == head(size)
        with pytest.raises(SignatureError):
            history.verify_checkpoint(checkpoint.sign(head(size), KEYS[signer - 1]))


def test_a_key_may_be_replaced_before_it_signed_anything():
    history = KeyHistory.read(rotated(sizes=(0, 0)), KEY.verifier)
    assert history.at(0) == KEYS[2].verifier
    assert history.of_checkpoint(0) == KEYS[0].verifier


@pytest.mark.parametrize("signer", KEYS, ids=["the first key", "the second", "the newest"])
def test_a_note_by_any_key_of_the_history_holds(signer):
    history = KeyHistory.read(NOTES, KEY.verifier)
    assert history.verify(Note.parse(note.sign("text\n", signer))) == "text\n"


def test_a_note_by_another_key_or_by_two_or_altered_does_not_hold():
    history = KeyHistory.read(NOTES, KEY.verifier)
    for data in (
        note.sign("text\n", signing_key(9)),
        note.sign("text\n", KEYS[0], KEYS[1]),
        note.sign("text\n", KEYS[0]).replace(b"text", b"lies"),
        note.sign("text\n", signing_key(1, "log.example/other")),
    ):
        with pytest.raises(SignatureError):
            history.verify(Note.parse(data))


def test_a_statement_says_what_was_asked():
    statement = Statement.parse(Note.parse(rotated(KEYS[:2], (4,), Reason.COMPROMISED)[0]).text)
    assert (statement.number, statement.size, statement.root) == (1, 4, ROOT.hex())
    assert (statement.previous_key, statement.key) == (KEYS[0].verifier, KEYS[1].verifier)
    assert (statement.reason, statement.time) == (Reason.COMPROMISED, TIME)
    assert statement.object_key == statement_key(1) == "log/keys/000000000001.note"


def test_before_the_first_checkpoint_a_statement_is_about_no_leaves():
    history = KeyHistory(keys=(KEY.verifier,))
    _, data = key_history.rotate(KEY, KEYS[1], history=history, head=None, reason=Reason.ROTATED, time=TIME)
    statement = Statement.parse(Note.parse(data).text)
    assert (statement.size, statement.root[:8]) == (0, "e3b0c442")


def changed(place, **members):
    """The notes, one of them with other members and signed again by whom it names."""
    notes = list(NOTES)
    value = canonical.parse(Note.parse(notes[place]).text[:-1].encode()) | members
    notes[place] = note.sign(canonical.encode(value).decode() + "\n", KEYS[place], KEYS[place + 1])
    return notes


def without(place, name):
    notes = list(NOTES)
    value = canonical.parse(Note.parse(notes[place]).text[:-1].encode())
    del value[name]
    notes[place] = note.sign(canonical.encode(value).decode() + "\n", KEYS[place], KEYS[place + 1])
    return notes


def _resigned(place, *signers):
    notes = list(NOTES)
    notes[place] = note.sign(Note.parse(notes[place]).text, *signers)
    return notes


OTHER_ORIGIN = [signing_key(number, "log.example/other") for number in (1, 2, 3)]
NO_POINT = "log.example/omega+" + "%s+%s"


def vkey(public):
    return str(VerifierKey(origin=KEY.origin, public_key=public))


BROKEN = {
    "a member too many": ("malformed-statement", 1, changed(0, more=1)),
    "a member too few": ("malformed-statement", 2, without(1, "time")),
    "another version": ("malformed-statement", 1, changed(0, v=2)),
    "a version that is true": ("malformed-statement", 1, changed(0, v=True)),
    "a log that is no text": ("malformed-statement", 1, changed(0, log=1)),
    "a log that its keys are not of": ("malformed-statement", 1, changed(0, log="log.example/other")),
    "a log that is no origin": ("malformed-statement", 1, changed(0, log="a b")),
    "a number of nothing": ("malformed-statement", 1, changed(0, number=0)),
    "a previous that is no hash": ("malformed-statement", 1, changed(0, previous="00")),
    "a key that is no text": ("malformed-statement", 1, changed(0, key=None)),
    "a key with a space behind it": ("malformed-statement", 1, changed(0, key=f"{KEYS[1].verifier} ")),
    "a key that is no point": ("malformed-statement", 1, changed(0, key=vkey(b"\x02" + bytes(31)))),
    "a key in another form of its point": ("malformed-statement", 1, changed(0, key=vkey(b"\xee" + b"\xff" * 31))),
    "a key that is zero with a sign": ("malformed-statement", 1, changed(0, key=vkey(b"\x01" + bytes(30) + b"\x80"))),
    "a size below zero": ("malformed-statement", 1, changed(0, size=-1)),
    "a root that is no hash": ("malformed-statement", 1, changed(0, root="")),
    "a reason nobody knows": ("malformed-statement", 1, changed(0, reason="bored")),
    "a reason that is no text": ("malformed-statement", 1, changed(0, reason=[])),
    "a time that is none": ("malformed-statement", 1, changed(0, time="now")),
    "one signature": ("malformed-statement", 1, _resigned(0, KEYS[0])),
    "three signatures": ("malformed-statement", 1, _resigned(0, *KEYS)),
    "no note": ("malformed-statement", 2, [NOTES[0], b""]),
    "another number": ("broken-key-history", 2, changed(1, number=1)),
    "another statement before it": ("broken-key-history", 2, changed(1, previous="ab" * 32)),
    "a first one with one before it": ("broken-key-history", 1, changed(0, previous="ab" * 32)),
    "another key before it": ("broken-key-history", 2, changed(1, previous_key=str(KEYS[0].verifier))),
    "fewer leaves than before": ("broken-key-history", 2, changed(1, size=3)),
    "a key that was there before": ("broken-key-history", 2, changed(1, key=str(KEYS[0].verifier))),
    "the key it had": ("broken-key-history", 1, changed(0, key=str(KEYS[0].verifier))),
    "not signed by the old key": ("bad-signature", 1, _resigned(0, KEYS[2], KEYS[1])),
    "not signed by the new key": ("bad-signature", 1, _resigned(0, KEYS[0], KEYS[2])),
    "signed the wrong way round": ("bad-signature", 1, _resigned(0, KEYS[1], KEYS[0])),
    "altered under its signatures": ("bad-signature", 1, [NOTES[0].replace(b'"size":4', b'"size":5'), NOTES[1]]),
    "of another log": ("bad-signature", 1, rotated(OTHER_ORIGIN)),
    "of keys among which the pinned one is not": ("bad-signature", 1, rotated([signing_key(8), signing_key(9)], (4,))),
}


@pytest.mark.parametrize(("code", "number", "notes"), BROKEN.values(), ids=BROKEN)
def test_a_broken_history_is_found_at_its_statement(code, number, notes):
    with pytest.raises(FindingError) as caught:
        KeyHistory.read(notes, KEY.verifier)
    assert (caught.value.code, caught.value.where) == (code, statement_key(number))


def test_a_statement_of_more_than_a_line_is_none():
    for text in ("{}", "", Note.parse(NOTES[0]).text + "\n"):
        with pytest.raises(MalformedError):
            Statement.parse(text)


@given(st.text())
def test_no_text_raises_another_error(text):
    with pytest.raises(MalformedError):
        Statement.parse(text)


@given(
    st.dictionaries(
        st.sampled_from(sorted(key_history._MEMBERS)), st.none() | st.text() | st.integers() | st.lists(st.text())
    )
)
def test_no_value_raises_another_error(members):
    value = canonical.parse(Note.parse(NOTES[0]).text[:-1].encode()) | members
    try:
        text = canonical.canonical(value).decode() + "\n"
        assert Statement.parse(text).text == text
    except MalformedError:
        pass


EVERY_BIT = pytest.param(range(8), marks=pytest.mark.slow, id="every bit of every byte")


@pytest.mark.parametrize("bits", [pytest.param([0], id="one bit of every byte"), EVERY_BIT])
def test_every_changed_byte_of_a_statement_is_noticed(bits):
    for place, bit in itertools.product(range(len(NOTES[0])), bits):
        data = bytearray(NOTES[0])
        data[place] ^= 1 << bit
        with pytest.raises(FindingError):
            KeyHistory.read([bytes(data)], KEY.verifier)


def stored(*numbers, notes=NOTES):
    store = MemoryStore()
    for number in numbers:
        store._objects[statement_key(number)] = notes[number - 1]
    return store


def test_the_history_is_read_from_the_store():
    assert KeyHistory.load(stored(1, 2), KEY.verifier) == KeyHistory.read(NOTES, KEY.verifier)


def test_a_statement_that_is_missing_is_a_gap():
    with pytest.raises(FindingError, match="key-gap") as caught:
        KeyHistory.load(stored(2), KEY.verifier)
    assert caught.value.where == statement_key(1)


def test_a_statement_beyond_the_size_of_a_note_is_not_read():
    with pytest.raises(FindingError, match="malformed-statement"):
        KeyHistory.load(stored(1, notes=[bytes(20_000)]), KEY.verifier)


def test_a_statement_that_arrives_after_the_listing_counts():
    store = stored(1, 2)
    store.keys = lambda _: iter([])
    assert KeyHistory.load(store, KEY.verifier).newest == KEYS[2].verifier


# ---- What it means for who writes and who reads


def rotated_node(tmp_path):
    """A node that sealed under the first key, was given the second, and sealed again; and a decision id of each."""
    node = Node(tmp_path)
    [old] = node.append("under the first key")
    node.step(flush=True)
    give(node, KEYS[1])
    [new] = node.append("under the second key")
    seal(node, KEYS[1])
    return node, old, new


def give(node, new):
    history = KeyHistory.load(node.store, KEY.verifier)
    published = node.keys("checkpoints")
    covered = history.verify_checkpoint(node.store.get(published[-1]))
    key, data = key_history.rotate(KEY, new, history=history, head=covered, reason=Reason.ROTATED, time=TIME)
    node.store.put(key, data, retain_until=node.clock())


def seal(node, key):
    sealer = Sealer(node.store, node.path, key, classes=CLASSES, clock=node.clock, ticks=node.clock.ticks)
    while sealer.step(flush=True):
        pass


def test_the_old_key_seals_nothing_more(tmp_path):
    node, _, _ = rotated_node(tmp_path)
    with pytest.raises(RetiredKeyError, match=KEYS[1].verifier.id.hex()):
        node.restart()


def test_a_sealer_that_meets_a_note_by_the_new_key_looks_and_ends(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)
    give(node, KEYS[1])
    other = Node(tmp_path / "other", store=node.store)
    other.append("b")
    seal(other, KEYS[1])
    node.append("c")
    with pytest.raises(RetiredKeyError):
        node.step(flush=True)  # its sealer was there before the log got another key


def test_a_sealer_looks_at_the_keys_now_and_then(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)
    give(node, KEYS[1])
    node.clock.forward(10_000)
    objects = node.keys()
    with pytest.raises(RetiredKeyError):
        node.step()
    assert node.keys() == objects


def test_a_seal_by_the_old_key_does_not_get_into_the_tree(tmp_path):
    node, _, _ = rotated_node(tmp_path)
    stray = note.sign(Note.parse(node.store.get(node.keys("/seals/")[0])).text, KEY)
    node.store.put("chains/" + "f" * 20 + "/seals/000000000000.note", stray, retain_until=node.clock())
    with pytest.raises(SignatureError):
        seal(node, KEYS[1])


def test_a_note_by_nobody_is_no_retirement(tmp_path):
    node = Node(tmp_path)
    node.append("a")
    node.step(flush=True)
    [seal_key] = node.keys("/seals/")
    stranger = note.sign(Note.parse(node.store.get(seal_key)).text, KEYS[2])
    other = "chains/" + "f" * 20 + "/seals/000000000000.note"
    node.store.put(other, stranger, retain_until=node.clock())
    node.append("c")
    with pytest.raises(SignatureError):
        node.sealer._checkpointer.scan()
    node.clock.forward(10_000)
    with pytest.raises(SignatureError):
        node.sealer.step(flush=True)


def test_a_key_the_history_does_not_know_seals_nothing(tmp_path):
    node, _, _ = rotated_node(tmp_path)
    with pytest.raises(FindingError, match="bad-signature"):
        seal(node, KEYS[2])


@pytest.mark.parametrize("pinned", KEYS[:2], ids=["the old key", "the new key"])
def test_records_of_both_keys_are_found_and_proved_under_either(tmp_path, pinned):
    node, old, new = rotated_node(tmp_path)
    reader = Reader(node.store, pinned.verifier)
    for text in (old, new):
        position = Position.parse(text)
        assert position.decision_id == text
        assert reader.locate(position).record
        proof = Proof.parse(reader.prove(position).format())
        proof.verify(KEYS[1].verifier)
        with pytest.raises(SignatureError):
            proof.verify(KEY.verifier)
