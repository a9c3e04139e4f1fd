"""The metrics of a node as OpenTelemetry exports them, for a process that sends them now and then.

Imports the extra `otel`; whoever imports this says what happens without it.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from app.telemetry import catalogue
from app.telemetry.catalogue import METRICS, Kind
from app.telemetry.numbers import Snapshot

_NANO: Final = 1_000_000_000
_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE


def resource() -> Resource:
    """Return who we are: what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say, by default `omega`."""
    found = Resource.create()
    if str(found.attributes.get(SERVICE_NAME, "unknown_service")).startswith("unknown_service"):
        return found.merge(Resource({SERVICE_NAME: "omega"}))
    return found


def metrics_data(snapshots: Sequence[Snapshot], who: Resource) -> MetricsData:
    """Return the metrics of all these processes as one export."""
    metrics = [metric for metric in (_metric(each, snapshots) for each in METRICS) if metric.data.data_points]
    scope = ScopeMetrics(scope=InstrumentationScope("omega"), metrics=metrics, schema_url="")
    return MetricsData(resource_metrics=[ResourceMetrics(resource=who, scope_metrics=[scope], schema_url="")])


def _metric(metric: catalogue.Metric, snapshots: Sequence[Snapshot]) -> Metric:
    data: Sum | Gauge | Histogram
    match metric.kind:
        case Kind.COUNTER:
            data = Sum(list(_numbers(metric, snapshots)), _CUMULATIVE, is_monotonic=True)
        case Kind.GAUGE:
            data = Gauge(list(_numbers(metric, snapshots)))
        case Kind.HISTOGRAM:
            data = Histogram(list(_spreads(metric, snapshots)), _CUMULATIVE)
    unit = "s" if metric.name.endswith("_seconds") else ""
    return Metric(name=metric.name.removesuffix("_total"), description=metric.help, unit=unit, data=data)


def _numbers(metric: catalogue.Metric, snapshots: Sequence[Snapshot]) -> Iterator[NumberDataPoint]:
    for each in snapshots:
        for (name, labels), value in each.values.items():
            if name == metric.name:
                yield NumberDataPoint(
                    attributes=_attributes(metric, each, labels),
                    start_time_unix_nano=int(each.started * _NANO),
                    time_unix_nano=int(each.time * _NANO),
                    value=value,
                )


def _spreads(metric: catalogue.Metric, snapshots: Sequence[Snapshot]) -> Iterator[HistogramDataPoint]:
    for each in snapshots:
        for (name, labels), spread in each.series.items():
            if name == metric.name:
                yield HistogramDataPoint(
                    attributes=_attributes(metric, each, labels),
                    start_time_unix_nano=int(each.started * _NANO),
                    time_unix_nano=int(each.time * _NANO),
                    count=sum(spread.counts),
                    sum=spread.sum,
                    bucket_counts=spread.counts,
                    explicit_bounds=metric.bounds,
                    min=0.0,
                    max=0.0,
                )


def _attributes(metric: catalogue.Metric, snapshot: Snapshot, labels: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(("worker", *metric.labels), (snapshot.process, *labels), strict=True))
