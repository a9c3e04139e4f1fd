"""The numbers of one process. Belongs to one thread; adding to it costs less than a microsecond."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.telemetry.catalogue import METRICS, Kind, Metric

Labels = tuple[str, ...]

MOST: Final = 10_000
"""Values of one process; beyond them no new label is taken in, so that nothing grows without end."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A histogram: how many values fell into each bucket (and the last one: beyond all), and their sum."""

    counts: list[int]
    sum: float


class Series:
    """One histogram that is counted in; to be kept by whoever counts often."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds, self.counts, self.sum = bounds, [0] * (len(bounds) + 1), 0.0

    def observe(self, seconds: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self._bounds, seconds)] += 1
        self.sum += seconds


class Numbers:
    """Counters, gauges and histograms by metric and labels."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, Labels], float] = {}
        self._series: dict[tuple[str, Labels], Series] = {}

    def add(self, metric: Metric, *labels: str, amount: float = 1.0) -> None:
        """Let a counter grow."""
        key = (metric.name, labels)
        before = self._values.get(key)
        if before is not None:
            self._values[key] = before + amount
        elif len(self._values) < MOST:
            self._values[key] = amount

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Say what a gauge shows now."""
        key = (metric.name, labels)
        if key in self._values or len(self._values) < MOST:
            self._values[key] = value

    def series(self, metric: Metric, *labels: str) -> Series:
        """Return the histogram with these labels."""
        return self._series.setdefault((metric.name, labels), Series(metric.bounds))

    def document(self) -> dict[str, Any]:
        """Return everything as JSON values; `parse` reads it."""
        return {
            "values": [[name, list(labels), value] for (name, labels), value in self._values.items()],
            "series": [
                [name, list(labels), list(each.counts), each.sum] for (name, labels), each in self._series.items()
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The numbers of a process at one moment (`time`), counted since it `started`, both in Unix seconds."""

    process: str
    started: float
    time: float
    values: Mapping[tuple[str, Labels], float]
    series: Mapping[tuple[str, Labels], Spread]


_METRICS: Final = {metric.name: metric for metric in METRICS}


def parse(process: str, time: float, document: Any) -> Snapshot:
    """Return what `Numbers.document` made; what no metric of the catalogue is, is left out.

    Raises:
        ValueError: it is not of that form.
    """
    try:
        started = float(document["started"])
        values = {_key(name, labels): float(value) for name, labels, value in document["values"]}
        series = {
            _key(name, labels): Spread([int(count) for count in counts], float(total))
            for name, labels, counts, total in document["series"]
        }
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError("no snapshot") from error
    return Snapshot(
        process=process,
        started=started,
        time=time,
        values={key: value for key, value in values.items() if _is(key, histogram=False)},
        series={key: each for key, each in series.items() if _fits(key, each)},
    )


def _key(name: Any, labels: Any) -> tuple[str, Labels]:
    return str(name), tuple(str(label) for label in labels)


def _is(key: tuple[str, Labels], *, histogram: bool) -> bool:
    metric = _METRICS.get(key[0])
    if metric is None or len(key[1]) != len(metric.labels):
        return False
    return (metric.kind is Kind.HISTOGRAM) is histogram


def _fits(key: tuple[str, Labels], spread: Spread) -> bool:
    return _is(key, histogram=True) and len(spread.counts) == len(_METRICS[key[0]].bounds) + 1
