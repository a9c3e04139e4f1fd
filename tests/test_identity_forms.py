import base64
import hmac
import json

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from app.identity import LONGEST_LIFETIME, key_id
from app.jwt_form import TokenError
from tests.tokens import CLAIMS, HEADER, ISSUER, KEY, NOW, OTHER, TOKEN, encoded, refusal, signed, verifier

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group that Ed25519 computes in


def test_any_single_character_changed_is_refused():
    check = verifier()
    for position, found in enumerate(TOKEN):
        for other in {chr(ord(found) ^ 1), "A", "-", ".", "=", "+", " ", "é"} - {found}:
            refusal(TOKEN[:position] + other + TOKEN[position + 1 :], by=check)


def test_any_single_character_left_out_or_added_is_refused():
    check = verifier()
    for position in range(len(TOKEN) + 1):
        refusal(TOKEN[:position] + TOKEN[position + 1 :] if position < len(TOKEN) else "", by=check)
        refusal(TOKEN[:position] + "A" + TOKEN[position:], by=check)


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("spaces", [0, 1, 2])
def test_the_last_character_of_each_part_has_one_form(part, spaces):
    token = signed(claims=json.dumps(CLAIMS).encode() + b" " * spaces)
    parts = token.split(".")
    accepted = []
    for last in ALPHABET:
        changed = ".".join([*parts[:part], parts[part][:-1] + last, *parts[part + 1 :]])
        try:
            verifier().verify(changed, NOW)
        except TokenError:
            continue
        accepted.append(last)
    assert accepted == [parts[part][-1]]


def test_a_signature_has_one_form_too():
    text, _, signature = TOKEN.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    other = raw[:32] + (int.from_bytes(raw[32:], "little") + ORDER).to_bytes(32, "little")
    assert refusal(f"{text}.{encoded(other)}") == "bad_signature"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        pytest.param("", "malformed", id="nothing"),
        pytest.param("..", "malformed", id="three empty parts"),
        pytest.param(TOKEN.rpartition(".")[0], "malformed", id="no signature"),
        pytest.param(TOKEN.rpartition(".")[0] + ".", "bad_signature", id="an empty signature"),
        pytest.param(TOKEN.rpartition(".")[0] + "." + "A" * 2_000, "bad_signature", id="a long signature"),
        pytest.param(TOKEN + ".e30", "malformed", id="four parts"),
        pytest.param(TOKEN + "=", "malformed", id="padding"),
        pytest.param(TOKEN + "\n", "malformed", id="a line end behind"),
        pytest.param(f" {TOKEN}", "malformed", id="a space before"),
        pytest.param("A" * 4_097, "malformed", id="more than 4096 characters"),
        pytest.param(TOKEN[:-1] + "é", "malformed", id="beyond ASCII"),
        pytest.param("\udc80", "malformed", id="half a character"),
        pytest.param(f"{encoded(b'[' * 2_900)}.e30.", "malformed", id="a header as deep as it is long"),
        pytest.param(signed(claims=b"[" * 2_000), "malformed", id="claims as deep as they are long"),
        pytest.param(signed(claims=b'{"a":' * 300 + b"1" + b"}" * 300), "wrong_issuer", id="deep claims of no meaning"),
        pytest.param(signed(claims=b"\xff"), "malformed", id="claims that are no text"),
        pytest.param(signed(claims=[]), "malformed", id="claims in a list"),
        pytest.param(signed(claims=b'{"exp":1,"exp":2}'), "malformed", id="a claim that stands twice"),
        pytest.param(signed(claims=b'{"exp":NaN}'), "malformed", id="a claim that is no JSON"),
        pytest.param(signed(claims=b"\xef\xbb\xbf{}"), "malformed", id="a byte order mark"),
        pytest.param(
            signed(header=b'{"alg":"none","alg":"Ed25519","kid":"x","typ":"JWT"}'), "malformed", id="two algorithms"
        ),
    ],
)
def test_a_token_of_another_form_is_refused(token, code):
    assert refusal(token) == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"alg": "none"}, "malformed", id="no algorithm"),
        pytest.param({"alg": "EdDSA"}, "malformed", id="the algorithm's older name"),
        pytest.param({"alg": "HS256"}, "malformed", id="a secret shared"),
        pytest.param({"alg": None}, "malformed", id="null for an algorithm"),
        pytest.param({"typ": "jwt"}, "malformed", id="another spelling of the type"),
        pytest.param({"typ": "at+jwt"}, "malformed", id="another type"),
        pytest.param({"kid": None}, "malformed", id="no key id"),
        pytest.param({"kid": []}, "malformed", id="a key id that is no text"),
        pytest.param({"kid": key_id(OTHER.public_key())}, "unknown_key", id="another key's id"),
        pytest.param({"crit": ["exp"], "exp": 1}, "malformed", id="something critical"),
        pytest.param({"jwk": {"kty": "OKP"}}, "malformed", id="a key of its own"),
        pytest.param({"b64": False}, "malformed", id="an unencoded payload"),
    ],
)
def test_a_header_says_one_thing(changed, code):
    assert refusal(signed(header={**HEADER, **changed})) == code


def test_a_token_that_nobody_signed_is_refused():
    assert refusal(f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(CLAIMS)}.") == "malformed"


def test_the_public_key_is_no_shared_secret():
    for secret in (
        KEY.public_key().public_bytes_raw(),
        KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    ):
        text = f"{encoded({**HEADER, 'alg': 'HS256'})}.{encoded(CLAIMS)}"
        assert refusal(f"{text}.{encoded(hmac.digest(secret, text.encode(), 'sha256'))}") == "malformed"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"iss": "elsewhere"}, "wrong_issuer", id="another issuer"),
        pytest.param({"iss": [ISSUER]}, "wrong_issuer", id="a list of issuers"),
        pytest.param({"aud": "elsewhere"}, "wrong_audience", id="another audience"),
        pytest.param({"aud": ["omega"]}, "wrong_audience", id="a list of audiences"),
        pytest.param({"sub": "alice@example.com"}, "malformed", id="a person's address"),
        pytest.param({"sub": "marketplace\n"}, "malformed", id="a line end in the subject"),
        pytest.param({"sub": None}, "malformed", id="no subject"),
        pytest.param({"tenant": "Acme"}, "malformed", id="a tenant in upper case"),
        pytest.param({"tenant": 1}, "malformed", id="a tenant that is a number"),
        pytest.param({"jti": ""}, "malformed", id="no token id"),
        pytest.param({"exp": None}, "malformed", id="no end"),
        pytest.param({"exp": True}, "malformed", id="true for an end"),
        pytest.param({"exp": NOW + 60}, "malformed", id="an end within a second"),
        pytest.param({"exp": str(int(NOW) + 60)}, "malformed", id="an end in a string"),
        pytest.param({"exp": -1}, "malformed", id="an end before all time"),
        pytest.param({"exp": int(NOW)}, "expired", id="an end now"),
        pytest.param({"exp": int(NOW) + LONGEST_LIFETIME + 1}, "lifetime_too_long", id="an end too far away"),
        pytest.param({"exp": 10**300}, "lifetime_too_long", id="an end beyond all numbers"),
        pytest.param({"iat": int(NOW) + LONGEST_LIFETIME, "exp": int(NOW) + LONGEST_LIFETIME + 9}, "lifetime_too_long"),
        pytest.param({"nbf": int(NOW) + 6}, "not_yet_valid", id="a start to come"),
        pytest.param({"iat": int(NOW) + 6}, "not_yet_valid", id="issued in the future"),
    ],
)
def test_a_claim_that_does_not_hold_is_refused(changed, code):
    assert refusal(signed(claims={**CLAIMS, **changed})) == code


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_no_claim_can_be_missing(name):
    refusal(signed(claims={other: CLAIMS[other] for other in CLAIMS if other != name}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=8,
)
SEGMENT = st.builds(encoded, JSON) | st.builds(encoded, st.binary(max_size=60)) | st.text(alphabet=ALPHABET + "=+/ é")


def verifies_or_refuses(token, now=NOW):
    try:
        return verifier().verify(token, now)
    except TokenError:
        return None


@given(st.text() | st.text(alphabet=ALPHABET + ".") | st.lists(SEGMENT, min_size=2, max_size=4).map(".".join))
def test_no_text_raises_anything_but_the_one_error(token):
    assert verifies_or_refuses(token) is None


@given(st.fixed_dictionaries({name: st.just(value) | JSON for name, value in CLAIMS.items()}), st.floats())
def test_no_signed_claims_raise_anything_but_the_one_error(claims, now):
    verifies_or_refuses(signed(claims=claims), now)


@given(st.fixed_dictionaries({name: st.just(value) | JSON for name, value in HEADER.items()}) | JSON)
def test_no_header_raises_anything_but_the_one_error(header):
    found = verifies_or_refuses(signed(header=header))
    assert (found is not None) == (header == HEADER)


@given(st.binary(max_size=200))
def test_no_signed_bytes_raise_anything_but_the_one_error(claims):
    assert verifies_or_refuses(signed(claims=claims)) is None
