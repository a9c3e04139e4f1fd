"""Addresses as an operator writes them: URLs that nobody on the way can answer for, networks, who vouches for clients.

Owns their forms. Each function raises `ValueError`, whose message says what is asked for.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from evidence import authority
from evidence.errors import MalformedError

Networks = tuple[IPv4Network | IPv6Network, ...]

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_ORIGIN: Final = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_AUDIENCE: Final = re.compile(r"[!-~]{1,256}")
_GIT_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_GIT_PATH: Final = r"[A-Za-z0-9._~+-]+(?:/[A-Za-z0-9._~+-]+)*/?"
_GIT_USER: Final = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_GIT_REMOTES: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"https://{_GIT_HOST}(?::[0-9]{{1,5}})?/{_GIT_PATH}",
        rf"ssh://(?:{_GIT_USER}@)?{_GIT_HOST}(?::[0-9]{{1,5}})?/{_GIT_PATH}",
        rf"{_GIT_USER}@{_GIT_HOST}:{_GIT_PATH}",
        rf"(?:file://)?/{_GIT_PATH}",
    )
)
_GIT_BRANCH: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*(?:[./][A-Za-z0-9][A-Za-z0-9_+-]*)*", re.ASCII)


def public_url(text: str) -> str | None:
    """Return the URL that clients know, as an origin (RFC 6454): nothing comes after host and port; or None.

    Raises:
        ValueError: it is no such URL.
    """
    found = _ORIGIN.fullmatch(text)
    if text and (found is None or (found[1] == "http" and not is_loopback(found[2].strip("[]")))):
        raise ValueError("it is a URL such as https://pdp.example.org, without a path; http is for loopback alone")
    return text or None


def loopback_url(host: str, port: int) -> str | None:
    """Return the URL of what listens here, if that can be reached from this machine alone."""
    if not is_loopback(host):
        return None
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def issuers(text: str) -> Mapping[str, str | Path | None]:
    """Return where each issuer has its keys: `issuer=place`, white space between two; a place is a URL or a file.

    An `issuer` alone says itself where they are; it has None.

    Raises:
        ValueError: it is no such list.
    """
    found: dict[str, str | Path | None] = {}
    for item in text.split():
        issuer, says, place = item.partition("=")
        if bool(says) != bool(place) or issuer in found or not _URL.match(issuer):
            raise ValueError(
                "it is a list of <issuer>=<URL or file of keys>, or of an issuer alone, with spaces between, each once"
            )
        if not says:
            found[_private(issuer)] = None
        else:
            found[issuer] = _private(place) if _URL.match(place) else _file(place)
    return found


def issuer(text: str) -> str | None:
    """Return the name of an OpenID provider, which is where it describes itself; or None.

    Raises:
        ValueError: it is no such URL.
    """
    return _private(text) if text else None


def audience(text: str) -> str:
    """Return the name of this service in tokens of others; empty is none.

    Raises:
        ValueError: it is none.
    """
    if text and not _AUDIENCE.fullmatch(text):
        raise ValueError("it is a text of 1 to 256 printable characters without space")
    return text


def networks(text: str) -> Networks:
    """Return addresses and networks, white space between two.

    Raises:
        ValueError: one of them is none.
    """
    try:
        return tuple(ip_network(item) for item in text.split())
    except ValueError as error:
        raise ValueError("it is a list of addresses or networks, such as 10.0.0.7 fd00::/8") from error


def _private(text: str) -> str:
    """Return a URL that nobody on the way can answer for: https, or this machine."""
    try:
        parts = urlsplit(authority.parse_url(text))
    except MalformedError as error:
        raise ValueError("it is a URL, such as https://omega.example.org") from error
    if "?" in text or (parts.scheme == "http" and not is_loopback(parts.hostname or "")):
        raise ValueError("it is a URL with https, or with http on this machine alone, and without a question mark")
    return text


def is_loopback(host: str) -> bool:
    """Return whether a host, by name or by address, is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _file(text: str) -> Path:
    """Return where it is, whatever directory a process is in."""
    path = Path(text).absolute()
    if len(str(path).split()) != 1:
        raise ValueError("the path of a file, from the root on, has no space in it")
    return path


def git_remote(text: str) -> str | None:
    """Return a Git remote that can be one of policies; empty is none.

    Only these forms are known, so that nothing in it can be an option, a helper or a secret.

    Raises:
        ValueError: it has none of them.
    """
    if text and not any(form.fullmatch(text) for form in _GIT_REMOTES):
        raise ValueError(
            "it is https://host/path, ssh://user@host/path, user@host:path, or the absolute path of a bare repository "
            "on this machine, perhaps with file:// before it; without a password"
        )
    return text or None


def git_branch(text: str) -> str:
    """Return the name of a branch.

    Raises:
        ValueError: it is none.
    """
    if not _GIT_BRANCH.fullmatch(text) or text.endswith(".lock"):
        raise ValueError("it is the name of a branch: letters, digits, `_`, `-`, with single `/`, `.` between")
    return text
