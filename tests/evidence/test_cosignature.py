import base64
import hashlib
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import cosignature
from evidence.cosignature import WitnessKey, WitnessSigner
from evidence.errors import AnchorError, MalformedError

SIGNER = WitnessSigner(name="witness.example/w1", private_key=Ed25519PrivateKey.from_private_bytes(b"\x05" * 32))
OTHER = WitnessSigner(name="witness.example/w1", private_key=Ed25519PrivateKey.from_private_bytes(b"\x06" * 32))
RENAMED = WitnessSigner(name="witness.example/w2", private_key=SIGNER.private_key)
TEXT = "log.example/omega\n3\n" + base64.b64encode(bytes(32)).decode() + "\n"
TIME = datetime(2026, 11, 22, 10, 46, 23, 999999, tzinfo=UTC)
LINE = SIGNER.sign(TEXT, TIME)
# tlog-cosignature, the example of the specification: 1679315147 is the time it signs
EXAMPLE = (
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe"
    "+mbIUBkBIfZ+qnA==\n"
)


def line(name="witness.example/w1", data=None, *, start="—", end="\n"):
    encoded = base64.b64encode(bytes(76) if data is None else data).decode()
    return f"{start} {name} {encoded}{end}".encode()


def test_the_example_of_the_specification():
    found = cosignature.parse(EXAMPLE.encode())
    assert (found.name, found.key_id.hex()) == ("witness.example.com/w1", "8d66cf3f")
    assert (found.seconds, found.time) == (1679315147, datetime(2023, 3, 20, 12, 25, 47, tzinfo=UTC))


def test_a_line_is_what_the_specification_says_byte_for_byte():
    public = SIGNER.private_key.public_key().public_bytes_raw()
    seconds = 1795344383
    dash, name, encoded = LINE.decode().split(" ")
    data = base64.b64decode(encoded)
    assert (dash, name, encoded[-1]) == ("—", "witness.example/w1", "\n")
    assert data[:4] == hashlib.sha256(b"witness.example/w1\n\x04" + public).digest()[:4]
    assert data[4:12] == seconds.to_bytes(8, "big")
    Ed25519PublicKey.from_public_bytes(public).verify(data[12:], f"cosignature/v1\ntime {seconds}\n{TEXT}".encode())


def test_a_cosignature_says_when():
    assert cosignature.verify(LINE, TEXT, SIGNER.key) == TIME.replace(microsecond=0)


def test_a_key_is_read_back():
    text = str(SIGNER.key)
    assert WitnessKey.parse(f" {text}\n") == SIGNER.key
    assert text.startswith("witness.example/w1+")
    assert "private" not in repr(SIGNER)


@pytest.mark.parametrize("key", [OTHER.key, RENAMED.key], ids=["another key", "another name"])
def test_another_key_is_refused(key):
    with pytest.raises(AnchorError):
        cosignature.verify(LINE, TEXT, key)


def test_another_text_is_refused():
    with pytest.raises(AnchorError):
        cosignature.verify(LINE, TEXT.replace("3", "4"), SIGNER.key)


def test_a_key_that_is_no_point_is_refused():
    key = WitnessKey(name="w", public_key=b"\x02" + bytes(31))
    data = key.id + bytes(72)
    with pytest.raises(AnchorError):
        cosignature.verify(line("w", data), TEXT, key)


@pytest.mark.parametrize("position", range(len(LINE)))
def test_every_changed_byte_is_noticed(position):
    changed = bytearray(LINE)
    changed[position] ^= 1
    with pytest.raises((MalformedError, AnchorError)):
        cosignature.verify(bytes(changed), TEXT, SIGNER.key)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\n",
        line(start="-"),
        line(end=""),
        line(end=" \n"),
        line(end="\n\n"),
        line(end="\r\n"),
        line() + line(),
        line(name=""),
        line(name="a+b"),
        line(name="a\u00a0b"),
        line(name="w" * 129),
        line(name="w" * 500),
        line(data=bytes(75)),
        line(data=bytes(77)),
        line().replace(b"=", b""),
        line(data=bytes(4) + (253_402_300_800).to_bytes(8, "big") + bytes(64)),
    ],
    ids=[
        "empty",
        "not UTF-8",
        "a hyphen",
        "no newline",
        "a space behind",
        "two newlines",
        "carriage return",
        "two lines",
        "no name",
        "a plus",
        "a Unicode space",
        "a long name",
        "a very long name",
        "too short",
        "too long",
        "no padding",
        "a time after the year 9999",
    ],
)
def test_what_is_no_cosignature(data):
    with pytest.raises(MalformedError):
        cosignature.parse(data)


def test_the_last_second_of_the_year_9999_is_one():
    last = cosignature.parse(line(data=bytes(4) + (253_402_300_799).to_bytes(8, "big") + bytes(64)))
    assert last.time == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "witness",
        "witness+00000000",
        "witness+00000000+AAAA",
        str(SIGNER.key).replace("w1", "w2"),
        f"w+00000000+{base64.b64encode(bytes([1]) + bytes(32)).decode()}",
        f"w+00000000+{base64.b64encode(bytes([4]) + bytes(31)).decode()}",
        "a b" + str(SIGNER.key)[1:],
    ],
)
def test_what_is_no_key_of_a_witness(text):
    with pytest.raises(MalformedError):
        WitnessKey.parse(text)


@settings(deadline=None)  # a busy machine
@given(st.one_of(st.binary(max_size=600), st.text(max_size=200).map(lambda text: f"— {text}\n".encode())))
def test_no_line_raises_another_error(data):
    with suppress(MalformedError):
        cosignature.parse(data)


@settings(deadline=None)  # a busy machine
@given(st.text(max_size=200))
def test_no_key_raises_another_error(text):
    with suppress(MalformedError):
        WitnessKey.parse(text)
