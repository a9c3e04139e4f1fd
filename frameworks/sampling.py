"""A sample that nobody can steer and anybody can draw again: its seed is made of what it is for and of the population.

Owns the arithmetic, which docs/frameworks.md says step by step. Knows nothing of what the rows are.

The method (a seed from engagement, control and population; one draw from each part of the period; sizes by frequency)
follows Chiaro's "methodology", CC BY 4.0.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Final

from frameworks.errors import FrameworksError

SIZES: Final = {"year": 1, "quarter": 2, "month": 2, "week": 5, "day": 25, "hour": 40}
"""How many are looked at of what happens so often."""

ON_OCCURRENCE: Final = ((10, 10), (50, 8), (250, 15), (1000, 25))
"""How many are looked at of what happens when it happens: up to so many rows, so many; of more than that, `MOST`."""

MOST: Final = 40
"""How many are looked at of what happens several times a day."""

_SHA256: Final = re.compile("[0-9a-f]{64}")
_RANGE: Final = 1 << 256


class SampleError(FrameworksError):
    """What a sample is asked of is no population, or what it is for cannot be written into a seed."""


def size(frequency: str, count: int) -> int:
    """Return how many of `count` rows are looked at, by the frequency of a control; all, where there are no more.

    Raises:
        SampleError: there is no such frequency.
    """
    if frequency != "event" and frequency not in SIZES:
        raise SampleError(f"a control acts every {', '.join(SIZES)}, or on an event")
    wanted = SIZES.get(frequency) or next((size for most, size in ON_OCCURRENCE if count <= most), MOST)
    return min(wanted, count)


def seed(engagement: str, control: str, population_sha256: str) -> bytes:
    """Return the 32 bytes that everything else follows from.

    Raises:
        SampleError: a name holds `|`, a control character, or nothing, or the hash is none.
    """
    for name in (engagement, control):
        if not name or not name.isprintable() or "|" in name:
            raise SampleError("engagement and control are named in one line, without `|`")
    if not _SHA256.fullmatch(population_sha256):
        raise SampleError("the population is named by its SHA-256, in hex")
    return hashlib.sha256(f"{engagement}|{control}|{population_sha256}".encode()).digest()


def draw(
    rows: Sequence[tuple[str, str]], *, size: int, engagement: str, control: str, population_sha256: str
) -> list[str]:
    """Return the positions of a sample of `rows`, in the order of time.

    Args:
        rows: position and time of every row of the population, in any order, none twice.
        size: how many are drawn; all, where there are no more.
        engagement: whose sample it is.
        control: what it is drawn for.
        population_sha256: the hash of the population, as a result of a test states it.

    Raises:
        SampleError: a position stands twice, the size is below 1, or what it is for cannot be written into a seed.
    """
    ordered = sorted((time, *_split(position), position) for position, time in rows)
    if len({row[-1] for row in ordered}) < len(ordered):
        raise SampleError("a position stands twice")
    asked = {"engagement": engagement, "control": control, "population_sha256": population_sha256}
    return [ordered[rank][-1] for rank in ranks(len(ordered), size=size, **asked)]


def ranks(count: int, *, size: int, engagement: str, control: str, population_sha256: str) -> list[int]:
    """Return which of `count` rows, in the order of time, then of chain and number, are drawn; ascending, from 0.

    Raises:
        SampleError: the size is below 1, or what it is for cannot be written into a seed.
    """
    start = seed(engagement, control, population_sha256)
    if size < 1:
        raise SampleError("a sample has at least one row")
    if count <= size:
        return list(range(count))
    picked = []
    for stratum in range(size):
        first, behind = stratum * count // size, (stratum + 1) * count // size
        picked.append(first + _below(behind - first, start, stratum))
    return picked


def _split(position: str) -> tuple[str, int]:
    chain, _, seq = position.rpartition("-")
    if not chain or not seq.isascii() or not seq.isdigit():
        raise SampleError("a position is `<chain>-<seq>`")
    return chain, int(seq)


def _below(bound: int, start: bytes, stratum: int) -> int:
    """Return a number from 0 to below `bound`, each as likely as another: what would favour some is thrown away."""
    limit = _RANGE - _RANGE % bound
    return next(number for number in _numbers(start, stratum) if number < limit) % bound


def _numbers(start: bytes, stratum: int) -> Iterator[int]:
    attempt = 0
    while True:
        block = start + stratum.to_bytes(8, "big") + attempt.to_bytes(8, "big")
        yield int.from_bytes(hashlib.sha256(block).digest(), "big")
        attempt += 1
