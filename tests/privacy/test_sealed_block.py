import base64
import copy
import hashlib
import pickle

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from app.privacy.errors import SealedBlockError
from app.privacy.sealed_block import SubjectKey

SUBJECT = f"psn_{'5' * 32}"
KID = f"k_{'7' * 32}"
SECRET = bytes(range(32))
PLACE = ("0123456789abcdef0123-42", 0)
KEY = SubjectKey(SUBJECT, KID, SECRET)
BLOCK = KEY.seal(b'{"subject":{"id":"alice"}}', place=PLACE)


def counted(size):
    return bytes(range(size))


def test_a_block_is_byte_for_byte_what_the_format_says():
    text = b"what was asked"
    salt, nonce = bytes(range(16)), bytes(range(16, 28))
    names = f"evidence-sealed/v1\n{PLACE[0]}\n3\n{SUBJECT}\n{KID}".encode()
    assert KEY.seal(text, place=(PLACE[0], 3), random=counted) == {
        "alg": "A256GCM",
        "commit": hashlib.sha256(b"evidence-commitment/v1\n" + salt + text).hexdigest(),
        "ct": base64.b64encode(AESGCM(SECRET).encrypt(nonce, salt + text, names)).decode(),
        "kid": KID,
        "nonce": nonce.hex(),
        "subject": SUBJECT,
    }


@given(st.binary(max_size=2_000), st.integers(0, 7))
def test_what_was_sealed_is_opened(text, index):
    place = (PLACE[0], index)
    assert KEY.open(KEY.seal(text, place=place), place=place) == text


def test_no_two_blocks_of_one_text_share_anything_of_it():
    other = KEY.seal(b'{"subject":{"id":"alice"}}', place=PLACE)
    assert all(BLOCK[name] != other[name] for name in ("commit", "ct", "nonce"))


@pytest.mark.parametrize(
    ("key", "place"),
    [
        pytest.param(KEY, ("0123456789abcdef0123-43", 0), id="another decision"),
        pytest.param(KEY, (PLACE[0], 1), id="another index"),
        pytest.param(KEY, ("\udc80", 0), id="a place that is no text"),
        pytest.param(SubjectKey(f"psn_{'6' * 32}", KID, SECRET), PLACE, id="another subject"),
        pytest.param(SubjectKey(SUBJECT, f"k_{'8' * 32}", SECRET), PLACE, id="another key id"),
        pytest.param(SubjectKey(SUBJECT, KID, bytes(32)), PLACE, id="another key under the same names"),
    ],
)
def test_a_block_cannot_be_moved(key, place):
    with pytest.raises(SealedBlockError):
        key.open(BLOCK, place=place)


@pytest.mark.parametrize("name", sorted(BLOCK))
def test_any_single_character_changed_is_refused(name):
    for position, found in enumerate(BLOCK[name]):
        for other in "0aAgw=-_ \n":
            if other != found:
                altered = BLOCK[name][:position] + other + BLOCK[name][position + 1 :]
                with pytest.raises(SealedBlockError):
                    KEY.open({**BLOCK, name: altered}, place=PLACE)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_base64_has_one_form_even_in_its_last_character(size):
    block = KEY.seal(b"x" * size, place=PLACE)
    body = block["ct"].rstrip("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    accepted = []
    for last in alphabet:
        try:
            KEY.open({**block, "ct": body[:-1] + last + block["ct"][len(body) :]}, place=PLACE)
        except SealedBlockError:
            continue
        accepted.append(last)
    assert accepted == [body[-1]]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param({}, id="nothing"),
        pytest.param([], id="a list"),
        pytest.param("text", id="a string"),
        pytest.param({**BLOCK, "more": "x"}, id="a member too many"),
        pytest.param({name: BLOCK[name] for name in BLOCK if name != "commit"}, id="a member too few"),
        pytest.param({**BLOCK, "alg": "A128GCM"}, id="another algorithm"),
        pytest.param({**BLOCK, "ct": None}, id="null"),
        pytest.param({**BLOCK, "ct": BLOCK["ct"].encode()}, id="bytes"),
        pytest.param({**BLOCK, "ct": ""}, id="no ciphertext"),
        pytest.param({**BLOCK, "ct": base64.b64encode(bytes(31)).decode()}, id="shorter than salt and tag"),
        pytest.param({**BLOCK, "ct": BLOCK["ct"] + "\n"}, id="a line end behind"),
        pytest.param({**BLOCK, "ct": BLOCK["ct"].replace("=", "")}, id="no padding"),
        pytest.param({**BLOCK, "nonce": BLOCK["nonce"].upper() + " "}, id="another hex"),
        pytest.param({**BLOCK, "nonce": BLOCK["nonce"][:-2]}, id="a short nonce"),
        pytest.param({**BLOCK, "commit": "0" * 64}, id="a commitment to something else"),
        pytest.param({**BLOCK, "commit": "é" * 64}, id="a commitment beyond ASCII"),
    ],
)
def test_a_block_of_another_form_is_refused(block):
    with pytest.raises(SealedBlockError):
        KEY.open(block, place=PLACE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=8,
)
NEARLY = st.fixed_dictionaries(
    {name: st.just(value) | JSON | st.text(alphabet="0123456789abcdefABC=+/_-psnk") for name, value in BLOCK.items()}
)


@given(JSON | NEARLY)
def test_opening_raises_nothing_but_its_one_error(block):
    try:
        opened = KEY.open(block, place=PLACE)
    except SealedBlockError:
        return
    assert block == BLOCK
    assert opened == b'{"subject":{"id":"alice"}}'


@pytest.mark.parametrize(
    ("subject", "kid", "key"),
    [
        pytest.param("alice", KID, SECRET, id="a person's name"),
        pytest.param(SUBJECT.upper(), KID, SECRET, id="upper case"),
        pytest.param(SUBJECT + "\n", KID, SECRET, id="a line end behind"),
        pytest.param(SUBJECT, SUBJECT, SECRET, id="a pseudonym for a key id"),
        pytest.param(SUBJECT, KID, SECRET[:16], id="a short key"),
    ],
)
def test_a_key_has_one_form(subject, kid, key):
    with pytest.raises(SealedBlockError):
        SubjectKey(subject, kid, key)


def test_a_place_that_is_no_text_cannot_be_sealed_at():
    with pytest.raises(SealedBlockError):
        KEY.seal(b"", place=("\udc80", 0))


def test_the_key_shows_in_no_repr_and_leaves_in_no_pickle():
    assert repr(KEY) == f"SubjectKey(subject='{SUBJECT}', kid='{KID}')"
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            leave(KEY)
