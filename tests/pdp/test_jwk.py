"""Public keys of others: which are taken, and for what."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.jwk import ALGORITHMS, LONGEST_SET, JwkError, SignatureError, parse_jwk, parse_jwk_set
from tests.providing import encoded, jwk, number, private, signature

RSA = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
TEXT = b"what is signed"


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_each_algorithm_verifies_what_its_key_signed(algorithm):
    key = parse_jwk(jwk("Ed25519" if algorithm == "EdDSA" else algorithm))
    proof = signature("Ed25519" if algorithm == "EdDSA" else algorithm, TEXT)
    key.verify_signature(algorithm, TEXT, proof)
    for other, text, wrong in ((algorithm, b"another", proof), (algorithm, TEXT, proof[:-1]), (algorithm, TEXT, b"")):
        with pytest.raises(SignatureError):
            key.verify_signature(other, text, wrong)
    assert key.algorithms == (RSA if algorithm in RSA else key.algorithms)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES384", ""])
def test_an_algorithm_that_is_not_the_keys_verifies_nothing(algorithm):
    with pytest.raises(SignatureError):
        parse_jwk(jwk("ES256")).verify_signature(algorithm, TEXT, signature("ES256", TEXT))


def test_a_key_that_says_its_algorithm_has_no_other():
    key = parse_jwk(jwk("RS256", alg="PS256"))
    key.verify_signature("PS256", TEXT, signature("PS256", TEXT))
    with pytest.raises(SignatureError):
        key.verify_signature("RS256", TEXT, signature("RS256", TEXT))


def test_a_key_is_what_it_is_whatever_it_is_called():
    assert parse_jwk(jwk(kid="a")).thumbprint == parse_jwk(jwk(kid="b", use="sig")).thumbprint
    assert parse_jwk(jwk(kid="a")) == parse_jwk(jwk(kid="a"))
    assert "n" not in repr(parse_jwk(jwk(kid="a"))).split("held")[1:]


REFUSED = {
    "no object": ([], "is an object"),
    "no kid": (jwk(kid=None), "`kid`"),
    "an empty kid": (jwk(kid=""), "`kid`"),
    "a kid that is a number": (jwk(kid=7), "`kid`"),
    "a long kid": (jwk(kid="k" * 257), "`kid`"),
    "a private key": (jwk(d="AQAB"), "no private part"),
    "a shared secret": ({"kty": "oct", "k": encoded(bytes(32)), "kid": "a"}, "no shared secret"),
    "no kind": (jwk(kty=None), "is RSA, EC"),
    "a kind that is a list": (jwk(kty=["RSA"]), "is RSA, EC"),
    "a secret without a value": ({"kty": "oct", "kid": "a"}, "is RSA, EC"),
    "a curve of others": (jwk("ES256", crv="secp256k1"), "is RSA, EC"),
    "a curve that is a number": (jwk("ES256", crv=1), "is RSA, EC"),
    "a key for agreement": (jwk("Ed25519", crv="X25519"), "is RSA, EC"),
    "a key for encryption": (jwk(use="enc"), "for signatures"),
    "a key that only signs": (jwk(key_ops=["sign"]), "for signatures"),
    "operations that are a text": (jwk(key_ops="verify"), "for signatures"),
    "an algorithm of another kind": (jwk(alg="ES256"), "`alg`"),
    "an algorithm of none": (jwk(alg="none"), "`alg`"),
    "an algorithm that is a list": (jwk(alg=["RS256"]), "`alg`"),
    "no modulus": (jwk(n=None), "`n` of a key"),
    "a modulus that is a number": (jwk(n=7), "`n` of a key"),
    "a modulus of 16384 bits": (jwk(n=encoded(b"\xff" * 2_048)), "`n` of a key"),
    "an exponent of 64 bits": (jwk(e=encoded(b"\xff" * 8)), "`e` of a key"),
    "1024 bits": (jwk(n=number(2**1_023 + 1)), "2048 to 8192"),
    "an exponent of one": (jwk(e=number(1)), "none of a key"),
    "a modulus that is no base64": (jwk(n="!"), "2048 to 8192"),
    "a modulus of odd length": (jwk(n="A" * 1_397), "none of a key"),
    "a point beside the curve": (jwk("ES256", y=number(1, 32)), "none of a key"),
    "a point that is too short": (jwk("ES256", x="AA", y="AA"), "none of a key"),
    "an Ed25519 key that is too short": (jwk("Ed25519", x="AA"), "none of a key"),
}


@pytest.mark.parametrize(("value", "said"), REFUSED.values(), ids=REFUSED)
def test_is_no_key(value, said):
    with pytest.raises(JwkError, match=said):
        parse_jwk(value)


def test_a_set_has_its_usable_keys_by_id():
    keys = [jwk("RS256"), jwk("ES256"), {"kty": "oct", "kid": "secret"}, jwk("ES384", use="enc"), 7]
    keys += [jwk("ES512", kid="two"), jwk("Ed25519", kid="two")]
    found = parse_jwk_set(json.dumps({"keys": keys, "more": 1}).encode())
    assert {kid: key.kid for kid, key in found.items()} == {"k-RS256": "k-RS256", "k-ES256": "k-ES256"}
    assert parse_jwk_set(b'{"keys": []}') == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": 1}',
        b'{"keys": [], "keys": []}',
        b'{"keys": [' + b",".join([b"{}"] * 101) + b"]}",
        b" " * LONGEST_SET + b'{"keys": []}',
        b"\xff",
    ],
    ids=["nothing", "a list", "no keys", "keys that are a number", "keys twice", "too many", "too long", "no text"],
)
def test_is_no_set_of_keys(data):
    with pytest.raises(JwkError):
        parse_jwk_set(data)


MEMBERS = ["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "key_ops"]
VALUES = st.sampled_from(["RSA", "EC", "OKP", "P-256", "Ed25519", "AQAB", "sig", "RS256", encoded(bytes(32))])


@given(st.dictionaries(st.sampled_from(MEMBERS), VALUES | st.text(max_size=50) | st.none() | st.lists(VALUES)))
def test_no_key_raises_another_error(value):
    with suppress(JwkError):
        parse_jwk(value)


@given(st.binary(max_size=200))
def test_no_bytes_raise_another_error(data):
    with suppress(JwkError):
        parse_jwk_set(data)


@given(st.sampled_from(sorted(ALGORITHMS - {"EdDSA"})), st.binary(max_size=300))
def test_no_signature_raises_another_error(algorithm, proof):
    private(algorithm)
    with pytest.raises(SignatureError):
        parse_jwk(jwk(algorithm)).verify_signature(algorithm, TEXT, proof)
