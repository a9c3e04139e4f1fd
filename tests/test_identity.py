import hashlib

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from app.identity import LONGEST_LIFETIME, Caller, ClaimError
from tests.tokens import CLAIMS, HEADER, KEY, NOW, OTHER, SECRET, TOKEN, encoded, issued, refusal, signed, verifier


def test_a_token_names_its_caller():
    expected = Caller(subject="marketplace", tenant="acme", token_id="0" * 32)
    assert verifier().verify(TOKEN, NOW) == expected
    assert verifier().verify(signed(), NOW) == expected


def test_two_tokens_have_two_ids():
    check = verifier()
    assert check.verify(issued(), NOW).token_id != check.verify(issued(), NOW).token_id


def test_any_implementation_of_jwt_can_read_it():
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": encoded(KEY.public_key().public_bytes_raw())})
    token = jwt.decode(TOKEN, key, algorithms=["Ed25519"])
    assert token.header == HEADER
    assert token.claims == CLAIMS


def test_a_claim_that_nobody_knows_is_ignored():
    assert verifier().verify(signed(claims={**CLAIMS, "scope": "all"}), NOW).subject == "marketplace"


def test_an_issuers_clock_may_be_a_little_ahead():
    assert verifier().verify(signed(claims={**CLAIMS, "nbf": int(NOW) + 5, "iat": int(NOW) + 5}), NOW)


def test_another_key_under_the_right_id_is_refused():
    text = TOKEN.rpartition(".")[0]
    assert refusal(f"{text}.{encoded(OTHER.sign(text.encode()))}") == "bad_signature"


def test_a_verifier_may_trust_several_keys():
    check = verifier(KEY, OTHER)
    assert check.verify(issued(), NOW) != check.verify(issued(OTHER), NOW)
    assert refusal(issued(OTHER)) == "unknown_key"


def test_a_verifier_may_allow_less_time():
    assert refusal(issued(lifetime=61), by=verifier(longest_lifetime=60)) == "lifetime_too_long"


def test_a_remembered_token_still_begins_and_ends():
    check = verifier()
    caller = check.verify(TOKEN, NOW)
    assert check.verify(TOKEN, NOW + 599) is caller
    assert refusal(TOKEN, NOW + 600, by=check) == "expired"
    assert refusal(TOKEN, NOW - 6, by=check) == "not_yet_valid"
    assert check.verify(TOKEN, NOW) == caller


def test_a_remembered_token_is_not_verified_again():
    check = verifier()
    caller = check.verify(TOKEN, NOW)
    check._issuers.clear()
    assert check.verify(TOKEN, NOW) is caller


def test_a_token_is_remembered_by_its_hash_alone():
    check = verifier()
    check.verify(TOKEN, NOW)
    assert list(check._remembered._held) == [hashlib.sha256(TOKEN.encode()).digest()]
    assert TOKEN not in repr(vars(check._remembered))


def test_what_is_refused_is_not_remembered():
    check = verifier()
    for token in (signed(claims={**CLAIMS, "aud": "elsewhere"}), signed(claims={**CLAIMS, "exp": 0}), "x"):
        refusal(token, by=check)
    assert not check._remembered._held


def test_the_least_recently_seen_token_is_forgotten():
    check = verifier(cached=2)
    tokens = [issued() for _ in range(3)]
    for token in (tokens[0], tokens[1], tokens[0], tokens[2]):
        check.verify(token, NOW)
    assert set(check._remembered._held) == {hashlib.sha256(token.encode()).digest() for token in (tokens[0], tokens[2])}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"subject": "Bob Smith"}, "`Bob Smith` is no name of a service", id="a person"),
        pytest.param({"subject": ""}, "no name of a service", id="no subject"),
        pytest.param({"tenant": "a" * 65}, "is no tenant", id="a long tenant"),
        pytest.param({"lifetime": 0}, "not `0`", id="no time"),
        pytest.param({"lifetime": LONGEST_LIFETIME + 1}, "a token lives 1 to", id="too much time"),
        pytest.param({"issuer": "x" * 4_000}, "longer than a verifier takes", id="a long issuer"),
    ],
)
def test_a_token_that_no_verifier_would_take_is_not_issued(changed, message):
    with pytest.raises(ClaimError, match=message):
        issued(**changed)


def test_a_time_that_is_none_is_refused():
    assert refusal(TOKEN, float("nan")) == "expired"


def test_no_secret_shows_in_a_repr():
    check = verifier()
    shown = f"{check!r} {vars(check)!r} {check.verify(TOKEN, NOW)!r}"
    assert SECRET.hex() not in shown
    assert encoded(SECRET) not in shown
    assert TOKEN not in shown
