"""Access tokens of an identity provider: what holds, and every way that is known to get in without one."""

import hmac
import json
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from app.authentication.outside import LONGEST_LIFETIME, OutsideIssuer
from app.identity import Client, OwnTokens, Verifier
from app.jwt_form import TokenError
from app.pdp.jwk import parse_jwk
from tests import tokens
from tests.providing import AUDIENCE, CLAIMS, HEADER, ISSUER, NOW, access, encoded, jwk, private, signature, signed

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]
KEYS = {f"k-{each}": parse_jwk(jwk(each)) for each in ALGORITHMS}
PEM = private("RS256").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
DAY = 86_400


def verifier(find_key=KEYS.get):
    return Verifier(
        OwnTokens(tokens.KEY.public_key(), issuer=tokens.ISSUER),
        OutsideIssuer(ISSUER, audience=AUDIENCE, find_key=find_key),
    )


def refusal(token, now=NOW):
    with pytest.raises(TokenError) as caught:
        verifier().verify(token, now)
    return caught.value.code.value


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_names_a_client(algorithm):
    expected = Client(issuer=ISSUER, client_id="shop-client", subject="shop-client")
    assert verifier().verify(access(algorithm), NOW) == expected


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"header": {"typ": "application/at+jwt"}}, id="the whole media type"),
        pytest.param({"header": {"typ": "AT+JWT"}}, id="the media type in capitals"),
        pytest.param({"header": {"x5t": "abc"}}, id="the hash of a certificate"),
        pytest.param({"aud": ["elsewhere", AUDIENCE]}, id="several audiences"),
        pytest.param({"scope": "all", "roles": ["x"]}, id="claims that nobody reads"),
        pytest.param({"iat": int(NOW) + 5}, id="a clock a little ahead"),
    ],
)
def test_what_providers_do_is_taken(changed):
    assert verifier().verify(access(**changed), NOW).client_id == "shop-client"


def test_the_older_name_of_ed25519_is_taken():
    token = signed({"alg": "EdDSA", "kid": "k-Ed25519", "typ": "at+jwt"}, CLAIMS, "Ed25519")
    assert verifier().verify(token, NOW).client_id == "shop-client"


def confused(secret):
    text = f"{encoded(HEADER | {'alg': 'HS256'})}.{encoded(CLAIMS)}"
    return f"{text}.{encoded(hmac.digest(secret, text.encode(), 'sha256'))}"


def unsigned(algorithm):
    return f"{encoded(HEADER | {'alg': algorithm})}.{encoded(CLAIMS)}."


def twice(member, value):
    """Return a header that says something twice."""
    return json.dumps(HEADER).encode()[:-1] + f', "{member}": "{value}"}}'.encode()


OWN = {"alg": "Ed25519", "kid": "k-Ed25519", "typ": "JWT"}
ATTACKS = {
    "no algorithm": (unsigned("none"), "bad_signature"),
    "no algorithm, in other letters": (unsigned("nOnE"), "bad_signature"),
    "no algorithm, and a signature": (signed(HEADER | {"alg": "none"}, CLAIMS), "bad_signature"),
    "the public key as a secret": (confused(PEM), "bad_signature"),
    "the public key as a secret, in DER": (
        confused(private("RS256").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        "bad_signature",
    ),
    "an empty secret": (confused(b""), "bad_signature"),
    "another algorithm of the same key": (signed(HEADER | {"alg": "PS256"}, CLAIMS), "bad_signature"),
    "an algorithm of another kind of key": (signed(HEADER | {"alg": "ES256"}, CLAIMS), "bad_signature"),
    "an algorithm that is a list": (signed(HEADER | {"alg": ["RS256"]}, CLAIMS), "malformed"),
    "a type that is a list": (signed(HEADER | {"typ": ["at+jwt"]}, CLAIMS), "malformed"),
    "two algorithms": (signed(twice("alg", "none"), CLAIMS), "malformed"),
    "two types": (signed(twice("typ", "at+jwt"), CLAIMS), "malformed"),
    "two issuers": (signed(HEADER, json.dumps(CLAIMS).encode()[:-1] + b', "iss": "x"}'), "malformed"),
    "a key of its own": (signed(HEADER | {"jwk": jwk(of="thief")}, CLAIMS, of="thief"), "malformed"),
    "where a key is": (signed(HEADER | {"jku": "https://thief.example/keys"}, CLAIMS, of="thief"), "malformed"),
    "where a certificate is": (signed(HEADER | {"x5u": "https://thief.example/c"}, CLAIMS, of="thief"), "malformed"),
    "a certificate of its own": (signed(HEADER | {"x5c": ["AA=="]}, CLAIMS, of="thief"), "malformed"),
    "something critical": (signed(HEADER | {"crit": ["exp"]}, CLAIMS), "malformed"),
    "an unencoded payload": (signed(HEADER | {"b64": False, "crit": ["b64"]}, CLAIMS), "malformed"),
    "a compressed payload": (signed(HEADER | {"zip": "DEF"}, CLAIMS), "malformed"),
    "an ID token": (access(header={"typ": "JWT"}), "malformed"),
    "a logout token": (access(header={"typ": "logout+jwt"}), "malformed"),
    "no type": (access(header={"typ": None}), "malformed"),
    "no key id": (access(header={"kid": None}), "malformed"),
    "a key id that is a path": (access(header={"kid": "../../etc/passwd"}), "unknown_key"),
    "a key id that is SQL": (access(header={"kid": "' OR 1=1 --"}), "unknown_key"),
    "a key id of nobody": (access(header={"kid": "k"}), "unknown_key"),
    "the key of a thief": (access(of="thief"), "bad_signature"),
    "the signature of another token": (
        access(sub="admin").rpartition(".")[0] + "." + access().rpartition(".")[2],
        "bad_signature",
    ),
    "a signature of zeros": (
        f"{encoded({'alg': 'ES256', 'kid': 'k-ES256', 'typ': 'at+jwt'})}.{encoded(CLAIMS)}.{encoded(bytes(64))}",
        "bad_signature",
    ),
    "another provider": (access(iss="https://thief.example"), "wrong_issuer"),
    "a provider almost of this name": (access(iss=f"{ISSUER}/"), "wrong_issuer"),
    "a list of providers": (access(iss=[ISSUER]), "wrong_issuer"),
    "no provider": (access(iss=None), "wrong_issuer"),
    "ourselves as the provider": (access(iss=tokens.ISSUER), "malformed"),
    "ourselves, with the provider's key": (signed(OWN, tokens.CLAIMS, "Ed25519"), "unknown_key"),
    "the provider, with our key": (tokens.signed(claims=CLAIMS | {"tenant": "default"}), "malformed"),
    "another audience": (access(aud="https://elsewhere.example"), "wrong_audience"),
    "no audience": (access(aud=None), "wrong_audience"),
    "an audience of audiences": (access(aud=[[AUDIENCE]]), "wrong_audience"),
    "an audience that is an object": (access(aud={AUDIENCE: True}), "wrong_audience"),
    "no client": (access(client_id=None), "malformed"),
    "a client that is a list": (access(client_id=["shop-client"]), "malformed"),
    "no subject": (access(sub=None), "malformed"),
    "no id": (access(jti=None), "malformed"),
    "no end": (access(exp=None), "malformed"),
    "no beginning": (access(iat=None), "malformed"),
    "an end within a second": (access(exp=NOW + 60), "malformed"),
    "an end now": (access(exp=int(NOW)), "expired"),
    "an end in years": (access(exp=int(NOW) + LONGEST_LIFETIME + 1), "lifetime_too_long"),
    "a beginning to come": (access(iat=int(NOW) + 6), "not_yet_valid"),
    "not before later": (access(nbf=int(NOW) + 6), "not_yet_valid"),
    "a start that is a text": (access(nbf="0"), "malformed"),
    "a bond of an unknown kind": (access(cnf={"jkt": "0" * 43}), "malformed"),
    "a bond that is a text": (access(cnf="x"), "malformed"),
    "a bond to no certificate": (access(cnf={"x5t#S256": "short"}), "malformed"),
    "a bond to a number": (access(cnf={"x5t#S256": 7}), "malformed"),
    "an encrypted token": (".".join([encoded({"alg": "dir", "enc": "A256GCM"}), "", "", "", ""]), "malformed"),
    "more than 4096 characters": (access(scope="x" * 4_000), "malformed"),
}


@pytest.mark.parametrize(("token", "code"), ATTACKS.values(), ids=ATTACKS)
def test_nobody_gets_in(token, code):
    assert refusal(token) == code


def test_a_token_that_is_bound_says_to_what():
    assert verifier().verify(access(cnf={"x5t#S256": encoded(bytes(32))}), NOW).certificate == "00" * 32


def test_a_token_is_remembered_until_a_key_is_trusted_no_more():
    held = dict(KEYS)
    check = verifier(held.get)
    token = access()
    assert check.verify(token, NOW)
    held.clear()
    assert check.verify(token, NOW)
    check.forget()
    with pytest.raises(TokenError, match="unknown_key"):
        check.verify(token, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=6,
)
SAID = {**CLAIMS, "nbf": int(NOW), "cnf": {"x5t#S256": encoded(bytes(32))}}


@given(st.fixed_dictionaries({name: st.just(value) | JSON for name, value in SAID.items()}))
def test_no_signed_claims_raise_another_error(claims):
    text = f"{encoded({'alg': 'Ed25519', 'kid': 'k-Ed25519', 'typ': 'at+jwt'})}.{encoded(claims)}"
    with suppress(TokenError):
        verifier().verify(f"{text}.{encoded(signature('Ed25519', text.encode()))}", NOW)


@given(st.fixed_dictionaries({name: st.just(value) | JSON for name, value in HEADER.items()}) | JSON)
def test_no_header_raises_another_error(header):
    with suppress(TokenError):
        verifier().verify(f"{encoded(header)}.{encoded(CLAIMS)}.{encoded(bytes(256))}", NOW)
