"""Login links: what they sign in, and how long they are good."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app import identity
from app.features.session.identified import LoginError
from app.features.session.links import LONGEST, Links

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
KNOWN = frozenset({"omega-ciso"})
LINKS = Links(key=KEY, issuer="omega.localhost/log", now=lambda: 1_000.0, random=bytes)


def refused(links, token):
    with pytest.raises(LoginError) as caught:
        links.identified(token, KNOWN)
    return caught.value.code.value


def test_a_link_signs_in_whom_it_names():
    found = LINKS.identified(LINKS.issue("maria", ["omega-ciso", "staff"], 300), KNOWN)
    assert (found.officer, found.groups, found.second_factor) == ("maria", ("omega-ciso",), False)
    assert (found.method, found.login) == ("link", f"link {'0' * 32}")


@pytest.mark.parametrize(("now", "good"), [(999.0, False), (1_000.0, True), (1_299.0, True), (1_300.0, False)], ids=str)
def test_it_is_good_for_its_time(now, good):
    token = LINKS.issue("maria", ["omega-ciso"], 300)
    links = replace(LINKS, now=lambda: now)
    if good:
        assert links.identified(token, KNOWN).officer == "maria"
    else:
        assert refused(links, token) == "link_refused"


def test_it_is_good_for_so_long_at_most():
    assert refused(replace(LINKS, now=lambda: 1_000.0 + LONGEST), LINKS.issue("maria", [], 10**6)) == "link_refused"


def test_a_link_of_another_node_is_none():
    token = LINKS.issue("maria", ["omega-ciso"], 300)
    other = replace(LINKS, key=Ed25519PrivateKey.from_private_bytes(bytes([1] * 32)))
    assert refused(other, token) == "link_refused"
    assert refused(replace(LINKS, issuer="another/log"), token) == "link_refused"


def test_a_token_of_a_service_is_no_link_and_a_link_no_token():
    options = {"issuer": "omega.localhost/log", "now": 1_000.0}
    token = identity.issue(KEY, subject="marketplace", tenant="default", lifetime=300, **options)
    assert refused(LINKS, token) == "link_refused"
    own = identity.OwnTokens(KEY.public_key(), issuer="omega.localhost/log")
    with pytest.raises(identity.TokenError):
        identity.Verifier(own).verify(LINKS.issue("maria", [], 300), 1_000.0)


@pytest.mark.parametrize("name", ["maria rossi", "", "m" * 129], ids=["a space", "empty", "long"])
def test_names_that_no_record_takes_are_refused(name):
    for who, groups in ((name, []), ("maria", [name])):
        with pytest.raises(LoginError, match="unusable_name"):
            LINKS.issue(who, groups, 300)


@given(st.text(max_size=200) | st.binary(max_size=99).map(lambda data: data.hex()))
def test_no_text_leads_to_another_error(text):
    with pytest.raises(LoginError):
        LINKS.identified(text, KNOWN)
