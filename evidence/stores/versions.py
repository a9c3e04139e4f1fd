"""Which version of a key is the one that counts: what a listing of versions says, and what was seen lately.

Pure: pages of a listing in, keys out. Knows of S3 nothing but the names of members.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from evidence.errors import StoreError

_MAX_PINS: Final = 200_000
_Entry = tuple[str, str | None]


def listed(pages: Iterable[Mapping[str, Any]]) -> Iterator[_Entry]:
    """Yield each key of a listing of versions once, with its version, or None if it has several or was deleted.

    A key is yielded when the next one is seen, because its versions may go on over the end of a page.

    Raises:
        StoreError: the keys do not ascend, so that the versions of one key need not be neighbours.
    """
    before = ""
    for key, entries in groupby(_entries(pages), itemgetter(0)):
        if key < before:
            raise StoreError(f"the store lists `{key}` after `{before}`")
        before = key
        first, *others = [version for _, version in entries]
        yield key, None if others else first


def _entries(pages: Iterable[Mapping[str, Any]]) -> Iterator[_Entry]:
    """Yield each version and each delete marker, which has no version worth reading."""
    for page in pages:
        versions: list[_Entry] = [(each["Key"], each["VersionId"]) for each in page.get("Versions", ())]
        markers: list[_Entry] = [(each["Key"], None) for each in page.get("DeleteMarkers", ())]
        yield from _merged(versions, markers)


def _merged(versions: list[_Entry], markers: list[_Entry]) -> list[_Entry]:
    """Put the markers of a page among its versions; where there are none, the order is left to be checked."""
    return sorted(versions + markers, key=itemgetter(0)) if markers else versions


class Pins:
    """The version of each key seen lately, so that reading a whole store takes one request per object."""

    def __init__(self) -> None:
        self._versions: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> str | None:
        """Return the version of `key`, if it is remembered."""
        return self._versions.get(key)

    def set(self, key: str, version: str | None) -> None:
        """Remember the version of `key`; forget it if None."""
        with self._lock:
            if version is None:
                self._versions.pop(key, None)
                return
            self._versions[key] = version
            if len(self._versions) > _MAX_PINS:
                del self._versions[next(iter(self._versions))]
