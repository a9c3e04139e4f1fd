"""One question to an authority over HTTP: a POST or a GET, its answer, within a size and a time. RFC 9110, RFC 9112.

Follows no redirect, uses no proxy, keeps no connection: what was configured is asked, and nobody else. Knows nothing
of what is asked.
"""

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import BytesIO
from time import monotonic
from types import MappingProxyType
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from evidence.errors import AuthorityError, MalformedError

DEADLINE: Final = 20.0
"""Seconds until an answer has to be there whole. The lookup of a name is the system's, and has its own limit."""

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})

_MAX_HEAD = 32 << 10  # bytes
_CHUNK = 16 << 10  # bytes
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: status, content type (without parameters, lower case) and body."""

    status: int
    content_type: str
    body: bytes


class Post(Protocol):
    """Asks one question."""

    def __call__(self, url: str, body: bytes, *, content_type: str, limit: int) -> Answer:
        """Return the answer, of whatever status.

        Raises:
            AuthorityError: there was none, or its body has more than `limit` bytes.
        """
        ...


def parse_url(text: str) -> str:
    """Return `text` if it says where to ask: http or https, a host, no credentials and no fragment.

    Raises:
        MalformedError: it does not.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in _PORTS and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "#" in text or not all("!" <= character <= "~" for character in text):
        raise MalformedError(f"`{text[:256]}` is no URL to ask: write `https://host/path`")
    return text


def shown(url: str) -> str:
    """Return `url` without what stands behind a question mark, which may be a secret."""
    return url.partition("?")[0]


def post(  # noqa: PLR0913 - what a question is made of
    url: str,
    body: bytes,
    *,
    content_type: str,
    limit: int,
    deadline: float = DEADLINE,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Answer:
    """See `Post`. The certificate of https is checked against those that the system trusts.

    Args:
        url: as `parse_url` returned it.
        body: what is sent.
        content_type: of what is sent.
        limit: bytes that the answer's body may have.
        deadline: seconds until the whole answer must be there.
        headers: more of them, each on one line of ASCII.
    """
    more = [f"{name}: {value}" for name, value in headers.items()]
    lines = [f"content-type: {content_type}", f"content-length: {len(body)}", *more]
    return _asked("POST", url, body, lines, limit, deadline)


def get(url: str, *, limit: int, deadline: float = DEADLINE) -> Answer:
    """Return what is at `url`; all else is as in `post`.

    Raises:
        AuthorityError: there was no answer, or its body has more than `limit` bytes.
    """
    return _asked("GET", url, b"", [], limit, deadline)


def _asked(  # noqa: PLR0913, PLR0917 - what an HTTP request is made of
    method: str, url: str, body: bytes, headers: Sequence[str], limit: int, deadline: float
) -> Answer:
    until = monotonic() + deadline

    def left() -> float:
        seconds = until - monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    parts = urlsplit(url)
    head = [
        f"{method} {parts.path or '/'}{'?' * bool(parts.query)}{parts.query} HTTP/1.1",
        f"host: {parts.netloc}",
        "user-agent: omega",
        *headers,
        "connection: close",
    ]
    message = "\r\n".join([*head, "", ""]).encode("ascii") + body
    try:
        with _connect(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme], left()) as connection:
            connection.settimeout(left())
            connection.sendall(message)
            return _parse(method, _receive(connection, limit + _MAX_HEAD, left), limit)
    except TimeoutError as error:
        raise AuthorityError(f"`{shown(url)}` did not answer within {deadline:g} s") from error
    except (OSError, ValueError) as error:  # a name that cannot be looked up is a ValueError
        raise AuthorityError(f"`{shown(url)}` cannot be asked: {getattr(error, 'strerror', None) or error}") from error


def _connect(scheme: str, host: str, port: int, seconds: float) -> socket.socket:
    connection = socket.create_connection((host, port), timeout=seconds)
    if scheme == "http":
        return connection
    try:
        return ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def _receive(connection: socket.socket, limit: int, left: Callable[[], float]) -> bytes:
    """Return everything until the other side closes, which it was asked to do."""
    data = bytearray()
    while len(data) <= limit:
        connection.settimeout(left())
        chunk = connection.recv(_CHUNK)
        if not chunk:
            return bytes(data)
        data += chunk
    raise AuthorityError(f"the answer with its head is larger than {limit} bytes")


class _Received:
    """What `HTTPResponse` takes for a connection."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: Any) -> BytesIO:
        return BytesIO(self._data)


def _parse(method: str, data: bytes, limit: int) -> Answer:
    """Read a whole answer.

    Raises:
        AuthorityError: it is none, or not all of it, or too much.
    """
    try:
        response = HTTPResponse(_Received(data), method=method)  # type: ignore[arg-type]
        response.begin()
        body = response.read()
    except (HTTPException, ValueError) as error:
        raise AuthorityError("the answer is not HTTP, or not all of it came") from error
    if len(body) > limit:
        raise AuthorityError(f"the answer is larger than {limit} bytes")
    kind = response.headers.get_content_type() if "content-type" in response.headers else ""
    return Answer(status=response.status, content_type=kind, body=body)
