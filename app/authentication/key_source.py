"""The keys of an identity provider, kept fresh in the background.

Owns when they are read again. A decision never waits for it: what is not held when it is asked for is not known.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from app.authentication.discovery import DiscoveryError, discover
from app.pdp.jwk import LONGEST_SET, JwkError, PublicKey, parse_jwk_set
from evidence import authority
from evidence.errors import AuthorityError

_LOG = logging.getLogger(__name__)
_DEADLINE: Final = 10.0  # seconds for a whole answer


class KeySourceError(Exception):
    """The keys cannot be had from where they should be."""


class KeySource:
    """The keys of one issuer, by `kid`. Those read last are kept while they cannot be read again.

    `removed` is called when a key is held no more.
    """

    def __init__(
        self,
        issuer: str,
        place: str | Path | None,
        *,
        period: float = 300.0,
        least: float = 30.0,
    ) -> None:
        """Read from `place`, a URL or a file, every `period` seconds, and sooner for an unknown `kid`.

        Where `place` is None, the issuer is asked for it before each reading. Between two readings are at least
        `least` seconds.
        """
        self.issuer, self._place = issuer, place
        self._period, self._least = period, least
        self.removed: Callable[[], None] = _nothing
        self._keys: Mapping[str, PublicKey] = {}
        self._wanted = asyncio.Event()
        self.failure: str | None = "not read yet"

    def find(self, kid: str) -> PublicKey | None:
        """Return the key named `kid`, or None, and then look for it later."""
        key = self._keys.get(kid)
        if key is None:
            self._wanted.set()
        return key

    @property
    def is_file(self) -> bool:
        """Return whether the keys are on this machine, where reading them takes no time."""
        return isinstance(self._place, Path)

    @property
    def alarm(self) -> str | None:
        """Return what somebody should look at."""
        return None if self.failure is None else f"keys of the issuer {self.issuer}: {self.failure}"

    async def keep(self) -> None:
        """Keep the keys fresh, until cancelled."""
        while True:
            await self.refresh()
            await asyncio.sleep(self._least)
            if self.failure is None:
                try:
                    await asyncio.wait_for(self._wanted.wait(), self._period - self._least)
                except TimeoutError:
                    continue

    async def refresh(self) -> None:
        """Read the keys again; if that fails, keep those that are held."""
        self._wanted.clear()
        try:
            keys = await asyncio.to_thread(self._read)
        except (KeySourceError, DiscoveryError, JwkError) as error:
            if self.failure != str(error):
                _LOG.warning("keys of the issuer %s cannot be read, those held stay: %s", self.issuer, error)
            self.failure = str(error)
            return
        gone = any(keys.get(kid) != key for kid, key in self._keys.items())
        self._keys, self.failure = keys, None
        if gone:
            self.removed()

    def _read(self) -> Mapping[str, PublicKey]:
        if isinstance(self._place, Path):
            return parse_jwk_set(_file(self._place))
        return parse_jwk_set(_answer(discover(self.issuer) if self._place is None else self._place))


def _nothing() -> None:
    pass


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_SET + 1)
    except OSError as error:
        raise KeySourceError(f"the file cannot be read: {error.strerror}") from error


def _answer(url: str) -> bytes:
    try:
        answer = authority.get(url, limit=LONGEST_SET, deadline=_DEADLINE)
    except AuthorityError as error:
        raise KeySourceError(str(error)) from error
    if answer.status != 200:  # noqa: PLR2004 - OK
        raise KeySourceError(f"the answer has status {answer.status}")
    return answer.body
