"""Payloads beside the record: sealed, bound to their object, found by pseudonym, really gone."""

import hashlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from app.objects import ObjectGoneError
from app.privacy.detached import Detached, verify_references
from app.privacy.errors import KeyDestroyedError, SealedBlockError
from app.privacy.sealed_block import MAX_PAYLOAD, SubjectKey, verify_reference
from tests.privacy.keyring import PLACE
from tests.privacy.objects import MemoryObjects

SUBJECT, OTHER = f"psn_{'5' * 32}", f"psn_{'6' * 32}"
KID = f"k_{'7' * 32}"
SECRET = bytes(range(32))
KEY = SubjectKey(SUBJECT, KID, SECRET)
NAME = f"request/{SUBJECT}/{'0' * 32}"
REFERENCE, DATA = KEY.seal_payload(b"text", name=NAME)


def counted(size):
    return bytes(range(size))


@pytest.fixture
def objects():
    return MemoryObjects()


@pytest.fixture
def detached(objects):
    return Detached(objects, ("request", "voice"))


def test_a_payload_is_byte_for_byte_what_the_format_says():
    salt, nonce = bytes(range(16)), bytes(range(16, 28))
    names = f"evidence-payload/v1\n{NAME}\n{SUBJECT}\n{KID}".encode()
    data = AESGCM(SECRET).encrypt(nonce, salt + b"said", names)
    assert KEY.seal_payload(b"said", name=NAME, random=counted) == (
        {
            "commit": hashlib.sha256(b"evidence-payload-commitment/v1\n" + salt + b"said").hexdigest(),
            "kid": KID,
            "nonce": nonce.hex(),
            "object": NAME,
            "size": len(data),
            "subject": SUBJECT,
        },
        data,
    )


def test_a_payload_is_no_sealed_block_though_key_and_text_are_the_same():
    block = KEY.seal(b"text", place=PLACE, random=counted)
    reference, _ = KEY.seal_payload(b"text", name=NAME, random=counted)
    assert block["nonce"] == reference["nonce"]
    assert block["commit"] != reference["commit"]


@given(st.binary(max_size=2_000))
def test_what_was_kept_is_opened(text):
    detached = Detached(MemoryObjects())
    assert detached.open(KEY, detached.keep(KEY, text)) == text


def test_keys_of_objects_are_random_and_carry_class_and_pseudonym(detached, objects):
    references = [detached.keep(KEY, b"same", kind) for kind in ("request", "request", "voice")]
    names = [each["object"] for each in references]
    assert names == [each["object"] for each in map(verify_reference, references)]
    assert len(set(names)) == 3
    assert all(name.split("/")[1] == SUBJECT for name in names)
    assert len({objects.data[name] for name in names}) == 3


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"object": f"request/{SUBJECT}/{'1' * 32}"}, id="another object"),
        pytest.param({"subject": OTHER}, id="another subject"),
        pytest.param({"kid": f"k_{'8' * 32}"}, id="another key"),
        pytest.param({"nonce": "0" * 24}, id="another nonce"),
        pytest.param({"commit": "0" * 64}, id="a commitment to something else"),
        pytest.param({"size": REFERENCE["size"] + 1}, id="another size"),
        pytest.param({"size": 31}, id="smaller than salt and tag"),
        pytest.param({"size": MAX_PAYLOAD + 1}, id="larger than any"),
        pytest.param({"size": True}, id="no number"),
        pytest.param({"object": f"../{SUBJECT}/{'0' * 32}"}, id="a way out"),
        pytest.param({"object": f"request/{SUBJECT}/{'0' * 32}\n"}, id="a line end behind"),
        pytest.param({"alg": "A256GCM"}, id="a member more"),
    ],
)
def test_a_payload_cannot_be_moved_or_changed(changed):
    with pytest.raises(SealedBlockError):
        KEY.open_payload(REFERENCE | changed, DATA)


def test_any_byte_of_the_object_changed_is_refused():
    for position in range(len(DATA)):
        altered = bytearray(DATA)
        altered[position] ^= 1
        with pytest.raises(SealedBlockError):
            KEY.open_payload(REFERENCE, bytes(altered))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=8,
)
NEARLY = st.fixed_dictionaries({name: st.just(value) | JSON for name, value in REFERENCE.items()})


@given(JSON | NEARLY | st.lists(NEARLY, max_size=9))
def test_opening_raises_nothing_but_its_one_error(value):
    for use in (lambda: KEY.open_payload(value, DATA), lambda: verify_references(value)):
        try:
            use()
        except SealedBlockError:
            continue


@pytest.mark.parametrize("count", [0, 9])
def test_a_record_names_one_to_eight_payloads(count):
    assert len(verify_references([REFERENCE] * 8)) == 8
    with pytest.raises(SealedBlockError):
        verify_references([REFERENCE] * count)


def test_a_key_that_was_destroyed_seals_and_opens_nothing_any_more():
    key = SubjectKey(SUBJECT, KID, SECRET)
    block = key.seal(b"text", place=PLACE)
    key.forget()
    assert key._key == bytes(32)
    for use in (
        lambda: key.seal(b"text", place=PLACE),
        lambda: key.open(block, place=PLACE),
        lambda: key.seal_payload(b"text", name=NAME),
        lambda: key.open_payload(REFERENCE, DATA),
    ):
        with pytest.raises(KeyDestroyedError):
            use()


def test_a_key_that_is_overwritten_while_it_seals_has_sealed_nothing(monkeypatch):
    key = SubjectKey(SUBJECT, KID, SECRET)
    cipher = SubjectKey.cipher

    def meanwhile(self):
        found = cipher(self)
        self.forget()
        return found

    monkeypatch.setattr(SubjectKey, "cipher", meanwhile)
    with pytest.raises(KeyDestroyedError):
        key.seal_payload(b"text", name=NAME)


def test_a_class_or_a_text_that_cannot_be_is_not_kept(detached, objects):
    for kind in ("", "Voice", "a/b", "x" * 17):
        with pytest.raises(SealedBlockError):
            detached.keep(KEY, b"text", kind)
    with pytest.raises(SealedBlockError):
        detached.keep(KEY, bytes(MAX_PAYLOAD))
    assert objects.data == {}


def test_a_person_s_payloads_are_found_and_deleted_and_no_other(detached, objects):
    mine = [detached.keep(KEY, b"x", kind) for kind in ("request", "voice", "request")]
    other = detached.keep(SubjectKey(OTHER, KID, SECRET), b"x")
    objects.put("artifact/abc", b"something else")
    assert sorted(detached.of(SUBJECT)) == sorted(each["object"] for each in mine)
    assert detached.delete_of(SUBJECT) == 3
    assert detached.delete_of(SUBJECT) == 0
    assert sorted(objects.data) == ["artifact/abc", other["object"]]
    with pytest.raises(ObjectGoneError):
        detached.open(KEY, mine[0])


@pytest.mark.parametrize("subject", ["", "alice", "psn_", f"{SUBJECT}/..", f"{SUBJECT}\n"])
def test_what_is_no_pseudonym_has_no_payloads(detached, subject):
    assert detached.of(subject) == []


def test_what_no_record_names_is_swept_once_it_is_old(detached, objects):
    named, orphan = (detached.keep(KEY, b"x")["object"] for _ in range(2))
    objects.put("artifact/abc", b"something else")
    objects.drafts = 2
    cut = objects.now + timedelta(hours=1)
    objects.now += timedelta(hours=2)
    young = detached.keep(KEY, b"x")["object"]
    asked = []

    def recorded(names):
        asked.extend(names)
        return {named}

    assert detached.sweep(cut, recorded) == 2 + 1
    assert sorted(asked) == sorted([named, orphan])
    assert sorted(objects.data) == sorted(["artifact/abc", named, young])
    assert detached.sweep(cut, recorded) == 0


def test_each_class_expires_by_its_own_time(detached, objects):
    old = {kind: detached.keep(KEY, b"x", kind)["object"] for kind in ("request", "voice")}
    objects.put("artifact/abc", b"something else")
    now = objects.now + timedelta(days=91)
    retention = {"request": timedelta(days=2_555), "voice": timedelta(days=90)}
    assert detached.expire(retention, now) == 1
    assert sorted(objects.data) == ["artifact/abc", old["request"]]
    assert detached.expire({}, now + timedelta(days=9_999)) == 0
