"""Counts what a worker decides and refuses, and has it traced where that is asked for."""

import time
from typing import Final, Protocol

from app.errors import Problem
from app.pdp.model import Enforcement
from app.pdp.observer import Evaluated
from app.telemetry import catalogue
from app.telemetry.numbers import Numbers, Series

_UNKNOWN: Final = "unknown"
_SECOND: Final = 1e9  # nanoseconds


class Tracer(Protocol):
    """Makes spans of decisions."""

    def asked(self, headers: dict[bytes, bytes]) -> None:
        """Take in which trace the request of this task belongs to (W3C Trace Context)."""

    def evaluated(self, evaluated: Evaluated) -> None:
        """Make spans of a decision of this task."""


class Watching:
    """What a worker counts: `app.pdp.observer.Observer` and `app.decision_plane.asgi.Watcher` in one."""

    now = staticmethod(time.perf_counter_ns)

    def __init__(self, numbers: Numbers, tracer: Tracer | None = None) -> None:
        """Count in `numbers`; trace with `tracer`, if there is one."""
        self._numbers, self._tracer = numbers, tracer
        self._evaluation = numbers.series(catalogue.EVALUATION)
        self._commit: dict[str, Series] = {}

    def asked(self, headers: dict[bytes, bytes]) -> None:
        """See `Tracer.asked`."""
        if self._tracer is not None:
            self._tracer.asked(headers)

    def refused(self, problem: Problem) -> None:
        """Count a request that ends in a problem."""
        self._numbers.add(catalogue.PROBLEMS, problem.code, str(problem.status))

    def evaluated(self, evaluated: Evaluated) -> None:
        """Count a decision."""
        action = evaluated.action or _UNKNOWN
        decision = evaluated.decision
        self._numbers.add(catalogue.DECISIONS, action, "allow" if decision.allow else "deny")
        self._evaluation.observe((evaluated.decided - evaluated.started) / _SECOND)
        durability = evaluated.durability.value
        series = self._commit.get(durability)
        if series is None:
            series = self._commit[durability] = self._numbers.series(catalogue.COMMIT, durability)
        series.observe((evaluated.recorded - evaluated.handed) / _SECOND)
        if not decision.allow:
            for violation in decision.violations:
                if violation.enforcement is not Enforcement.MONITORING:
                    self._numbers.add(catalogue.GATE_DENIES, action, violation.id)
            for diagnostic in decision.diagnostics:
                self._numbers.add(catalogue.CODE_DENIES, action, diagnostic.code)
        if self._tracer is not None:
            self._tracer.evaluated(evaluated)
