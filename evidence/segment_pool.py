"""Checks segments while seals are read on: here, or in as many processes as asked. Holds a few at a time.

Knows how work travels, not what it means.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

from evidence.errors import StoreError
from evidence.segment import Seal
from evidence.segment_check import Named, Outcome, check
from evidence.store import WormStore

Task = Callable[[], Outcome]
_AHEAD = 4  # segments in flight for each process

_store: WormStore | None = None  # of a process of the pool
_wanted: frozenset[Named] = frozenset()


class SegmentPool:
    """Takes segments to check; each gives back a call that returns what became of it."""

    def __init__(self, submit: Callable[[Seal], Task], ahead: int) -> None:
        self.submit = submit
        self.ahead = ahead


@contextmanager
def open_pool(
    store: WormStore, wanted: frozenset[Named], *, jobs: int, reopen: Callable[[], WormStore] | None
) -> Iterator[SegmentPool]:
    """Yield a pool of `jobs` processes, each with a store of its own; of none if `reopen` is None or `jobs` is 1.

    Args:
        store: is used where there are no processes.
        wanted: what receipts name.
        jobs: at least 1.
        reopen: opens the store in a process; it has to be picklable.
    """
    if reopen is None or jobs == 1:
        yield SegmentPool(lambda seal: lambda: check(store, seal, wanted), 0)
        return
    # A fresh process: a fork would share the connections of a store.
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=start, initargs=(reopen, wanted)) as executor:
        try:
            yield SegmentPool(lambda seal: _waiting(executor.submit(work, seal)), _AHEAD * jobs)
        except BrokenProcessPool as error:
            raise StoreError("a process that read segments ended, by a signal or for want of memory") from error
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def _waiting(future: "Future[Outcome]") -> Task:
    return future.result


def start(reopen: Callable[[], WormStore], wanted: frozenset[Named]) -> None:
    """Begin a process of the pool."""
    global _store, _wanted
    _store, _wanted = reopen(), wanted


def work(seal: Seal) -> Outcome:
    """Check one segment in a process of the pool.

    Raises:
        StoreError: the store does not answer.
    """
    if _store is None:  # pragma: no cover - `start` ran
        raise StoreError("the store was not opened")
    return check(_store, seal, _wanted)
