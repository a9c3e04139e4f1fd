"""The jobs of sales: each looks for what is due, asks for each thing that it would do, and does what is permitted."""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from app.db import reading
from app.features.marketplace.errors import MarketplaceError
from app.features.marketplace.sales import disputes, holds, payouts, settling
from app.features.marketplace.sales.till import Enforce, Till
from app.jobs.job import Job, Run
from app.jobs.schedule import Every
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pdp.model import Entity, EvaluationRequest

_LOG: Final = logging.getLogger(__name__)
SETTLE: Final = "marketplace.settle_payments"
BOOK: Final = "marketplace.book_disputes"
RELEASE: Final = "marketplace.release_holds"
PAY: Final = "marketplace.pay_out"
_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400


class SalesJobs:
    """What happens to money without anybody asking for it.

    Args:
        till: what money is moved with.
        enforce: asks the decision point.
        thresholds: returns the limits of the policies in force; see `holds.Limits` and `payouts.Keeping`.
    """

    def __init__(self, till: Till, enforce: Enforce, thresholds: Callable[[], Mapping[str, Any]]) -> None:
        self._till, self._enforce, self._thresholds = till, enforce, thresholds

    def jobs(self) -> list[Job]:
        """Return the jobs."""
        return [
            Job(
                name=SETTLE,
                title="go on with payments of which nobody knows whether they were made",
                schedule=Every(seconds=_MINUTE),
                run=self.settle,
                idle=lambda: not self._unsettled(),
            ),
            Job(
                name=BOOK,
                title="book what the payment provider said of disputes",
                schedule=Every(seconds=5 * _MINUTE),
                run=self.book,
                idle=lambda: not self._disputed(),
            ),
            Job(
                name=RELEASE,
                title="let go what was held of sales for long enough",
                schedule=Every(seconds=_HOUR),
                run=self.release,
                idle=lambda: not self._held_enough(),
            ),
            Job(
                name=PAY,
                title="pay developers out",
                schedule=Every(seconds=_DAY),
                run=self.pay_out,
                idle=lambda: not self._owed(),
            ),
        ]

    def settle(self, run: Run) -> Mapping[str, Any]:
        """Go on with every payment that is under way."""
        asked = self._unsettled()
        return self._each(run, SETTLE, "marketplace.settle", asked, lambda permit: settling.settle(self._till, permit))

    def book(self, run: Run) -> Mapping[str, Any]:
        """Book every dispute of which the provider said something new."""
        asked = self._disputed()
        return self._each(run, BOOK, "marketplace.dispute", asked, lambda permit: disputes.book(self._till, permit))

    def release(self, run: Run) -> Mapping[str, Any]:
        """Let go of every hold that has lasted for long enough."""
        asked = self._held_enough()
        return self._each(run, RELEASE, "marketplace.release", asked, lambda permit: holds.release(self._till, permit))

    def pay_out(self, run: Run) -> Mapping[str, Any]:
        """Pay every developer out to whom something may be paid, once a day and currency."""
        keeping, now = payouts.Keeping.of(self._thresholds()), self._till.at()
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        owed = self._owed()
        with reading() as session:
            wishes = {each.id: each for each in (payouts.wish(*of, day) for of in owed)}
            asked = [payouts.facts(session, each, keeping, now) for each in wishes.values()]
        worth = [each for each in asked if each.properties["amount_minor"] > 0]

        def effect(permit: Permit) -> object:
            return payouts.pay_out(self._till, permit, wishes[permit.request.resource.id], keeping)

        return self._each(run, PAY, "marketplace.payout", worth, effect)

    def _unsettled(self) -> list[Entity]:
        with reading() as session:
            found = [(each.kind, each.id) for each in settling.pending(session)]
            found += [(settling.Kind.PAYOUT, each) for each in payouts.reported(session)]
            return [settling.facts(session, *each) for each in found]

    def _disputed(self) -> list[Entity]:
        with reading() as session:
            return [disputes.facts(session, each) for each in disputes.waiting(session)]

    def _held_enough(self) -> list[Entity]:
        limits = holds.Limits.of(self._thresholds())
        with reading() as session:
            return [holds.facts(session, each) for each in holds.due(session, limits, self._till.at())]

    def _owed(self) -> list[tuple[str, str]]:
        with reading() as session:
            return list(payouts.owing(session))

    def _each(
        self,
        run: Run,
        job: str,
        action: str,
        asked: Iterable[Entity],
        effect: Callable[[Permit], object],
    ) -> Mapping[str, Any]:
        """Ask for each, and do what is permitted; what is refused, or has changed, is left for the next run."""
        told = {"done": 0, "denied": 0, "left": 0}
        subject = Entity(type="job", id=job, properties={})
        for resource in asked:
            if run.stopping():
                break
            request = EvaluationRequest(subject=subject, action=action, resource=resource, context={})
            told[self._one(request, effect)] += 1
        return told

    def _one(self, request: EvaluationRequest, effect: Callable[[Permit], object]) -> str:
        try:
            done = effect(self._enforce(request))
        except DeniedError:
            return "denied"
        except MarketplaceError as error:
            _LOG.warning("%s was not done: %s", request.action, error)
            return "left"
        return "left" if done is False else "done"
