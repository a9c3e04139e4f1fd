"""The whole log since a time, decided again by as many processes as asked; holds a few stretches of it at a time.

Owns which stretches there are and how work travels. What becomes of a decision is `replaying`'s business.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from app.core_dumps import refuse_core_dumps
from app.impact.replaying import Asked, Journalled, Node, Replayer, Sealed, Stretch
from app.impact.tally import Tally
from app.objects import ObjectsError
from app.pdp.errors import PdpError
from app.privacy.errors import PrivacyError
from evidence import carrying, form, holding
from evidence.errors import EvidenceError
from evidence.reader import Reader

_SEALS: Final = 2  # of one stretch: the fewer, the sooner all processes end
_AHEAD: Final = 4  # stretches in flight for each process
_SKEW: Final = timedelta(hours=1)  # by which a clock may have gone back between record and seal

_replayer: Replayer | None = None  # of a process of the pool

_Work = Callable[[Iterable[Stretch]], Iterator[Tally]]

Told = Callable[[int, int], None]
"""Is told how many of how many stretches are done."""


class ReplayError(Exception):
    """The log, the keys or the bundle cannot be read, so nothing is known of the impact."""


def replay_log(node: Node, asked: Asked, *, jobs: int, told: Told) -> Tally:
    """Return what becomes of every recorded decision that is asked for; `jobs` processes work, at least 1.

    Raises:
        ReplayError: something that it needs cannot be had.
        KeyFileError, DatabaseUrlError: the keys or the key store cannot be opened.
    """
    try:
        with closing(Replayer(node, asked)) as here:
            work = stretches(here.reader, node.journals, asked)
            tally, done = Tally(), 0
            told(0, len(work))
            with _pool(node, asked, here, min(jobs, len(work))) as results:
                for found in results(work):
                    tally.merge(found)
                    done += 1
                    told(done, len(work))
    except (EvidenceError, PdpError, PrivacyError, ObjectsError) as error:
        raise ReplayError(f"{error.code}: {error}") from error
    return tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretches:
    """What has to be read: of each chain the seals from a first one to an end, and what its journal has beyond them.

    Stretches are made while somebody goes over them: there may be millions.
    """

    sealed: tuple[Sealed, ...]
    journalled: tuple[Journalled, ...]

    def __len__(self) -> int:
        """Return how many stretches there are."""
        return sum(len(_starts(each)) for each in self.sealed) + len(self.journalled)

    def __iter__(self) -> Iterator[Stretch]:
        """Yield a stretch after the other."""
        for each in self.sealed:
            for start in _starts(each):
                yield Sealed(chain=each.chain, first=start, end=min(start + _SEALS, each.end))
        yield from self.journalled


def _starts(sealed: Sealed) -> range:
    return range(sealed.first, sealed.end, _SEALS)


def stretches(reader: Reader, journals: Path, asked: Asked) -> Stretches:
    """Return what has to be read: of each chain the seals since the time, and what its journal has beyond them.

    A chain that was lost to another writer has its records where they were carried to.

    Raises:
        EvidenceError: the log does not hold, or the store does not answer.
    """
    counts: dict[str, int] = {}
    for chain, number in reader.seals():
        counts[chain] = max(counts.get(chain, 0), number + 1)
    since = form.time_text(datetime.fromisoformat(asked.since) - _SKEW)
    sealed = [
        Sealed(chain=chain, first=bisect_left(range(count), since, key=partial(_sealed_at, reader, chain)), end=count)
        for chain, count in sorted(counts.items())
    ]
    journalled = []
    for directory in holding.chains(journals):
        if holding.abandoned(directory) in holding.LOST and carrying.done(directory):
            continue
        last = reader.seal(directory.name, counts[directory.name] - 1) if directory.name in counts else None
        journalled.append(Journalled(chain=directory.name, first=last.first_seq + last.count if last else 0))
    return Stretches(sealed=tuple(sealed), journalled=tuple(journalled))


def _sealed_at(reader: Reader, chain: str, number: int) -> str:
    seal = reader.seal(chain, number)
    return seal.sealed_at if seal is not None else ""


@contextmanager
def _pool(node: Node, asked: Asked, here: Replayer, jobs: int) -> Iterator[_Work]:
    """Yield what turns stretches into tallies: in this process, or in a pool of fresh ones."""
    if jobs <= 1:
        yield lambda work: map(here.tally, work)
        return
    context = get_context("spawn")  # a fork would share connections, and engines belong to the thread that made them
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=start, initargs=(node, asked)) as executor:
        try:
            yield lambda work: _results(executor, work, _AHEAD * jobs)
        except BrokenProcessPool as error:
            raise ReplayError("a process that decided again ended, by a signal or for want of memory") from error
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def _results(executor: ProcessPoolExecutor, work: Iterable[Stretch], ahead: int) -> Iterator[Tally]:
    waiting: deque[Future[Tally | str]] = deque()
    for stretch in work:
        waiting.append(executor.submit(tally_of, stretch))
        if len(waiting) >= ahead:
            yield _tally(waiting.popleft())
    while waiting:
        yield _tally(waiting.popleft())


def _tally(future: "Future[Tally | str]") -> Tally:
    found = future.result()
    if isinstance(found, str):
        raise ReplayError(found)
    return found


def start(node: Node, asked: Asked) -> None:
    """Begin a process of the pool."""
    global _replayer  # noqa: PLW0603 - what a process of the pool has, it has for all its work
    refuse_core_dumps()
    _replayer = Replayer(node, asked)


def tally_of(stretch: Stretch) -> Tally | str:
    """Return what became of the decisions of a stretch, or why nobody knows: such errors do not travel."""
    if _replayer is None:  # pragma: no cover - `start` ran
        return "the process was not begun"
    try:
        return _replayer.tally(stretch)
    except (EvidenceError, PdpError, PrivacyError, ObjectsError) as error:
        return f"{error.code}: {error}"
