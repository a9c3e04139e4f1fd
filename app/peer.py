"""Where a request comes from: its peer, or what the configured proxies in front say of theirs; pure.

Owns how far X-Forwarded-For is believed. Knows no firm and no network of one.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from app.addresses import Networks

MOST_HOPS: Final = 32
_LONGEST: Final = 4_096

Address = IPv4Address | IPv6Address


def client_address(peer: str, forwarded: Sequence[str], proxies: Networks) -> str:
    """Return the address of whoever sent a request (RFC 5952), or nothing where nobody can say.

    A proxy adds its own peer at the end of the list, so the list is read from there: as long as it was a proxy of ours
    that said so, the next one is believed. What stands before the first that is none of ours was written by anybody.

    Args:
        peer: who is connected to us.
        forwarded: the values of all headers X-Forwarded-For, in their order.
        proxies: the networks of our proxies.
    """
    text = ",".join(forwarded)
    hops = [] if not text else text[-_LONGEST:].split(",")
    said = [peer, *reversed(hops[-MOST_HOPS:])]
    for each in said:
        found = _address(each)
        if found is None:
            return ""
        if not _ours(found, proxies):
            return str(found)
    return str(found)


def neighbours(address: str) -> str:
    """Return what one subscriber has of addresses: the address, or of IPv6 its network of 64 bits (RFC 6177)."""
    return str(ip_network((address, 64), strict=False)) if ":" in address else address


def _ours(found: Address, proxies: Networks) -> bool:
    return any(found.version == network.version and found in network for network in proxies)


def _address(text: str) -> Address | None:
    """Return an address; one of IPv4 within IPv6 (RFC 4291, section 2.5.5.2) is the one of IPv4. No zones, no ports."""
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            return None
        return found.ipv4_mapped or found
    return found
