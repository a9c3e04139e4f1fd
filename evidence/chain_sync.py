"""The syncs of one chain, beside the event loop: by the kernel where it can, else by a thread.

Both end in the same way. A file that is full is synced by the thread, because beginning the next one takes syncs of its
own. Knows nothing of who waits.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from evidence.async_sync import AsyncSync
from evidence.chain import Chain

_T = TypeVar("_T")

Done = Callable[[BaseException | None], None]


class ChainSync:
    """Syncs a chain, one sync at a time. Belongs to the event loop that first asks."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._kernel: AsyncSync | None = None
        self._offered = True  # by the kernel, as far as is known
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="fdatasync")

    def start(self, done: Done) -> None:
        """Sync what was written to the chain, and then call `done`: with None, or with what failed.

        Not before the last sync ended, and nothing may be written until this one has.
        """
        if not self._begun(done):
            self.beside(self._chain.sync).add_done_callback(lambda synced: done(synced.exception()))

    def beside(self, work: Callable[[], _T]) -> "asyncio.Future[_T]":
        """Do something that may block, in the thread, after all that was asked of it before."""
        return asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self, *, stuck: bool) -> None:
        """Take nothing more. `stuck`: a sync has not ended, so that nobody must wait for it."""
        self._executor.shutdown(wait=False)
        if self._kernel is not None and not stuck:
            self._kernel.close()
            self._kernel = None

    def _begun(self, done: Done) -> bool:
        """Return whether the kernel syncs the chain; once it has refused, it is not asked again."""
        if self._chain.full or not self._offered:
            return False
        try:
            if self._kernel is None:
                self._kernel = AsyncSync(asyncio.get_running_loop())
            self._kernel.start(self._chain.descriptor, done)
        except (OSError, NotImplementedError):
            self._offered = False
        return self._offered
