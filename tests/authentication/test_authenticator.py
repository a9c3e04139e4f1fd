"""Who calls: tokens and certificates, the table of policy data, and what does not agree."""

from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.authentication.authenticator import Authenticator, Presented
from app.authentication.certificate import LONGEST_HEADER, verified_certificate
from app.authentication.outside import OutsideIssuer
from app.identity import OwnTokens, Verifier
from app.jwt_form import IdentityError, TokenError
from app.pdp.caller_directory import CallerDirectory
from app.pdp.callers import Caller
from app.pdp.credentials import Credentials, OAuthClient
from app.pdp.jwk import parse_jwk
from tests import tokens
from tests.authentication.certificates import certificate, header
from tests.providing import AUDIENCE, ISSUER, NOW, access, encoded, jwk

PROXIES = (ip_network("10.0.0.0/30"), ip_network("fd00::/8"))
SHOP = certificate("uri:spiffe://example/shop", "dns:Shop.example")
SHOP_HASH = verified_certificate(header(SHOP)).who.sha256
TILL = certificate("dns:till.example", serial=2)


def registered(tenant="default", *, client=None, names=()):
    oauth = OAuthClient(issuer=ISSUER, client_id=client, subject=client) if client else None
    credentials = Credentials(oauth=oauth, certificates=frozenset(names))
    return Caller(tenant=tenant, actions=frozenset(), subject_types=frozenset(), credentials=credentials)


CALLERS = {
    "shop": registered(client="shop-client", names=["uri:spiffe://example/shop"]),
    "till": registered("acme", client="till-client", names=["dns:till.example"]),
    "marketplace": registered("acme"),
}


@pytest.fixture
def authenticator():
    keys = {"k-ES256": parse_jwk(jwk("ES256"))}
    own = OwnTokens(tokens.KEY.public_key(), issuer=tokens.ISSUER)
    outside = OutsideIssuer(ISSUER, audience=AUDIENCE, find_key=keys.get)
    return Authenticator(Verifier(own, outside), proxies=PROXIES)


def token(client="shop-client", **claims):
    return access("ES256", **{"client_id": client, "sub": client} | claims)


def known(authenticator, callers=CALLERS, *, now=NOW, peer="10.0.0.1", **presented):
    found = authenticator.authenticate(Presented(peer=peer, **presented), CallerDirectory(callers, {}), now)
    return f"{found.tenant}/{found.subject}"


def test_a_client_is_the_caller_that_policy_data_say(authenticator):
    assert known(authenticator, token=token()) == "default/shop"
    assert known(authenticator, token=token("till-client")) == "acme/till"


def test_a_client_cannot_say_who_it_is(authenticator):
    said = {"tenant": "acme", "name": "till", "azp": "till-client", "preferred_username": "till"}
    assert known(authenticator, token=token(**said)) == "default/shop"


def test_a_certificate_is_the_caller_that_policy_data_say(authenticator):
    assert known(authenticator, certificates=(header(SHOP),)) == "default/shop"
    assert known(authenticator, certificates=(header(TILL),)) == "acme/till"


def test_a_certificate_is_known_by_any_of_its_names(authenticator):
    for name in (f"sha256:{SHOP_HASH}", "dns:shop.example"):
        assert known(authenticator, {"one": registered(names=[name])}, certificates=(header(SHOP),)) == "default/one"


@pytest.mark.parametrize("peer", ["10.0.0.3", "::ffff:10.0.0.3", "fd12::1"], ids=["IPv4", "IPv4 in IPv6", "IPv6"])
def test_a_proxy_is_known_by_its_address(authenticator, peer):
    assert known(authenticator, certificates=(header(SHOP),), peer=peer) == "default/shop"


def test_a_token_and_a_certificate_may_agree(authenticator):
    assert known(authenticator, token=token(), certificates=(header(SHOP),)) == "default/shop"


def test_a_bound_token_needs_its_certificate(authenticator):
    bound = token(cnf={"x5t#S256": encoded(bytes.fromhex(SHOP_HASH))})
    assert known(authenticator, token=bound, certificates=(header(SHOP),)) == "default/shop"
    both = {"shop": registered(client="shop-client", names=["uri:spiffe://example/shop", "dns:till.example"])}
    for shown in ((), (header(TILL),)):
        with pytest.raises(IdentityError):
            known(authenticator, both, token=bound, certificates=shown)


def test_another_table_counts_at_once(authenticator):
    shown = {"token": token(), "certificates": (header(SHOP),)}
    assert known(authenticator, **shown) == "default/shop"
    assert known(authenticator, {"new": CALLERS["shop"]}, **shown) == "default/new"
    with pytest.raises(IdentityError):
        known(authenticator, {}, token=token())


def test_a_certificate_ends(authenticator):
    for now in (NOW - 90_000, NOW + 90_000):
        with pytest.raises(IdentityError):
            known(authenticator, certificates=(header(SHOP),), now=now)


REFUSED = {
    "nothing": {},
    "a client that is not registered": {"token": token("thief")},
    "a person who used the client": {"token": token(sub="alice")},
    "another's subject": {"token": token(sub="till-client")},
    "a certificate of nobody": {"certificates": (header(certificate("dns:thief.example")),)},
    "a certificate without names": {"certificates": (header(certificate()),)},
    "a certificate of two callers": {
        "certificates": (header(certificate("uri:spiffe://example/shop", "dns:till.example")),)
    },
    "two certificates": {"certificates": (header(SHOP), header(SHOP))},
    "a certificate from somebody who is no proxy": {"certificates": (header(SHOP),), "peer": "10.0.0.4"},
    "a certificate from nowhere": {"certificates": (header(SHOP),), "peer": None},
    "a certificate from a file": {"certificates": (header(SHOP),), "peer": "/run/omega.sock"},
    "a good token beside a certificate that nobody may name": {
        "token": token(),
        "certificates": (header(SHOP),),
        "peer": "192.0.2.1",
    },
    "a token and a certificate of two callers": {"token": token(), "certificates": (header(TILL),)},
    "a token of ours and a certificate of another": {"token": tokens.TOKEN, "certificates": (header(TILL),)},
    "a bad token beside a good certificate": {"token": "x", "certificates": (header(SHOP),)},
    "a good token beside a bad certificate": {"token": token(), "certificates": (b":AAAA:",)},
    "a certificate for every host": {"certificates": (header(certificate("dns:*.example")),)},
}


@pytest.mark.parametrize("shown", REFUSED.values(), ids=REFUSED)
def test_nobody_is_known_by(authenticator, shown):
    with pytest.raises(IdentityError) as caught:
        known(authenticator, **shown)
    assert str(shown.get("token")) not in str(caught.value)


def test_without_proxies_no_certificate_counts(authenticator):
    authenticator._proxies = ()
    with pytest.raises(IdentityError):
        known(authenticator, certificates=(header(SHOP),))


def test_a_token_of_ours_may_stand_beside_its_certificate(authenticator):
    callers = CALLERS | {"marketplace": registered("acme", names=["dns:till.example"]), "till": registered("acme")}
    assert known(authenticator, callers, token=tokens.TOKEN, certificates=(header(TILL),)) == "acme/marketplace"
    namesake = callers | {"marketplace": replace(callers["marketplace"], tenant="other")}
    with pytest.raises(IdentityError):
        known(authenticator, namesake, token=tokens.TOKEN, certificates=(header(TILL),))


FORMS = {
    "nothing": b"",
    "no colons": header(SHOP)[1:-1],
    "a line end": header(SHOP) + b"\n",
    "a parameter": header(SHOP) + b";a",
    "two in one line": header(SHOP) + b", " + header(SHOP),
    "PEM": b"-----BEGIN CERTIFICATE-----",
    "no DER": b":AAAA:",
    "bytes behind": header(SHOP + b"\0"),
    "not all of it": header(SHOP[:-1]),
    "another base64": header(SHOP).replace(b"+", b"-").replace(b"/", b"_").replace(b":MI", b":M-"),
    "a base64 of another end": b":MIIB" + b"AB==:",
    "padding that is missing": b":AAA:",
    "too long": b":" + b"A" * LONGEST_HEADER + b":",
    "too many names": header(certificate(*(f"dns:h{number}.example" for number in range(101)))),
}


@pytest.mark.parametrize("value", FORMS.values(), ids=FORMS)
def test_is_no_certificate(value):
    with pytest.raises(TokenError, match="malformed"):
        verified_certificate(value)


@given(st.binary(max_size=300), st.integers(0, len(SHOP)))
def test_no_certificate_raises_another_error(data, cut):
    for der in (data, SHOP[:cut] + data[:1] + SHOP[cut + 1 :]):
        with suppress(TokenError):
            verified_certificate(header(der))
    with suppress(TokenError):
        verified_certificate(data)
