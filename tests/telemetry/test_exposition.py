"""The metrics of a node, read back by the library's own parser, and as OpenTelemetry has them."""

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry import catalogue, exposition, otlp
from app.telemetry.catalogue import METRICS, Kind
from app.telemetry.numbers import Numbers, parse


@pytest.fixture
def node():
    """Return snapshots of two processes that have every metric there is."""

    def snapshot(process, amount):
        made = Numbers()
        for metric in METRICS:
            labels = [f"{label} {process}" for label in metric.labels]
            if metric.kind is Kind.HISTOGRAM:
                made.series(metric, *labels).observe(0.002 * amount)
            else:
                made.add(metric, *labels, amount=amount)
        return parse(process, 20.0, {"started": 10.0} | made.document())

    return [snapshot("worker 0", 1), snapshot("worker 1", 2)]


def test_every_metric_of_every_process_is_shown(node):
    families = {each.name: each for each in text_string_to_metric_families(exposition.text(node).decode())}
    assert families.keys() == {metric.name.removesuffix("_total") for metric in METRICS}
    for metric in METRICS:
        family = families[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.kind, metric.help)
        assert {sample.labels["worker"] for sample in family.samples} == {"worker 0", "worker 1"}
        for sample in family.samples:
            assert sample.labels.keys() - {"le"} == {"worker", *metric.labels}
    values = [sample.value for sample in families["omega_sealed_records"].samples]
    assert values == [1, 2]


def test_buckets_add_up(node):
    text = exposition.text(node[1:]).decode()
    (family,) = [each for each in text_string_to_metric_families(text) if each.name == "omega_evaluation_seconds"]
    buckets = [(each.labels["le"], each.value) for each in family.samples if each.name.endswith("_bucket")]
    assert buckets[2:4] == [("0.0025", 0), ("0.005", 1)]
    assert buckets[-1] == ("+Inf", 1)
    assert [each.value for each in family.samples if each.name.endswith(("_count", "_sum"))] == [1, 0.004]


def test_what_nobody_counted_is_not_shown():
    assert exposition.text([]) == b""


def test_opentelemetry_gets_the_same(node):
    request = encode_metrics(otlp.metrics_data(node, otlp.resource()))
    ((scope,),) = [each.scope_metrics for each in request.resource_metrics]
    found = {each.name: each for each in scope.metrics}
    assert found.keys() == {metric.name.removesuffix("_total") for metric in METRICS}
    decisions = found["omega_decisions"].sum
    assert decisions.is_monotonic
    assert [point.as_double for point in decisions.data_points] == [1, 2]
    assert {point.start_time_unix_nano for point in decisions.data_points} == {10_000_000_000}
    labels = {each.key: each.value.string_value for each in decisions.data_points[0].attributes}
    assert labels == {"worker": "worker 0", "action": "action worker 0", "outcome": "outcome worker 0"}
    spread = found[catalogue.EVALUATION.name].histogram.data_points[1]
    assert (spread.count, spread.sum, list(spread.explicit_bounds)) == (1, 0.004, list(catalogue.EVALUATION.bounds))
    assert found[catalogue.EVALUATION.name].unit == "s"


def test_the_service_is_called_omega_unless_somebody_says_otherwise(monkeypatch):
    assert otlp.resource().attributes["service.name"] == "omega"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "decisions")
    assert otlp.resource().attributes["service.name"] == "decisions"
