"""Tokens: the published ones, every algorithm, and everything that must not be taken for verified."""

import json

import pytest

from app.pdp.builtins import ADDED
from tests.pdp.calling import call, called
from tests.pdp.tokens_made import (
    ED25519,
    P256,
    P256_KEY,
    P384,
    PUBLISHED,
    RSA,
    RSA_KEY,
    RSA_SIGNED,
    SHARED,
    SIGNERS,
    WEAK,
    certificate,
    jwk,
    part,
    pem,
    token,
)

JOE = {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
OTHERS = {"HS": "another secret", "RS": P256, "PS": P256, "ES": ED25519, "Ed": RSA}


def verified(algorithm, text, key):
    return called(f"io.jwt.verify_{algorithm.lower()}", text, key if isinstance(key, str) else json.dumps(key))


def test_a_published_token_is_decoded():
    header, payload, signature = called("io.jwt.decode", RSA_SIGNED)
    assert (header, payload, signature[:8]) == ({"alg": "RS256"}, JOE, "702e2189")


@pytest.mark.parametrize(("algorithm", "text", "key"), PUBLISHED.values(), ids=PUBLISHED)
def test_published_tokens_are_verified(algorithm, text, key):
    assert verified(algorithm, text, key) is True
    head, payload, signature = text.split(".")
    assert verified(algorithm, f"{head}.{payload[:-4]}AAAA.{signature}", key) is False
    assert verified(algorithm, f"{head}.{payload}.{signature[:-4]}AAAA", key) is False


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_every_algorithm_verifies_its_own_tokens_and_no_others(algorithm):
    own = token(algorithm, JOE)
    taken = [name for name in SIGNERS if verified(name, own, pem(SIGNERS[name])) is True]
    assert taken == [algorithm]
    start, _, _ = own.rpartition(".")
    assert verified(algorithm, f"{start}.", pem(SIGNERS[algorithm])) is False


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_the_algorithm_is_not_the_tokens_own_choice(algorithm):
    for said in ("none", "None", "", None, 1, [algorithm], algorithm.swapcase()):
        made = token(algorithm, JOE, header={"alg": said})
        assert verified(algorithm, made, pem(SIGNERS[algorithm])) is False


def test_a_public_key_is_no_secret():
    made = token("HS256", JOE, key=pem(RSA), header={"alg": "RS256"})
    assert verified("RS256", made, pem(RSA)) is False
    assert called("io.jwt.decode_verify", made, {"cert": pem(RSA), "time": 0}) == [False, {}, {}]


def test_extensions_that_must_be_understood_are_not():
    made = token("RS256", JOE, header={"crit": ["b64"], "b64": False})
    assert verified("RS256", made, pem(RSA)) is False


KEYS = {
    "a public key": (pem(RSA), True),
    "a certificate": (certificate(RSA), True),
    "a key": (jwk(RSA), True),
    "a set of one": ({"keys": [jwk(RSA)]}, True),
    "a set with kinds that do not matter": ({"keys": [P256_KEY, {"kty": "oct", "k": "AA"}, jwk(RSA)]}, True),
    "a set with another key first": ({"keys": [RSA_KEY, jwk(RSA)]}, True),
    "the key that the token names": ({"keys": [RSA_KEY | {"kid": "old"}, jwk(RSA, kid="k1")]}, True),
    "another key under the name": ({"keys": [RSA_KEY | {"kid": "k1"}, jwk(RSA, kid="old")]}, False),
    "no key under the name": ({"keys": [jwk(RSA, kid="old")]}, True),
    "for signatures": (jwk(RSA, use="sig"), True),
    "somebody else's": (RSA_KEY, False),
}


@pytest.mark.parametrize(("key", "taken"), KEYS.values(), ids=KEYS)
def test_what_a_key_may_be(key, taken):
    assert verified("RS256", token("RS256", JOE, header={"kid": "k1"}), key) is taken


NO_KEYS = {
    "nothing": "",
    "a number": 1,
    "words": "neither key nor certificate",
    "half a certificate": certificate(RSA)[:200] + "BEGIN CERTIFICATE",
    "half a JSON": '{"kty":',
    "a name twice": '{"kty": "RSA", "kty": "RSA"}',
    "an empty set": {"keys": []},
    "a set of no keys": {"keys": [1]},
    "keys that are none": {"keys": None},
    "a key without its numbers": {"kty": "RSA", "n": "AQAB"},
    "a key that is no base64": {"kty": "RSA", "n": "%", "e": "AQAB"},
    "numbers that are no key": {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    "a point on no curve": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    "a curve nobody knows": {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
    "a curve that is a list": {"kty": "EC", "crv": ["P-256"], "x": "AA", "y": "AA"},
    "another curve of Edwards": {"kty": "OKP", "crv": "Ed448", "x": "AA"},
    "a key of another kind": P256_KEY,
    "a public key of another kind": pem(P384),
    "a key for encryption": jwk(RSA, use="enc"),
    "a key too short": jwk(WEAK),
    "a certificate over a key too short": pem(WEAK),
}


@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
def test_what_a_key_may_not_be(key):
    text = key if isinstance(key, int | str) else json.dumps(key)
    said = called("io.jwt.verify_rs256", token("RS256", JOE), text)
    assert "TokenError" in said
    assert text == "" or str(text) not in said.removeprefix("error: f.rego:5:")


def test_curves_are_the_algorithms_own():
    assert "there is no key for `ES256`" in verified("ES256", token("ES256", JOE, key=P384), pem(P384))


def test_a_secret_is_not_empty():
    assert "wants a secret" in verified("HS256", token("HS256", JOE), "")
    assert "wants a secret" in called("io.jwt.verify_hs256", token("HS256", JOE), 1)


HEAD, BODY = part({"alg": "RS256"}), part(JOE)
TWICE = part(b'{"a": 1, "a": 2}')
NO_TOKENS = {
    "a number": 1,
    "nothing": "",
    "two parts": f"{HEAD}.{BODY}",
    "five parts": f"{HEAD}.{BODY}.AA.AA.AA",
    "padding": f"{HEAD}=.{BODY}.AA",
    "the other alphabet": f"{HEAD}.{BODY}.+/==",
    "one letter too many": f"{HEAD}.{BODY}.A",
    "a line feed": f"{HEAD}.{BODY}.AA\n",
    "letters of another script": f"{HEAD}.{BODY}.\u2161\u2161",
    "a header that is no JSON": f"{part(b'alg')}.{BODY}.AA",
    "a header that is a list": f"{part([])}.{BODY}.AA",
    "a header with a name twice": f"{TWICE}.{BODY}.AA",
    "a payload that is a list": f"{HEAD}.{part([])}.AA",
    "a payload with a name twice": f"{HEAD}.{TWICE}.AA",
    "a payload with half a character": f"{HEAD}.{part({'a': chr(0xD800)})}.AA",
    "a payload without end": f"{HEAD}.{part(b'[1e400]')}.AA",
    "a payload too deep": f"{HEAD}.{part(b'[' * 100 + b']' * 100)}.AA",
    "a payload too long": f"{HEAD}.{part({'a': 'x' * 40_000})}.AA",
}


@pytest.mark.parametrize("text", NO_TOKENS.values(), ids=NO_TOKENS)
def test_what_is_no_token(text):
    assert "TokenError" in called("io.jwt.decode", text)


TIME = 1_300_819_379_000_000_000
DECODED = {
    "a key": ({"cert": pem(RSA), "time": TIME}, True),
    "a second later": ({"cert": pem(RSA), "time": TIME + 1_000_000_000}, False),
    "the algorithm": ({"cert": pem(RSA), "time": TIME, "alg": "RS256"}, True),
    "another algorithm": ({"cert": pem(RSA), "time": TIME, "alg": "PS256"}, False),
    "the issuer": ({"cert": pem(RSA), "time": TIME, "iss": "joe"}, True),
    "another issuer": ({"cert": pem(RSA), "time": TIME, "iss": "jo"}, False),
    "an audience": ({"cert": pem(RSA), "time": TIME, "aud": "me"}, False),
    "another key": ({"cert": json.dumps(RSA_KEY), "time": TIME}, False),
    "a secret": ({"secret": SHARED, "time": TIME}, False),
}


@pytest.mark.parametrize(("constraints", "valid"), DECODED.values(), ids=DECODED)
def test_a_token_fulfils_its_constraints(constraints, valid):
    value = called("io.jwt.decode_verify", token("RS256", JOE), constraints)
    assert value == ([True, {"alg": "RS256"}, JOE] if valid else [False, {}, {}])


SAID = {
    "nothing": ({}, {}, True),
    "an audience": ({"aud": "me"}, {"aud": "me"}, True),
    "audiences": ({"aud": ["you", "me"]}, {"aud": "me"}, True),
    "another audience": ({"aud": "you"}, {"aud": "me"}, False),
    "other audiences": ({"aud": ["you"]}, {"aud": "me"}, False),
    "part of an audience": ({"aud": "some"}, {"aud": "me"}, False),
    "an audience nobody asked for": ({"aud": "me"}, {}, False),
    "nothing valid yet": ({"nbf": 11}, {}, False),
    "valid from now": ({"nbf": 10}, {}, True),
    "valid from a fraction": ({"nbf": 10.5}, {}, False),
    "ended": ({"exp": 10}, {}, False),
    "ending": ({"exp": 10.5}, {}, True),
    "both": ({"exp": 11, "nbf": 9}, {}, True),
    "no issuer": ({}, {"iss": "joe"}, False),
    "an issuer that is a list": ({"iss": ["joe"]}, {"iss": "joe"}, False),
}


@pytest.mark.parametrize(("payload", "constraints", "valid"), SAID.values(), ids=SAID)
def test_what_a_token_says(payload, constraints, valid):
    given = {"secret": SHARED, "time": 10_000_000_000} | constraints
    assert called("io.jwt.decode_verify", token("HS256", payload), given)[0] is valid


NO_CONSTRAINTS = {
    "no object": 1,
    "no key": {"time": 0},
    "two keys": {"cert": "x", "secret": "x", "time": 0},
    "no time": {"secret": SHARED},
    "a time that is no whole number": {"secret": SHARED, "time": 1.5},
    "a time that is true": {"secret": SHARED, "time": True},
    "an issuer that is a number": {"secret": SHARED, "time": 0, "iss": 1},
    "a misspelt name": {"secret": SHARED, "time": 0, "audience": "me"},
}


@pytest.mark.parametrize("constraints", NO_CONSTRAINTS.values(), ids=NO_CONSTRAINTS)
def test_what_constraints_may_not_be(constraints):
    assert "TokenError" in called("io.jwt.decode_verify", token("HS256", {}), constraints)


@pytest.mark.parametrize("name", ["exp", "nbf"])
@pytest.mark.parametrize("value", ["1", True, None, [1]])
def test_times_are_numbers(name, value):
    assert "`exp` and `nbf` are numbers" in called(
        "io.jwt.decode_verify", token("HS256", {name: value}), {"secret": SHARED, "time": 0}
    )


def test_every_algorithm_has_its_function():
    assert {name for name in ADDED if name.startswith("io.jwt.verify_")} == {
        f"io.jwt.verify_{algorithm.lower()}" for algorithm in SIGNERS
    }


def test_a_policy_reads_what_was_verified():
    made = token("HS256", {"sub": "per-1"})
    rule = '{payload.sub | [true, _, payload] := io.jwt.decode_verify(input, {"secret": input2, "time": 0})}'
    assert call(rule.replace("input2", json.dumps(SHARED)), made) == ["per-1"]
