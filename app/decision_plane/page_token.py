"""Page tokens of a search: where it goes on, and for which search of which caller under which policies that holds.

Nothing is kept between two pages: the token says it all, under a key that all workers of all nodes share. Whoever
changes the search, or asks after the policies have changed, begins again.
"""

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Final

import orjson

from app.pdp.enforce import Caller
from app.pdp.errors import MalformedRequestError
from app.pdp.searching import Query

_FORM: Final = struct.Struct(">II")  # the offset to go on from, and how many were found before
_TAG: Final = 16  # bytes
_SIZE: Final = _FORM.size + _TAG
_PURPOSE: Final = b"omega search page token v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a search has come to: the next candidate, and how many were found before it."""

    offset: int = 0
    found: int = 0


class PageTokens:
    """Makes and reads tokens under a key derived from `secret`, 32 bytes that all nodes share."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, _PURPOSE, hashlib.sha256)

    def token(self, place: Place, query: Query, caller: Caller, bundle: str) -> str:
        """Return the token of a place in the search of a caller under the bundle of this digest."""
        data = _FORM.pack(place.offset, place.found)
        return base64.urlsafe_b64encode(data + self._tag(data, query, caller, bundle)).decode().rstrip("=")

    def place(self, token: str, query: Query, caller: Caller, bundle: str) -> Place:
        """Return the place that a token names.

        Raises:
            MalformedRequestError: it is none of this search; the code is `page_token`.
        """
        refused = MalformedRequestError("page_token", "the token is of another search, or the policies have changed")
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise refused from None
        said, tag = data[: _FORM.size], data[_FORM.size :]
        if len(data) != _SIZE or not hmac.compare_digest(tag, self._tag(said, query, caller, bundle)):
            raise refused
        offset, found = _FORM.unpack(said)
        return Place(offset=offset, found=found)

    def _tag(self, data: bytes, query: Query, caller: Caller, bundle: str) -> bytes:
        bound = [bundle, caller.tenant, caller.subject, query.document()]
        text = orjson.dumps(bound, option=orjson.OPT_SORT_KEYS)
        return hmac.digest(self._key, data + hashlib.sha256(text).digest(), hashlib.sha256)[:_TAG]
