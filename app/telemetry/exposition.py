"""The metrics of a node as text that Prometheus reads (text format 0.0.4)."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app.telemetry import catalogue
from app.telemetry.catalogue import METRICS, Kind
from app.telemetry.numbers import Snapshot

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"


def text(snapshots: Sequence[Snapshot]) -> bytes:
    """Return the metrics of all these processes, each value with the name of its process as `worker`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Node(snapshots))
    return generate_latest(registry)


class _Node(Collector):
    """What the library asks for metrics."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._snapshots = snapshots

    def collect(self) -> Iterator[Metric]:
        """Yield a family for each metric that any process has a value of."""
        for metric in METRICS:
            family = self._histograms(metric) if metric.kind is Kind.HISTOGRAM else self._values(metric)
            if family.samples:
                yield family

    def _values(self, metric: catalogue.Metric) -> Metric:
        kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
        family = kind(metric.name, metric.help, labels=("worker", *metric.labels))
        for each in self._snapshots:
            for (name, labels), value in each.values.items():
                if name == metric.name:
                    family.add_metric((each.process, *labels), value)
        return family

    def _histograms(self, metric: catalogue.Metric) -> Metric:
        family = HistogramMetricFamily(metric.name, metric.help, labels=("worker", *metric.labels))
        limits = [*map(str, metric.bounds), "+Inf"]
        for each in self._snapshots:
            for (name, labels), spread in each.series.items():
                if name == metric.name:
                    buckets = list(zip(limits, accumulate(spread.counts), strict=True))
                    family.add_metric((each.process, *labels), buckets, spread.sum)
        return family
