import base64
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from evidence import checkpoint, note
from evidence.checkpoint import Checkpoint, Leaf
from evidence.errors import MalformedError, SignatureError
from evidence.keys import SigningKey, VerifierKey
from evidence.note import Note

KEY = SigningKey(origin="log.example/omega", private_key=Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
OTHER = SigningKey(origin="log.example/omega", private_key=Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
TEXT = "log.example/omega\n3\n" + base64.b64encode(bytes(32)).decode() + "\n"
SIGNED = note.sign(TEXT, KEY)


def test_the_example_of_the_specification():
    # C2SP signed-note, section "Example": PeterNeumann's key and note
    key = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    signed = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert Note.parse(signed.encode()).verify(key).startswith("If you think")


def test_a_signed_text_is_read_back():
    assert Note.parse_stored(SIGNED).verify(KEY.verifier) == TEXT


def test_lines_of_others_are_ignored_except_in_the_store():
    both = SIGNED + "— witness.example AAAAAAAA\n".encode()
    assert Note.parse(both).verify(KEY.verifier) == TEXT
    with pytest.raises(MalformedError):
        Note.parse_stored(both)


@pytest.mark.parametrize("key", [OTHER.verifier, VerifierKey(origin="other", public_key=KEY.verifier.public_key)])
def test_another_key_is_refused(key):
    with pytest.raises(SignatureError):
        Note.parse(SIGNED).verify(key)


def test_two_lines_of_one_key_are_refused():
    line = SIGNED.split(b"\n\n")[1]
    with pytest.raises(SignatureError):
        Note.parse(SIGNED + line).verify(KEY.verifier)


@pytest.mark.parametrize("position", range(len(SIGNED)))
def test_every_changed_byte_is_noticed(position):
    changed = bytearray(SIGNED)
    changed[position] ^= 1
    with pytest.raises((MalformedError, SignatureError)):
        Note.parse_stored(bytes(changed)).verify(KEY.verifier)


MALFORMED = {
    "nothing": b"",
    "no signature": TEXT.encode(),
    "no text": b"\n\n" + SIGNED.split(b"\n\n")[1],
    "no last newline": SIGNED[:-1],
    "a control character": SIGNED.replace(b"omega", b"ome\x07a", 1),
    "not UTF-8": b"\xff" + SIGNED,
    "a hyphen for a dash": SIGNED.replace("—".encode(), b"-"),
    "a plus in the name": SIGNED.replace("— log.example".encode(), "— log+example".encode()),
    "too large": b"x" * note.MAX_NOTE + SIGNED,
    "a short signature": (TEXT + "\n— log.example/omega AAAA\n").encode(),
    "no base64": (TEXT + "\n— log.example/omega !!!!\n").encode(),
    "base64 beyond ASCII": (TEXT + "\n— log.example/omega ÄÄÄÄ\n").encode(),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_refuses(data):
    with pytest.raises(MalformedError):
        Note.parse(data)


def test_a_signature_of_another_length_is_not_the_keys():
    short = base64.b64encode(KEY.verifier.id + b"x" * 60).decode()
    with pytest.raises(SignatureError):
        Note.parse((TEXT + f"\n— {KEY.origin} {short}\n").encode()).verify(KEY.verifier)


VKEY = str(KEY.verifier)


def test_a_verifier_key_is_read_back():
    assert VerifierKey.parse(VKEY + "\n") == KEY.verifier


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        VKEY.replace("log", "lag"),
        VKEY[:-4],
        VKEY.replace("+A", "+B"),
        "log example" + VKEY[17:],
        VKEY + "\nmore",
    ],
)
def test_no_other_text_is_a_verifier_key(text):
    with pytest.raises(MalformedError):
        VerifierKey.parse(text)


def test_a_signing_key_shows_no_secret():
    assert "private" not in repr(KEY)


def test_a_verifier_key_that_is_no_point_verifies_nothing():
    with pytest.raises(SignatureError):
        VerifierKey(origin="a", public_key=b"\xff" * 31).verify(b"x" * 64, b"")


def test_a_checkpoint_is_read_back():
    head = Checkpoint(origin=KEY.origin, size=3, root=bytes(32))
    assert checkpoint.verify(checkpoint.sign(head, KEY), KEY.verifier) == head


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        TEXT + "extension\n",
        TEXT.replace("3", "03"),
        TEXT.replace("3", "-3"),
        TEXT.replace("3", "9007199254740992"),
        TEXT.replace("AAAA", "AAA", 1),
        TEXT.replace("AAAA", "", 1),
        TEXT[:-1],
        " " + TEXT,
    ],
)
def test_no_other_text_is_a_checkpoint(text):
    with pytest.raises(MalformedError):
        Checkpoint.parse(text)


LEAF = Leaf(chain="019ab0000000deadbeef", segment=4, seal_hash="0" * 64)


def test_leaves_are_read_back():
    assert checkpoint.parse_leaves(checkpoint.format_leaves([LEAF, LEAF])) == (LEAF, LEAF)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"a b\n",
        b"\xff\n",
        checkpoint.format_leaves([LEAF])[:-1],
        checkpoint.format_leaves([LEAF]) + b"\n",
        b"x" * (checkpoint.MAX_LEAVES + 1),
    ],
)
def test_no_other_bytes_are_leaves(data):
    with pytest.raises(MalformedError):
        checkpoint.parse_leaves(data)


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda data: SIGNED[: len(data)] + data))
def test_parsers_leak_no_other_error(data):
    for parse in (
        Note.parse,
        Note.parse_stored,
        checkpoint.parse_leaves,
        lambda data: checkpoint.verify(data, KEY.verifier),
    ):
        with suppress(MalformedError, SignatureError):
            parse(data)
    for parse in (VerifierKey.parse, Checkpoint.parse):
        with suppress(MalformedError):
            parse(data.decode("utf-8", "replace"))
