"""The subject keys of a process: asked for on the event loop, cached, and loaded in batches on one thread.

Knows the cache and the waiting; the rows are `key_table`'s business.
"""

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Final, ParamSpec, TypeVar

from sqlalchemy import Engine

from app.privacy.errors import KeyStoreError
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable, Outcome, half
from app.privacy.lookup import lookup_of
from app.privacy.sealed_block import KEY_BYTES, SubjectKey

LIFETIME: Final = 5.0
"""Seconds for which a key may be handed out after it was destroyed, at most."""

_BATCH: Final = 500
_WAITING: Final = 10_000
_WATCH: Final = 1.0  # seconds between two looks at what was destroyed
_DAY: Final = 86_400.0
_P = ParamSpec("_P")
_T = TypeVar("_T")


class SubjectKeys:
    """The key store as one process uses it, from one event loop at a time.

    A key that was destroyed, by this process or another, is handed out for at most `lifetime` seconds more: the
    count of destroyed keys is read with every batch, and a key is served from the cache only while that reading is
    younger than `lifetime`. When the count has moved, what was destroyed is dropped and overwritten, so that whoever
    still holds it seals nothing any more. In steady use the reading is renewed behind the caller's back at half that
    age; with `watch` it happens every second, whether anybody asks or not.
    """

    def __init__(  # noqa: PLR0913 - limits, and the world as tests need it
        self,
        engine: Engine,
        *,
        kek: bytes | Keks,
        lookup_key: bytes,
        cached: int = 50_000,
        lifetime: float = LIFETIME,
        patience: float = 2.0,
        random: Callable[[int], bytes] = os.urandom,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use the database of `engine` (from `app.db`); nothing is read yet.

        Args:
            engine: where the tables of `app.privacy.rows` are.
            kek: the generations of the key-encryption key; or 32 bytes, a first one that never rotates.
            lookup_key: key of the HMAC under which a person is found, 32 bytes; never replaced, or nobody is found.
            cached: keys kept in memory, about 0.9 KB each; beyond it the least recently used is dropped.
            lifetime: seconds, see above.
            patience: seconds after which whoever waits for the database is told that it fails.
            random: source of pseudonyms, keys and nonces.
            clock: seconds, monotonic.

        Raises:
            KeyStoreError: a key has not 32 bytes.
        """
        if len(lookup_key) != KEY_BYTES:
            raise KeyStoreError("the lookup key has not 32 bytes")
        self._table = KeyTable(engine, kek, random=random)
        self._keks = self._table.keks
        self._lookup_key = lookup_key
        self._cached = cached
        self._lifetime = lifetime
        self._patience = patience
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="subject-keys")
        self._closed = False
        self._cache: OrderedDict[str, SubjectKey] = OrderedDict()
        self._destroyed = -1
        self._read_at = float("-inf")
        self._renew_at = float("-inf")
        self._fresh_since = clock()
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}
        self._batches: asyncio.Task[None] | None = None

    async def key(self, tenant: str, kind: str, identifier: str) -> SubjectKey:
        """Return the key of `identifier`, a `kind` of person or thing in `tenant`; it is durable.

        Raises:
            KeyStoreError: no key can be had within `patience`; nothing may be recorded about this subject.
        """
        lookup = lookup_of(self._lookup_key, tenant, kind, identifier)
        now = self._clock()
        found = self._cache.get(lookup) if now < self._read_at + self._lifetime else None
        if found is None:
            return await self._wait(lookup)
        self._cache.move_to_end(lookup)
        if now >= self._renew_at and not self._waiting:
            self._renew_at = now + self._lifetime / 4
            self._ask(lookup)
        return found

    async def find(self, subject: str, kid: str) -> SubjectKey | None:
        """Return the key that opens the blocks of `subject` under `kid`, or None if it was destroyed.

        Never answered from the cache.

        Raises:
            KeyStoreError: the database fails, or the row is damaged.
        """
        return await self._run(self._table.find, subject, kid)

    async def destroy(self, subject: str) -> bool:
        """Destroy the key of a pseudonym and forget whom it stood for, for ever. See `KeyTable.destroy`.

        Raises:
            KeyStoreError: it is not certain that it is gone; destroy it again.
        """
        try:
            return await self._run(self._table.destroy, subject)
        finally:
            self._forget(frozenset({half(subject)}))

    async def watch(self, pause: float = _WATCH) -> None:
        """Look for destroyed keys every `pause` seconds until cancelled, whether or not the database answers."""
        while True:
            await asyncio.sleep(pause)
            with suppress(KeyStoreError):
                await self.look()

    async def look(self) -> None:
        """Forget what was destroyed since the last time anybody looked.

        Raises:
            KeyStoreError: the database fails; what is cached is good for its `lifetime` and no longer.
        """
        started = self._clock()
        if self._destroyed >= 0:
            count, gone = await self._run(self._table.news, self._destroyed)
            self._remember(started, count, gone, {})

    def close(self) -> None:
        """Drop every key and refuse whoever asks from now on; what has been started ends on its own."""
        if not self._closed:
            self._thread.submit(self._keks.drop)  # after what has been started, which needs them
        self._closed = True
        self._cache.clear()
        self._thread.shutdown(wait=False)

    async def _wait(self, lookup: str) -> SubjectKey:
        try:
            async with asyncio.timeout(self._patience):
                outcome = await asyncio.shield(self._ask(lookup))
        except TimeoutError:
            raise KeyStoreError("the key store does not answer in time") from None
        if isinstance(outcome, KeyStoreError):
            raise KeyStoreError(str(outcome)) from outcome
        return outcome

    def _ask(self, lookup: str) -> asyncio.Future[Outcome]:
        """Put `lookup` into the next batch, and start one if none is under way."""
        if self._closed:
            raise KeyStoreError("the key store is closed")
        waiting = self._waiting.get(lookup)
        if waiting is None:
            if len(self._waiting) >= _WAITING:
                raise KeyStoreError("too many subjects wait for the key store")
            waiting = self._waiting[lookup] = asyncio.get_running_loop().create_future()
        if self._batches is None or self._batches.done():
            self._batches = asyncio.get_running_loop().create_task(self._drain())
        return waiting

    async def _drain(self) -> None:
        while self._waiting:
            batch = dict(islice(self._waiting.items(), _BATCH))
            for lookup in batch:
                del self._waiting[lookup]
            await self._settle(batch)

    async def _settle(self, batch: dict[str, asyncio.Future[Outcome]]) -> None:
        """Load `batch` and tell everybody who waits for it, whatever happens."""
        found: dict[str, Outcome] = {}
        missing = KeyStoreError("the key store gave no answer")
        started = self._clock()
        try:
            count, gone, found = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._load, tuple(batch), self._destroyed
            )
            self._remember(started, count, gone, found)
        except KeyStoreError as error:
            missing = error
        finally:
            for lookup, waiting in batch.items():
                waiting.set_result(found.get(lookup, missing))

    def _load(self, lookups: tuple[str, ...], seen: int) -> tuple[int, frozenset[str] | None, dict[str, Outcome]]:
        """Load keys, and what was destroyed since there were `seen`; on the thread."""
        count, found = self._table.load(lookups)
        if count == seen or seen < 0:
            return count, frozenset(), found
        count, gone = self._table.news(seen)
        return count, gone, found

    def _remember(self, started: float, count: int, gone: frozenset[str] | None, found: dict[str, Outcome]) -> None:
        if started - self._fresh_since > _DAY:  # so that a key which has retired seals no more
            self._fresh_since = started
            self._cache.clear()
        for lookup, outcome in found.items():
            if isinstance(outcome, SubjectKey) and not self._closed:
                self._cache[lookup] = outcome
                self._cache.move_to_end(lookup)
        self._forget(gone)
        self._destroyed = count
        self._read_at = started
        self._renew_at = started + self._lifetime / 2
        while len(self._cache) > self._cached:
            self._cache.popitem(last=False)

    def _forget(self, gone: frozenset[str] | None) -> None:
        """Drop and overwrite the keys of these subjects; all, where nobody can say whose (a restored database)."""
        if gone is not None and not gone:
            return
        for lookup, key in list(self._cache.items()):
            if gone is None or half(key.subject) in gone:
                del self._cache[lookup]
                key.forget()

    async def _run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        if self._closed:
            raise KeyStoreError("the key store is closed")
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.get_running_loop().run_in_executor(self._thread, partial(work, *args, **kwargs))
        except TimeoutError:
            raise KeyStoreError("the key store does not answer in time") from None
