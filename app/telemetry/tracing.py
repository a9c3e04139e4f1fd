"""Spans of decisions (OpenTelemetry), made once a decision is on record, from the times that were taken on the way.

Owns what a span says: action, outcome, decision id; nothing of the request. Which of them are sampled and where they
go the standard variables OTEL_* say. The library comes with the extra `otel`.
"""

import logging
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from app.pdp.observer import Evaluated

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor

_LOG = logging.getLogger(__name__)
_HEADERS: Final = ("traceparent", "tracestate")
_PARENT: "ContextVar[Context | None]" = ContextVar("parent", default=None)


class Tracing:
    """Makes spans of the decisions of one worker."""

    def __init__(self, worker: str, processor: "SpanProcessor") -> None:
        """Hand finished spans to `processor`.

        Raises:
            ImportError: the extra is not installed.
        """
        from opentelemetry import trace  # noqa: PLC0415 - it is an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        from app.telemetry.otlp import resource  # noqa: PLC0415

        self._provider = TracerProvider(resource=resource())
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("omega")
        self._extract = TraceContextTextMapPropagator().extract
        self._within = trace.set_span_in_context
        self._worker = worker

    def asked(self, headers: dict[bytes, bytes]) -> None:
        """Take in the trace that the request of this task belongs to (W3C Trace Context, sections 3.2 and 3.3)."""
        carrier = {name: headers.get(name.encode(), b"").decode("latin-1") for name in _HEADERS}
        _PARENT.set(self._extract(carrier) if carrier["traceparent"] else None)

    def evaluated(self, evaluated: Evaluated) -> None:
        """Make a span of a decision, and one each of what it was made of."""
        offset = time.time_ns() - time.perf_counter_ns()  # the clock may have been set meanwhile
        span = self._tracer.start_span("evaluate", context=_PARENT.get(), start_time=evaluated.started + offset)
        if span.is_recording():
            span.set_attributes(
                {
                    "omega.action": evaluated.action or "unknown",
                    "omega.outcome": "allow" if evaluated.decision.allow else "deny",
                    "omega.decision_id": evaluated.decision_id,
                    "omega.durability": evaluated.durability.value,
                    "omega.worker": self._worker,
                }
            )
            within = self._within(span)
            for name, start, end in (
                ("decide", evaluated.started, evaluated.decided),
                ("commit", evaluated.handed, evaluated.recorded),
            ):
                self._tracer.start_span(name, context=within, start_time=start + offset).end(end + offset)
        span.end(evaluated.recorded + offset)

    def close(self) -> None:
        """Let go of what waits to be sent."""
        self._provider.shutdown()


def tracer(worker: str) -> Tracing | None:
    """Return what exports spans to where OTEL_* says; None, with a warning, where the extra is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        _LOG.warning("OTEL_* asks for traces, and the extra `otel` is not installed: there are none")
        return None
    return Tracing(worker, BatchSpanProcessor(OTLPSpanExporter()))
