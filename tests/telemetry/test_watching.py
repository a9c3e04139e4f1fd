"""What is counted of decisions, and what is traced of them."""

import asyncio
import builtins
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.errors import problem
from app.pdp.model import Decision, Diagnostic, Durability, Enforcement, Severity, Violation
from app.pdp.observer import Evaluated
from app.telemetry import catalogue, tracing
from app.telemetry.numbers import Numbers, parse
from app.telemetry.tracing import Tracing, tracer
from app.telemetry.watching import Watching

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = {b"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01".encode()}


def violation(gate, enforcement=Enforcement.BLOCKING):
    return Violation(id=gate, message="", severity=Severity.HIGH, enforcement=enforcement, controls=())


ALLOW = Evaluated(
    action="shop.sell",
    decision=Decision(allow=True),
    decision_id="01a203ec17c0f73dc8f6-3",
    durability=Durability.JOURNAL,
    started=1_000_000,
    decided=3_000_000,
    handed=4_000_000,
    recorded=9_000_000,
)
DENY = ALLOW._replace(
    decision=Decision(
        allow=False, violations=(violation("ripe"), violation("cheap", Enforcement.MONITORING), violation("fresh"))
    ),
)
UNKNOWN = ALLOW._replace(
    action=None, decision=Decision(allow=False, diagnostics=(Diagnostic(code="unknown_action", path=""),))
)


@pytest.fixture
def counted():
    """Return a way to count decisions; it returns what was counted."""

    def count(*decisions):
        numbers = Numbers()
        watching = Watching(numbers)
        watching.asked({})
        for each in decisions:
            watching.evaluated(each)
        return parse("worker 0", 0.0, {"started": 0} | numbers.document())

    return count


def values(snapshot, metric):
    return {labels: value for (name, labels), value in snapshot.values.items() if name == metric.name}


def test_decisions_are_counted_by_action_and_outcome(counted):
    found = counted(ALLOW, ALLOW, DENY, UNKNOWN)
    assert values(found, catalogue.DECISIONS) == {
        ("shop.sell", "allow"): 2,
        ("shop.sell", "deny"): 1,
        ("unknown", "deny"): 1,
    }


def test_a_deny_is_counted_for_each_gate_that_forbade(counted):
    found = counted(DENY, UNKNOWN, ALLOW._replace(decision=replace(DENY.decision, allow=True)))
    assert values(found, catalogue.GATE_DENIES) == {("shop.sell", "ripe"): 1, ("shop.sell", "fresh"): 1}
    assert values(found, catalogue.CODE_DENIES) == {("unknown", "unknown_action"): 1}


def test_the_time_of_evaluation_and_commit_is_spread(counted):
    found = counted(ALLOW, ALLOW._replace(durability=Durability.LOCKED))
    sums = {key: spread.sum for key, spread in found.series.items()}
    assert sums == {
        ("omega_evaluation_seconds", ()): pytest.approx(0.004),
        ("omega_commit_seconds", ("journal",)): pytest.approx(0.005),
        ("omega_commit_seconds", ("locked",)): pytest.approx(0.005),
    }


def test_problems_are_counted_by_code():
    numbers = Numbers()
    Watching(numbers).refused(problem("overloaded"))
    assert numbers.document()["values"] == [["omega_problems_total", ["overloaded", "503"], 1.0]]


@pytest.fixture
def traced():
    """Return a way to trace decisions, each of a task of its own with its headers; it returns the spans by name."""

    def trace(*asked):
        exporter = InMemorySpanExporter()
        tracing_ = Tracing("worker 0", SimpleSpanProcessor(exporter))
        watching = Watching(Numbers(), tracing_)

        async def one(headers, evaluated):
            watching.asked(headers)
            await asyncio.sleep(0)
            watching.evaluated(evaluated)

        async def main():
            await asyncio.gather(*(one(*each) for each in asked))

        asyncio.run(main())
        tracing_.close()
        return exporter.get_finished_spans()

    return trace


def test_a_decision_is_a_span_with_what_it_was_made_of(traced):
    decide, commit, whole = traced((PARENT, ALLOW))
    assert [each.name for each in (decide, commit, whole)] == ["decide", "commit", "evaluate"]
    assert format(whole.context.trace_id, "032x") == TRACE
    assert format(whole.parent.span_id, "016x") == "00f067aa0ba902b7"
    assert {each.parent.span_id for each in (decide, commit)} == {whole.context.span_id}
    assert [each.end_time - each.start_time for each in (decide, commit, whole)] == [2_000_000, 5_000_000, 8_000_000]
    assert whole.attributes == {
        "omega.action": "shop.sell",
        "omega.outcome": "allow",
        "omega.decision_id": "01a203ec17c0f73dc8f6-3",
        "omega.durability": "journal",
        "omega.worker": "worker 0",
    }


def test_each_request_has_its_own_trace(traced):
    spans = traced((PARENT, ALLOW), ({}, DENY), ({b"traceparent": b"nonsense \xff"}, UNKNOWN))
    whole = [each for each in spans if each.name == "evaluate"]
    traces = {each.attributes["omega.action"] + each.attributes["omega.outcome"]: each for each in whole}
    assert format(traces["shop.sellallow"].context.trace_id, "032x") == TRACE
    assert traces["shop.selldeny"].parent is traces["unknowndeny"].parent is None


def test_what_the_caller_does_not_sample_is_no_span(traced):
    headers = {b"traceparent": PARENT[b"traceparent"][:-1] + b"0"}
    assert traced((headers, ALLOW)) == ()


def test_traces_go_where_the_variables_say(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    made = tracer("worker 0")
    assert isinstance(made, Tracing)
    made.close()


def test_without_the_extra_there_are_no_traces_and_a_warning(monkeypatch, caplog):
    real = builtins.__import__

    def lacking(name, *rest):
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", lacking)
    assert tracing.tracer("worker 0") is None
    assert "the extra `otel` is not installed" in caplog.text
