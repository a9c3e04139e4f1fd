"""The records of a period as rows: sealed segments, and behind them what journals of this node have and nobody sealed.

Chains come in the order of their names, the records of a chain in that of their numbers, each once. Of a chain the
segments are read from the first to the last that may have a record of the period, and none beyond: their seals say
from when to when they are. Signatures and hashes of what is read are checked, so that what comes out is what was
sealed; whether the whole log holds is for the verifier to say. Memory is that of one segment, or of one journal file.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import orjson

from app.control_testing.errors import ControlTestingError
from evidence import form, holding, journal
from evidence.errors import FindingError, MalformedError, NotFoundError
from evidence.reader import Reader
from evidence.record import stamp
from evidence.segment import Seal, seal_key
from evidence.tree import leaf_hash
from frameworks.testing import Period, Row

_SKEW: Final = timedelta(hours=1)  # by which a writer's clock may have gone back

Told = Callable[[int, int], None]
"""Is told how many of how many segments are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Where the log of a node stands: its store, and its journals, which may be missing."""

    reader: Reader
    journals: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Of one chain the segments from `first` to before `end`; with `tail` also what was not sealed."""

    chain: str
    first: int
    end: int
    tail: Path | None


def rows(
    log: Log, period: Period, reach: Period, *, now: datetime, told: Told = lambda _done, _all: None
) -> Iterator[Row]:
    """Yield the records of `reach`, which has `period` inside, and some of just before and behind it.

    Args:
        log: where they stand.
        period: of which no record may be missing.
        reach: from when to when they are wanted.
        now: when that is asked; a segment that is to be kept longer, and is not there, is a finding.
        told: hears how far it is.

    Raises:
        ControlTestingError: records of the period have expired.
        EvidenceError: the log does not hold, or the store does not answer.
    """
    stretches = list(_stretches(log, reach))
    total, done = sum(each.end - each.first for each in stretches), 0
    told(done, total)
    for stretch in stretches:
        for number in range(stretch.first, stretch.end):
            yield from _sealed(log.reader, _seal(log.reader, stretch.chain, number), period, now)
            done += 1
            told(done, total)
        if stretch.tail is not None:
            yield from _unsealed(log.reader, stretch, stretch.tail)


def _stretches(log: Log, reach: Period) -> Iterator[_Stretch]:
    counts: dict[str, int] = {}
    for chain, number in log.reader.seals():
        counts[chain] = max(counts.get(chain, 0), number + 1)
    tails = {each.name: each for each in holding.chains(log.journals) if holding.abandoned(each) not in holding.LOST}
    since, until = form.time_text(reach.start - _SKEW), form.time_text(reach.end + _SKEW)
    for chain in sorted(counts.keys() | tails.keys()):
        numbers = range(counts.get(chain, 0))
        first = bisect_left(numbers, since, key=partial(_time, log.reader, chain, newest=True))
        end = bisect_right(numbers, until, key=partial(_time, log.reader, chain, newest=False))
        reaches_end = end == len(numbers)
        yield _Stretch(chain=chain, first=min(first, end), end=end, tail=tails.get(chain) if reaches_end else None)


def _time(reader: Reader, chain: str, number: int, *, newest: bool) -> str:
    """Return the first or last time of a segment; of a heartbeat when it was made, behind what came before it."""
    seal = _seal(reader, chain, number)
    return (seal.max_time if newest else seal.min_time) or seal.sealed_at


def _seal(reader: Reader, chain: str, number: int) -> Seal:
    if (seal := reader.seal(chain, number)) is None:
        raise FindingError("seal-gap", seal_key(chain, number), "is not there")
    return seal


def _sealed(reader: Reader, seal: Seal, period: Period, now: datetime) -> Iterator[Row]:
    if not seal.count:
        return
    try:
        records, leaves = reader.hashed(seal)
    except NotFoundError as error:
        if datetime.fromisoformat(seal.retain_until) >= now:
            raise FindingError("missing-segment", seal.object_key, "is not there") from error
        if (seal.max_time or "") >= form.time_text(period.start):
            raise ControlTestingError(f"records up to {seal.max_time} were kept until {seal.retain_until}") from error
        return  # behind the period: nobody has to have it any more
    for data, leaf in zip(records, leaves, strict=True):
        yield _row(data, leaf)


def _unsealed(reader: Reader, stretch: _Stretch, directory: Path) -> Iterator[Row]:
    number, following = stretch.end, 0
    if number:
        last = _seal(reader, stretch.chain, number - 1)
        following = last.first_seq + last.count
    while True:
        for data in _payloads(directory, following):
            if stamp(data)[0] > following and (seal := reader.seal(stretch.chain, number)) is not None:
                break  # it was sealed in the meantime, and is not kept here any more
            yield _row(data, leaf_hash(data))
            following = stamp(data)[0] + 1
        else:
            return
        for data, leaf in zip(*reader.hashed(seal), strict=True):
            if stamp(data)[0] >= following:
                yield _row(data, leaf)
        following, number = max(following, seal.first_seq + seal.count), number + 1


def _payloads(directory: Path, following: int) -> Iterator[bytes]:
    for path in journal.files(directory):
        with suppress(FileNotFoundError):  # it was sealed, and is not kept any more
            yield from (data for data in journal.stream(path) if stamp(data)[0] >= following)


def _row(data: bytes, leaf: bytes) -> Row:
    try:
        document = orjson.loads(data)
        return Row(
            chain=document["chain"], seq=document["seq"], time=document["time"], leaf=leaf.hex(), document=document
        )
    except (ValueError, KeyError, TypeError) as error:
        raise MalformedError("a sealed record is no record") from error
