"""`verify_evidence.py`, Ed25519 and the key file: against RFC 8032 and against OpenSSL."""

import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence import logs
from verify_evidence import L, MalformedError, P, parse_key


def key_line(encoded, origin="log.example/omega"):
    key_id = hashlib.sha256(origin.encode() + b"\n" + encoded).hexdigest()[:8]
    return f"{origin}+{key_id}+{base64.b64encode(encoded).decode()}"


def key_file(public):
    return key_line(b"\x01" + public).encode()


def holds(public, signature, text):
    return parse_key(key_file(public)).holds(signature, text)


RFC_8032 = {  # section 7.1: public key, message, signature
    "test 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        b"",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    "test 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        b"\x72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    "test 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        b"\xaf\x82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    "test SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").digest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
            "3dca179c138ac17ad9bef1177331a704"
        ),
    ),
}


@pytest.mark.parametrize(("public", "text", "signature"), RFC_8032.values(), ids=RFC_8032)
def test_ed25519_vectors_of_rfc_8032(public, text, signature):
    assert holds(bytes.fromhex(public), bytes.fromhex(signature), text)
    assert not holds(bytes.fromhex(public), bytes.fromhex(signature), text + b"\0")


def openssl_holds(public, signature, text):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


NEUTRAL = (1).to_bytes(32, "little")
ORDER_2 = (P - 1).to_bytes(32, "little")
ORDER_4 = bytes(32)
ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
SMALL = [NEUTRAL, ORDER_2, ORDER_4, ORDER_4[:31] + b"\x80", ORDER_8]
FORBIDDEN = {  # by RFC 8032, section 5.1.3
    "y is p": P.to_bytes(32, "little"),
    "y is p + 1": (P + 1).to_bytes(32, "little"),
    "x is 0 and negative": NEUTRAL[:31] + b"\x80",
    "y is -1 and x is 0 and negative": (P - 1 | 1 << 255).to_bytes(32, "little"),
    "not on the curve": (2).to_bytes(32, "little"),
}


def signed_by(seed, text):
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return private.public_key().public_bytes_raw(), private.sign(text)


SEEDS = st.binary(min_size=32, max_size=32)


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.binary(max_size=200))
def test_ed25519_accepts_what_openssl_signs(seed, text):
    public, signature = signed_by(seed, text)
    assert holds(public, signature, text)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_ed25519_agrees_with_openssl_on_malformed_signatures(data):
    text = data.draw(st.binary(max_size=8))
    public, signature = signed_by(b"\x07" * 32, text)
    public = data.draw(st.sampled_from([public, *SMALL]))
    r = data.draw(st.sampled_from([signature[:32], *SMALL, *FORBIDDEN.values()]) | SEEDS)
    s = int.from_bytes(signature[32:], "little")
    s = data.draw(st.sampled_from([s, s + L, 0, L - 1, L, 2**256 - 1]) | st.integers(0, 2**256 - 1))
    signature = r + (s % 2**256).to_bytes(32, "little")
    bit = data.draw(st.integers(0, 511) | st.none())
    if bit is not None:
        signature = (int.from_bytes(signature, "little") ^ 1 << bit).to_bytes(64, "little")
    assert holds(public, signature, text) is openssl_holds(public, signature, text)


@pytest.mark.parametrize("public", SMALL)
def test_ed25519_agrees_with_openssl_on_points_of_small_order(public):
    agreed = set()
    for number in range(8):
        for r in SMALL:
            text, signature = bytes([number]), r + bytes(32)
            agreed.add(openssl_holds(public, signature, text))
            assert holds(public, signature, text) is openssl_holds(public, signature, text)
    assert True in agreed


def test_ed25519_refuses_a_second_encoding_of_s():
    public, signature = signed_by(b"\x07" * 32, b"text")
    s = int.from_bytes(signature[32:], "little") + L
    assert not holds(public, signature[:32] + s.to_bytes(32, "little"), b"text")


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_ed25519_refuses_signatures_of_another_length(length):
    public, signature = signed_by(b"\x07" * 32, b"text")
    assert not holds(public, (signature * 2)[:length], b"text")


# ---- Key file

GOOD_KEY = logs.SIGNER.key_file.decode()
KEYS = {
    "empty": "",
    "two lines": GOOD_KEY + GOOD_KEY,
    "no origin": GOOD_KEY[GOOD_KEY.index("+") :],
    "a space in the origin": GOOD_KEY.replace("log", "l g"),
    "a control character in the origin": GOOD_KEY.replace("log", "l\x01g"),
    "an origin of 129 characters": logs.Signer(origin="a" * 129).key_file.decode(),
    "an origin that is not ASCII": logs.Signer(origin="lög").key_file.decode(),
    "another origin": GOOD_KEY.replace("log", "lag"),
    "a key id in upper case": GOOD_KEY.replace(logs.SIGNER.key_id.hex(), logs.SIGNER.key_id.hex().upper()),
    "another key": GOOD_KEY.rpartition("+")[0] + "+" + base64.b64encode(b"\x01" + bytes(32)).decode(),
    "another type": key_line(b"\x02" + logs.SIGNER.public),
    "a short key": key_line(b"\x01" + logs.SIGNER.public[:31]),
    "a long key": key_line(b"\x01" + logs.SIGNER.public + b"\0"),
}


@pytest.mark.parametrize("text", KEYS.values(), ids=KEYS)
def test_refuses_malformed_keys(text):
    with pytest.raises(MalformedError):
        parse_key(text.encode())


@pytest.mark.parametrize("public", FORBIDDEN.values(), ids=FORBIDDEN)
def test_refuses_keys_that_rfc_8032_forbids(public):
    with pytest.raises(MalformedError, match="curve"):
        parse_key(key_file(public))


@pytest.mark.parametrize("text", [GOOD_KEY.strip(), GOOD_KEY + "\n", " " + GOOD_KEY.replace("\n", "\r\n")])
def test_white_space_around_the_key_does_not_matter(text):
    assert parse_key(text.encode()).public == logs.SIGNER.public


def test_accepts_a_key_whose_base64_holds_a_plus():
    seed = next(
        seed
        for seed in (bytes([number]) * 32 for number in range(256))
        if logs.Signer(seed=seed).key_file.count(b"+") > 2
    )
    assert parse_key(logs.Signer(seed=seed).key_file).origin == logs.SIGNER.origin
