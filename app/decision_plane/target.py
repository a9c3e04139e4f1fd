"""What a request behind a proxy is for: method, scheme, host, and a path that nobody reads in another way.

A path that servers understand differently would be judged as one thing and served as another. So it is taken only where
all of them agree, and is then written in one way. The query is left out. Knows no policy.
"""

import re
from dataclasses import dataclass
from typing import Final
from unicodedata import is_normalized
from urllib.parse import quote, unquote_to_bytes

from app.pdp.errors import MalformedRequestError

_PRINTABLE: Final = re.compile(rb"/[!-~]*")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_READ_DIFFERENTLY: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\\;%#?]")
_ENCODED_SLASH: Final = re.compile(rb"%2[fF]")
_PLAIN: Final = "/!$&'()*+,=:@~"  # beside letters, digits and `-._`: what RFC 3986, section 3.3, lets stand in a path
_HOST: Final = re.compile(r"([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)(?::[0-9]{1,5})?")
_LONGEST_HOST: Final = 253


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes: `host` in small letters and without its port, `path` in its one form."""

    method: str
    scheme: str
    host: str
    path: str

    @classmethod
    def parse(cls, *, method: str, scheme: str, host: str, uri: bytes) -> "Target":
        """Read what the proxy was asked for; `uri` is path and query, percent-encoded as they came.

        Raises:
            MalformedRequestError: host or path can be read in two ways. Code: `ambiguous_target`.
        """
        found = _HOST.fullmatch(host.lower())
        if found is None or len(found[1]) > _LONGEST_HOST:
            raise MalformedRequestError("ambiguous_target", "the host is no plain name, with or without a port")
        return cls(method=method, scheme=scheme.lower(), host=found[1], path=_path(uri.partition(b"?")[0]))


def _path(raw: bytes) -> str:
    """Return the one form of a path: decoded, found harmless, and encoded by one rule (RFC 3986, section 6.2.2)."""
    if not _PRINTABLE.fullmatch(raw) or _BAD_ESCAPE.search(raw) or _ENCODED_SLASH.search(raw):
        raise MalformedRequestError("ambiguous_target", "the path has characters that are not, or badly, encoded")
    try:
        path = unquote_to_bytes(raw).decode("utf-8")  # overlong forms are none
    except UnicodeDecodeError:
        raise MalformedRequestError("ambiguous_target", "the path is not UTF-8") from None
    if _READ_DIFFERENTLY.search(path) or not is_normalized("NFC", path):
        raise MalformedRequestError("ambiguous_target", "the path has characters that servers read differently")
    *segments, last = path.split("/")[1:]
    if {"", ".", ".."} & set(segments) or last in {".", ".."}:
        raise MalformedRequestError("ambiguous_target", "the path has empty segments, or such as lead elsewhere")
    return quote(path, safe=_PLAIN)
