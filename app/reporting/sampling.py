"""A sample of a population that lies on disk, without taking it into memory: the one that `frameworks.sampling` draws.

Rows are ranked by time. Two passes: one counts how many rows there are of each hour, the other keeps those of the hours
in which a row that is wanted lies.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from typing import Final

from app.reporting.report import Sample
from app.reporting.spill import rows
from frameworks import sampling
from frameworks.control import Control
from frameworks.results import Population

_HOUR: Final = len("2026-11-22T10")


def sample(path: Path, population: Population, control: Control, engagement: str) -> Sample | None:
    """Return which rows of a file are to be looked at, or None where it has none.

    Raises:
        SampleError: the engagement has no name that a seed can be made of.
    """
    size = sampling.size(control.frequency, population.count)
    if not size:
        return None
    asked = {"engagement": engagement, "control": control.id, "population_sha256": population.sha256}
    ranks = sampling.ranks(population.count, size=size, **asked)
    seed = sampling.seed(engagement, control.id, population.sha256)
    return Sample(size=size, seed=seed.hex(), positions=tuple(at_ranks(path, ranks)))


def at_ranks(path: Path, ranks: Sequence[int]) -> list[str]:
    """Return the positions of the rows that have these ranks in the order of time, then of chain and number."""
    counts = Counter(time[:_HOUR] for _, time in rows(path))
    hours = sorted(counts)
    before = [0, *accumulate(counts[hour] for hour in hours)]
    placed = [(rank, bisect_right(before, rank) - 1) for rank in ranks]
    kept: dict[str, list[tuple[str, str]]] = {hours[place]: [] for _, place in placed}
    for row in rows(path):
        if (found := kept.get(row[1][:_HOUR])) is not None:
            found.append(row)
    for found in kept.values():
        found.sort(key=itemgetter(1))  # stable: rows of one time stay in the order of chain and number
    return [kept[hours[place]][rank - before[place]][0] for rank, place in placed]
