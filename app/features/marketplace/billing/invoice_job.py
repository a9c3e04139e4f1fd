"""The job that makes invoices: a month after the other, each by a decision of its own."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.billing.invoicing import Period, due, finalise, invoice_id
from app.features.marketplace.billing.rows import InvoiceRow
from app.features.marketplace.errors import ChangedError
from app.jobs.job import Job, Run
from app.jobs.schedule import Every
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pdp.model import Entity, EvaluationRequest

NAME: Final = "marketplace.invoice"
_HOUR: Final = 3_600


class InvoiceJob:
    """The job; `enforce` asks the decision point, `clock` returns Unix seconds."""

    def __init__(
        self, enforce: Callable[[EvaluationRequest], Permit], *, clock: Callable[[], float] = time.time
    ) -> None:
        """Begin without having looked."""
        self._enforce, self._clock = enforce, clock

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="make the invoices of months that are over",
            schedule=Every(seconds=_HOUR),
            run=self.run,
            idle=lambda: not self._due(),
        )

    def run(self, run: Run) -> Mapping[str, Any]:
        """Make what is due, and say how many were made, and how many policy denied."""
        made = denied = 0
        asked: set[str] = set()
        while not run.stopping():
            new = [each for each in self._due() if invoice_id(*each) not in asked]
            if not new:
                break
            for subscription, period in new:
                asked.add(invoice_id(subscription, period))
                try:
                    made += self._make(subscription, period)
                except DeniedError:
                    denied += 1
        return {"made": made, "denied": denied}

    def _due(self) -> list[tuple[str, Period]]:
        with reading() as session:
            return list(due(session, int(self._clock())))

    def _make(self, subscription: str, period: Period) -> int:
        def facts(session: Session) -> Entity:
            return invoiced(session, subscription, period)

        with reading() as session:
            resource = facts(session)
        job = Entity(type="job", id=NAME, properties={})
        permit = self._enforce(EvaluationRequest(subject=job, action=NAME, resource=resource, context={}))
        try:
            with effect(permit, facts, now=self._clock) as session:
                finalise(session, subscription, period, now=int(self._clock()), decision_id=permit.decision_id)
        except ChangedError:
            return 0  # somebody else has made it
        return 1


def invoiced(session: Session, subscription: str, period: Period) -> Entity:
    """Return an invoice, made or not, as policy sees it."""
    identifier = invoice_id(subscription, period)
    ends = datetime.fromtimestamp(period.ends_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = session.get(InvoiceRow, identifier) is not None
    return Entity(type="invoice", id=identifier, properties={"period_ends_at": ends, "finalised": known})
