"""Every metric there is: its name, what it says, its labels. Nothing else is ever shown.

Owns the words. A label's values come from the bundle, the settings or this project's own lists; each metric has one
label more, `worker`, for the process that counts.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_QUICK: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Kind(StrEnum):
    """How a metric behaves."""

    COUNTER = "counter"  # only grows, and begins anew with its process
    GAUGE = "gauge"
    HISTOGRAM = "histogram"  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric; `bounds` are the upper limits of a histogram's buckets, but for the last one, which has none."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(name=name, kind=Kind.COUNTER, help=text, labels=labels)


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(name=name, kind=Kind.GAUGE, help=text, labels=labels)


def _histogram(name: str, text: str, *labels: str) -> Metric:
    return Metric(name=name, kind=Kind.HISTOGRAM, help=text, labels=labels, bounds=_QUICK)


DECISIONS: Final = _counter("omega_decisions_total", "Recorded decisions", "action", "outcome")
GATE_DENIES: Final = _counter("omega_gate_denies_total", "Denied decisions, by gate that forbade", "action", "gate")
CODE_DENIES: Final = _counter("omega_diagnostic_denies_total", "Denied decisions, by diagnostic", "action", "code")
EVALUATION: Final = _histogram("omega_evaluation_seconds", "From the request to what the policy says")
COMMIT: Final = _histogram("omega_commit_seconds", "From the record to the place it has to reach", "durability")
PROBLEMS: Final = _counter("omega_problems_total", "Requests that were answered with a problem", "code", "status")
IN_FLIGHT: Final = _gauge("omega_requests_in_flight", "Requests that are being answered")
WAITING: Final = _gauge("omega_evaluations_waiting", "Requests that wait for an evaluator")
SPOOL_BYTES: Final = _gauge("omega_spool_bytes", "Journal that is not in the store yet", "retention_class")
SPOOL_RECORDS: Final = _gauge("omega_spool_records", "Records that are not in the store yet", "retention_class")
SPOOL_SECONDS: Final = _gauge("omega_spool_seconds", "How long the oldest of them has waited", "retention_class")
READY: Final = _gauge("omega_ready", "Whether the process is ready: 1 or 0")
RESTARTS: Final = _counter("omega_restarts_total", "Processes that were started again", "process")
SEALER_ROUND: Final = _gauge("omega_sealer_round_timestamp_seconds", "When the sealer last finished a round")
SEALED: Final = _counter("omega_sealed_records_total", "Records that the sealer put into the store")
STORE_FAILURES: Final = _counter("omega_store_failures_total", "Rounds of the sealer that the store did not take")
UNCHECKPOINTED: Final = _gauge("omega_checkpoint_waiting_seals", "Seals that no checkpoint covers yet")
CHECKPOINT_LAG: Final = _gauge("omega_checkpoint_lag_seconds", "How long there has been such a seal")
ANCHOR_LAG: Final = _gauge("omega_anchor_lag_seconds", "How long a new checkpoint has waited beyond its time", "anchor")
ANCHOR_OVERDUE: Final = _gauge("omega_anchor_overdue", "Whether it has waited too long: 1 or 0", "anchor")
INDEXED: Final = _gauge("omega_index_caught_up_timestamp_seconds", "When the index last had every checkpoint")
PUBLISHED: Final = _gauge("omega_published_timestamp_seconds", "When the process last left its numbers")

METRICS: Final = (
    DECISIONS,
    GATE_DENIES,
    CODE_DENIES,
    EVALUATION,
    COMMIT,
    PROBLEMS,
    IN_FLIGHT,
    WAITING,
    SPOOL_BYTES,
    SPOOL_RECORDS,
    SPOOL_SECONDS,
    READY,
    RESTARTS,
    SEALER_ROUND,
    SEALED,
    STORE_FAILURES,
    UNCHECKPOINTED,
    CHECKPOINT_LAG,
    ANCHOR_LAG,
    ANCHOR_OVERDUE,
    INDEXED,
    PUBLISHED,
)
