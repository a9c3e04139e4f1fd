"""Where a request comes from, whatever it says of itself."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.peer import MOST_HOPS, client_address, neighbours

PROXIES = (ip_network("10.0.0.0/24"), ip_network("fd00::/64"))
OURS, THEIRS = "10.0.0.7", "203.0.113.9"

CASES = {
    "nobody in between": (THEIRS, [], THEIRS),
    "a header that a stranger sends": (THEIRS, ["192.0.2.1"], THEIRS),
    "our proxy says who": (OURS, ["192.0.2.1"], "192.0.2.1"),
    "our proxy says whom a stranger claims to speak for": (OURS, ["192.0.2.1, 203.0.113.9"], THEIRS),
    "two proxies of ours": (OURS, ["192.0.2.1, 10.0.0.8"], "192.0.2.1"),
    "two headers are one list": (OURS, ["198.51.100.1", "192.0.2.1", "10.0.0.8"], "192.0.2.1"),
    "a claim before a proxy of ours that is not at the end": (OURS, ["10.0.0.8, 203.0.113.9"], THEIRS),
    "our proxy alone": (OURS, [], OURS),
    "nobody but proxies": (OURS, ["10.0.0.9, 10.0.0.8"], "10.0.0.9"),
    "IPv6": ("fd00::1", ["2001:DB8:0:0::1"], "2001:db8::1"),
    "IPv4 within IPv6 at the socket": ("::ffff:10.0.0.7", ["192.0.2.1"], "192.0.2.1"),
    "IPv4 within IPv6 in the header": (OURS, ["::ffff:192.0.2.1"], "192.0.2.1"),
    "no address": ("", [], ""),
    "a name": (OURS, ["example.org"], ""),
    "a port": (OURS, ["192.0.2.1:4711"], ""),
    "a zone": (OURS, ["fe80::1%eth0"], ""),
    "an empty place at the end": (OURS, ["192.0.2.1,"], ""),
    "rubbish further away is not read": (OURS, ["rubbish, 192.0.2.1"], "192.0.2.1"),
    "another form of an address": (OURS, ["0xc0000201"], ""),
    "zeros in front": (OURS, ["192.0.02.1"], ""),
}


@pytest.mark.parametrize(("peer", "forwarded", "found"), CASES.values(), ids=CASES)
def test_where_it_comes_from(peer, forwarded, found):
    assert client_address(peer, forwarded, PROXIES) == found


@pytest.mark.parametrize(
    ("address", "found"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::/64"), ("2001:db8:0:0:9::1", "2001:db8::/64"), ("", "")],
)
def test_who_is_one_subscriber(address, found):
    assert neighbours(address) == found


def test_without_proxies_no_header_counts():
    assert client_address(OURS, ["192.0.2.1"], ()) == OURS


def test_so_many_hops_are_looked_at():
    assert client_address(OURS, ["192.0.2.1", *["10.0.0.8"] * (MOST_HOPS - 1)], PROXIES) == "192.0.2.1"
    assert client_address(OURS, ["192.0.2.1", *["10.0.0.8"] * MOST_HOPS], PROXIES) == "10.0.0.8"
    assert client_address(OURS, ["192.0.2.1" + " " * 9_999], PROXIES) == ""


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=4))
def test_whatever_is_said_it_is_an_address_or_nothing(peer, forwarded):
    found = client_address(peer, forwarded, PROXIES)
    assert found == "" or str(ip_address(found)) == found


@given(st.lists(st.sampled_from(["192.0.2.1", "10.0.0.8", "rubbish", ""]), max_size=5))
def test_no_stranger_says_who_he_is(forwarded):
    assert client_address(THEIRS, forwarded, PROXIES) == THEIRS
