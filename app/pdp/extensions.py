"""Functions of Rego that the engine lacks: digests, HMAC, networks, flattening, and the tokens of `web_tokens`.

Owns what they compute, as OPA does where OPA is right. The engine hands over arguments as Python values and takes a
Python value back; a lone surrogate in what it takes back ends the process, so nothing here returns text it made up from
bytes without checking. An exception becomes an error of the rule, which denies.

What the engine makes of a set on the way is no longer what it was (`{1, true}` arrives as `{True}`), so arguments are
held to JSON values wherever a function does not name a set of strings.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Final

from app.pdp.web_tokens import TOKEN_FUNCTIONS

_Network = IPv4Network | IPv6Network

_CIDR: Final = re.compile(r"[0-9A-Fa-f.:]{2,45}/(?:0|[1-9][0-9]{0,2})")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")  # RFC 4291, section 2.5.5.2


class ArgumentError(ValueError):
    """A function was given what it is not made for. The message names the function's demand, never the value."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ArgumentError("wants a string")
    return value


def _digest(algorithm: str, text: Any) -> str:
    """Return the digest of a text in hex (FIPS 180-4, RFC 1321)."""
    return hashlib.new(algorithm, _text(text).encode(), usedforsecurity=False).hexdigest()


def _hmac(algorithm: str, text: Any, key: Any) -> str:
    """Return the HMAC of a text under a key, in hex (RFC 2104)."""
    return hmac.new(_text(key).encode(), _text(text).encode(), algorithm).hexdigest()


def _hmac_equal(one: Any, other: Any) -> bool:
    """Tell whether two texts are the same, in a time that does not depend on where they differ."""
    return hmac.compare_digest(_text(one).encode(), _text(other).encode())


def _network(text: Any) -> _Network:
    """Return the network of a CIDR notation; an IPv4 network written as IPv6 is an IPv4 network."""
    if not _CIDR.fullmatch(_text(text)):
        raise ArgumentError("wants a network as `<address>/<length of the prefix>`")
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        address = network.network_address.ipv4_mapped
        return IPv4Network(f"{address}/{network.prefixlen - _MAPPED.prefixlen}")
    return network


def _cidr_intersects(one: Any, other: Any) -> bool:
    """Tell whether two networks have an address in common."""
    return _network(one).overlaps(_network(other))


def _cidr_merge(networks: Any) -> set[str]:
    """Return the fewest networks that have the same addresses as the networks of an array or set."""
    if not isinstance(networks, list | set):
        raise ArgumentError("wants an array or a set of networks")
    parsed = [_network(each) for each in networks]
    return {
        str(network)
        for kind in (IPv4Network, IPv6Network)
        for network in _collapsed(each for each in parsed if isinstance(each, kind))
    }


def _collapsed(networks: Iterable[Any]) -> Iterable[_Network]:
    merged: Iterable[_Network] = collapse_addresses(networks)
    return merged


def _flatten(array: Any) -> list[Any]:
    """Return an array with the items of the arrays in it in their place; arrays inside those stay."""
    if not isinstance(array, list):
        raise ArgumentError("wants an array")
    _verify_json(array)
    return [item for part in array for item in (part if isinstance(part, list) else [part])]


def _verify_json(value: Any) -> None:
    """Raise for sets and for names that are no strings: the engine may have lost members of them on the way."""
    if isinstance(value, list):
        for item in value:
            _verify_json(item)
    elif isinstance(value, dict):
        for name, member in value.items():
            _text(name)
            _verify_json(member)
    elif isinstance(value, set):
        raise ArgumentError("wants JSON values; a set does not arrive whole")


EXTENSIONS: Final[Mapping[str, Callable[..., Any]]] = {
    **{f"crypto.{each}": partial(_digest, each) for each in ("md5", "sha1", "sha256")},
    **{f"crypto.hmac.{each}": partial(_hmac, each) for each in ("md5", "sha1", "sha256", "sha512")},
    "crypto.hmac.equal": _hmac_equal,
    "net.cidr_intersects": _cidr_intersects,
    "net.cidr_merge": _cidr_merge,
    "array.flatten": _flatten,
    **TOKEN_FUNCTIONS,
}
"""What the engine is given before it loads anything; how many arguments each takes stands in `builtins`."""
