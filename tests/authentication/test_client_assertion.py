"""Assertions that clients sign for themselves: what holds, what does not, and that each counts once."""

import json
import sqlite3
import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.authentication.client_assertion import LONGEST_LIFETIME, AssertionRefusedError, verified_assertion
from app.authentication.single_use import SingleUse, SingleUseError
from app.pdp.caller_directory import CallerDirectory
from app.pdp.callers import Caller
from app.pdp.credentials import Credentials
from app.pdp.jwk import parse_jwk
from tests.providing import AUDIENCE, NOW, assertion, encoded, jwk, signature, signed

AUDIENCES = frozenset({AUDIENCE, f"{AUDIENCE}/oauth2/token"})


def registered(name, tenant="default"):
    keys = {each: parse_jwk(jwk(each, of=name, kid=f"k-{each}")) for each in ("ES256", "Ed25519")}
    credentials = Credentials(keys={key.kid: key for key in keys.values()})
    return Caller(tenant=tenant, actions=frozenset(), subject_types=frozenset(), credentials=credentials)


CALLERS = {
    "marketplace": registered("marketplace"),
    "till": registered("till", "acme"),
    "keyless": Caller(tenant="default", actions=frozenset(), subject_types=frozenset()),
}

DIRECTORY = CallerDirectory(CALLERS, {"acme": {"marketplace": registered("acme/marketplace", "acme")}})


def verified(text, now=NOW):
    return verified_assertion(text, DIRECTORY, AUDIENCES, now)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"algorithm": "Ed25519"},
        {"aud": AUDIENCE},
        {"aud": [AUDIENCE]},
        {"header": {"typ": "JWT"}},
        {"header": {"typ": "client-authentication+jwt"}},
        {"iat": None},
        {"nbf": int(NOW)},
        {"exp": int(NOW) + LONGEST_LIFETIME},
    ],
    ids=["as usual", "Ed25519", "the issuer", "in a list", "a type", "the new type", "no beginning", "nbf", "long"],
)
def test_an_assertion_names_who_signed_it(changed):
    found = verified(assertion(**changed))
    assert (found.caller.subject, found.caller.tenant) == ("marketplace", "default")
    assert found.key == CALLERS["marketplace"].credentials.keys[f"k-{changed.get('algorithm', 'ES256')}"].thumbprint


def test_the_tenant_is_the_registered_one():
    assert verified(assertion("till", tenant="default")).caller.tenant == "acme"


def test_a_caller_in_the_policies_of_a_tenant_signs_under_the_tenants_name():
    found = verified(assertion("acme/marketplace"))
    assert (found.caller.subject, found.caller.tenant, found.client_id) == ("marketplace", "acme", "acme/marketplace")
    for other in (assertion(of="acme/marketplace"), assertion("acme/marketplace", of="marketplace")):
        with pytest.raises(AssertionRefusedError, match="bad_signature"):
            verified(other)


def test_two_clients_may_use_one_id():
    assert verified(assertion("till")).use != verified(assertion()).use


HEADER = {"alg": "ES256", "kid": "k-ES256"}
REFUSED = {
    "nothing": ("", "malformed", None),
    "the key of another client": (assertion(of="till"), "bad_signature", None),
    "another client's name and one's own key id": (
        assertion("till", of="marketplace", header={"kid": "k-Ed25519"}),
        "bad_signature",
        None,
    ),
    "a client of nobody": (assertion("thief"), "unknown_key", None),
    "a client without keys": (assertion("keyless"), "unknown_key", None),
    "a client that is a number": (assertion(iss=7), "malformed", None),
    "no key id": (assertion(header={"kid": None}), "malformed", None),
    "no algorithm": (
        signed(HEADER | {"alg": "none"}, {"iss": "marketplace"}, "ES256", "marketplace"),
        "bad_signature",
        None,
    ),
    "an access token": (assertion(header={"typ": "at+jwt"}), "malformed", None),
    "a key of its own": (assertion(header={"jwk": jwk("ES256", of="thief")}, of="thief"), "malformed", None),
    "something critical": (assertion(header={"crit": ["exp"]}), "malformed", None),
    "another subject": (assertion(sub="till"), "malformed", "marketplace"),
    "no subject": (assertion(sub=None), "malformed", "marketplace"),
    "another audience": (assertion(aud="https://idp.example"), "wrong_audience", "marketplace"),
    "one more audience": (assertion(aud=[AUDIENCE, "https://x.example"]), "wrong_audience", "marketplace"),
    "no audience": (assertion(aud=None), "wrong_audience", "marketplace"),
    "an audience that is an object": (assertion(aud={AUDIENCE: 1}), "wrong_audience", "marketplace"),
    "no end": (assertion(exp=None), "malformed", "marketplace"),
    "an end now": (assertion(exp=int(NOW)), "expired", "marketplace"),
    "an end too far away": (assertion(exp=int(NOW) + LONGEST_LIFETIME + 1), "lifetime_too_long", "marketplace"),
    "an end too far away, and no beginning": (
        assertion(exp=int(NOW) + LONGEST_LIFETIME + 1, iat=None),
        "lifetime_too_long",
        "marketplace",
    ),
    "an end too far away, and one of two beginnings": (
        assertion(exp=int(NOW) + 400, iat=int(NOW) - 600, nbf=int(NOW)),
        "lifetime_too_long",
        "marketplace",
    ),
    "a beginning to come": (assertion(iat=int(NOW) + 6), "not_yet_valid", "marketplace"),
    "no id": (assertion(jti=None), "malformed", "marketplace"),
    "a long id": (assertion(jti="x" * 257), "malformed", "marketplace"),
}


@pytest.mark.parametrize(("text", "code", "whose"), REFUSED.values(), ids=REFUSED)
def test_proves_nothing(text, code, whose):
    with pytest.raises(AssertionRefusedError) as caught:
        verified(text)
    assert (caught.value.code.value, caught.value.caller and caught.value.caller.subject) == (code, whose)


JSON = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2)
CLAIMS = {
    "iss": "marketplace",
    "sub": "marketplace",
    "aud": AUDIENCE,
    "iat": 1,
    "nbf": 1,
    "exp": int(NOW) + 9,
    "jti": "a",
}


@given(st.fixed_dictionaries({name: st.just(value) | JSON for name, value in CLAIMS.items()}))
def test_no_signed_claims_raise_another_error(claims):
    text = f"{encoded({'alg': 'Ed25519', 'kid': 'k-Ed25519'})}.{encoded(json.dumps(claims).encode())}"
    with suppress(AssertionRefusedError):
        verified(f"{text}.{encoded(signature('Ed25519', text.encode(), 'marketplace'))}")


def test_what_was_used_is_used(tmp_path):
    path = tmp_path / "used.db"
    assert SingleUse(path).take("default/a", "u", expires=20, now=10)
    assert not SingleUse(path).take("default/a", "u", expires=20, now=20)  # another worker
    assert SingleUse(path).take("default/b", "u", expires=20, now=10)
    assert SingleUse(path).take("default/a", "v", expires=20, now=10)


def test_what_ended_is_forgotten(tmp_path):
    used = SingleUse(tmp_path / "used.db")
    used.take("a", "u", expires=20, now=10)
    used.take("a", "v", expires=40, now=21)
    with sqlite3.connect(tmp_path / "used.db") as database:
        assert database.execute("SELECT use FROM used").fetchall() == [("v",)]
    database.close()


def test_of_many_at_once_one_is_the_first(tmp_path):
    told = []
    threads = [
        threading.Thread(target=lambda: told.append(SingleUse(tmp_path / "used.db").take("a", "u", expires=20, now=10)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 7 + [True]


def test_there_is_room_for_so_many_of_each(tmp_path):
    used = SingleUse(tmp_path / "used.db", most=2)
    for use in "uv":
        used.take("a", use, expires=20, now=10)
    with pytest.raises(SingleUseError, match="too many"):
        used.take("a", "w", expires=20, now=10)
    assert used.take("b", "w", expires=20, now=10)
    assert used.take("a", "w", expires=40, now=21)


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be looked at" * 30, None])
def test_what_cannot_be_told_counts_as_used(tmp_path, content):
    path = tmp_path / "used.db"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(SingleUseError):
        SingleUse(path).take("a", "u", expires=20, now=10)
