"""What the jobs of this room share: each effect is asked for by itself, with the job as subject, and counted."""

import secrets
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from app.alerts.alert import Alert, AlertSeverity
from app.alerts.outbox import post
from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.errors import ChangedError, MarketDataError
from app.features.marketplace.lifecycle.limits import Limits, limits
from app.jobs.job import JobError
from app.pdp.bundle import Bundle
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pdp.model import Entity, EvaluationRequest

Facts = Callable[..., Entity]
"""Describes what is acted on, given a session and, by name, whether to lock it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a job works with.

    Attributes:
        bundle: returns the policies in force.
        enforce: asks the decision point.
        targets: who is told of alerts.
        clock: Unix seconds.
        random: so many bytes, as hexadecimal digits.
    """

    bundle: Callable[[], Bundle]
    enforce: Callable[[EvaluationRequest], Permit]
    targets: Collection[str] = ()
    clock: Callable[[], float] = time.time
    random: Callable[[int], str] = field(default=secrets.token_hex)

    def now(self) -> int:
        """Return the time, in Unix seconds."""
        return int(self.clock())

    def limits(self) -> Limits:
        """Return what policy data say.

        Raises:
            JobError: not what is needed.
        """
        try:
            return limits(self.bundle())
        except MarketDataError as error:
            raise JobError("data", str(error)) from error

    def alert(self, session: Session, permit: Permit, kind: str, summary: str, detail: Mapping[str, Any]) -> None:
        """Have the targets told; `detail` names no person."""
        post(
            session,
            Alert(
                id=f"alt_{self.random(16)}",
                kind=kind,
                severity=AlertSeverity.WARNING,
                summary=summary,
                time=datetime.fromtimestamp(self.now(), UTC),
                decision_id=permit.decision_id,
                detail=detail,
            ),
            self.targets,
        )

    def have(self, asked: "Asked", do: Callable[[Session, Permit], None]) -> bool:
        """Ask whether the job may, and do it; return whether it was done. Neither a denial nor a change ends a run."""
        with reading() as session:
            resource = asked.facts(session)
        request = EvaluationRequest(
            subject=Entity(type="job", id=asked.job, properties={}),
            action=asked.action,
            resource=resource,
            context=dict(asked.context),
        )
        with suppress(DeniedError, ChangedError):
            permit = self.enforce(request)
            with effect(permit, lambda session: asked.facts(session, lock=True), now=self.clock) as session:
                do(session, permit)
            return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a job asks for."""

    job: str
    action: str
    facts: Facts
    context: Mapping[str, Any] = field(default_factory=dict)
