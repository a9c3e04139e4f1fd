"""Attempts to buy, once they are decided on: kept, remembered, and looked into by a person where they are denied.

Whoever sells calls `keep_attempt` where the purchase is allowed, in the transaction of its effect, and `keep_denied`
where it is not. Knows neither orders nor money.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session

from app.alerts.alert import Alert, AlertSeverity
from app.alerts.outbox import post
from app.features.marketplace.acting import effect
from app.features.marketplace.fraud.features import Attempt, remember, standing_of
from app.features.marketplace.fraud.memory import RowMemory
from app.features.marketplace.fraud.rows import AttemptRow, CaseRow
from app.features.marketplace.fraud.verdict import Kind, Verdict, verdict_of
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pdp.model import Decision, Entity, EvaluationRequest

SERVICE: Final = "fraud-detection"
"""The subject that asks to keep a denied attempt."""

ALERT: Final = "marketplace.fraud_suspected"
"""The kind of the alert about a case."""

_OPENS: Final = frozenset({Kind.BLOCK, Kind.HOLD})


def keep_attempt(
    session: Session, attempt: Attempt, measured: Mapping[str, float], decision: Decision, decision_id: str
) -> Verdict:
    """Keep an attempt with its signals and its verdict, and remember it; returns the verdict.

    Args:
        session: of `effect`.
        attempt: that was decided on.
        measured: what `signals` returned for it.
        decision: about it.
        decision_id: of that decision.
    """
    verdict, standing = verdict_of(decision), standing_of(session, attempt)
    remember(attempt, standing, RowMemory(session, lock=True))
    session.add(
        AttemptRow(
            decision_id=decision_id,
            order=attempt.order,
            at=attempt.at,
            attempt=asdict(attempt),
            developer=standing.developer,
            signals=dict(measured),
            verdict=verdict.kind.value,
            score_ppm=verdict.score_ppm,
            model=verdict.model,
        )
    )
    return verdict


def keep_denied(  # noqa: PLR0913 - what was attempted, what was said, whom to tell
    enforce: Callable[[EvaluationRequest], Permit],
    attempt: Attempt,
    measured: Mapping[str, float],
    denial: DeniedError,
    *,
    targets: Collection[str],
    now: int,
) -> Verdict:
    """Keep an attempt that was denied, and open a case where its verdict calls for one; returns the verdict.

    Raises:
        DeniedError: policy does not let it be kept; nothing was.
        PdpError: see `BlockingPdp.enforce`.
    """
    verdict = verdict_of(denial.decision)
    permit = enforce(question(attempt, denial.decision_id, verdict))
    with effect(permit, now=lambda: now) as session:
        keep_attempt(session, attempt, measured, denial.decision, denial.decision_id)
        if verdict.kind in _OPENS:
            open_case(session, permit, attempt, verdict, denial.decision_id, targets=targets, now=now)
    return verdict


def open_case(  # noqa: PLR0913 - what a case is about
    session: Session,
    permit: Permit,
    attempt: Attempt,
    verdict: Verdict,
    denial: str,
    *,
    targets: Collection[str],
    now: int,
) -> str:
    """Open an investigation into an attempt that decision `denial` denied, and alert `targets`; returns its id."""
    identifier = f"case-{denial}"
    session.add(
        CaseRow(
            id=identifier,
            order=attempt.order,
            attempt=denial,
            verdict=verdict.kind.value,
            opened_at=now,
            notes=[],
            decision_id=permit.decision_id,
        )
    )
    post(session, _alert(identifier, verdict, denial, now), targets)
    return identifier


def question(attempt: Attempt, denial: str, verdict: Verdict) -> EvaluationRequest:
    """Return what the decision point is asked before a denied attempt is kept."""
    return EvaluationRequest(
        subject=Entity(type="service", id=SERVICE, properties={}),
        action="marketplace.record_attempt",
        resource=Entity(
            type="purchase_attempt",
            id=attempt.order,
            properties={
                "decision": denial,
                "verdict": verdict.kind.value,
                "opens_case": verdict.kind in _OPENS,
            },
        ),
        context={},
    )


def _alert(case: str, verdict: Verdict, denial: str, now: int) -> Alert:
    blocked = verdict.kind is Kind.BLOCK
    return Alert(
        id=f"alt_{case}",
        kind=ALERT,
        severity=AlertSeverity.CRITICAL if blocked else AlertSeverity.WARNING,
        summary="a purchase was blocked as fraud" if blocked else "a purchase is held: its risk is not known",
        time=datetime.fromtimestamp(now, UTC),
        decision_id=denial,
        detail={"case": case, "verdict": verdict.kind.value, "reasons": list(verdict.reasons)},
    )
