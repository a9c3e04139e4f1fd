"""The watch over scores, as a job: somebody is told when they are distributed otherwise than before, or than meant.

A model grows old when buyers or attackers change; what it was made with does not show that, what it scores does.
"""

import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import col, select

from app.alerts.alert import Alert, AlertSeverity
from app.alerts.outbox import post
from app.db import reading, writing
from app.features.marketplace.errors import MarketDataError
from app.features.marketplace.fraud.rows import AttemptRow
from app.features.marketplace.fraud.trace import DAY
from app.features.marketplace.fraud.training.metrics import stability
from app.features.marketplace.fraud.verdict import Kind
from app.jobs.job import Job, JobError, Run
from app.jobs.schedule import Every
from app.pdp.bundle import Bundle

NAME: Final = "marketplace.watch_fraud"
ALERT: Final = "marketplace.fraud_drift"
"""The kind of the alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The limits, as `policies/data/fraud_watch.json` has them: shares from 0 to 1."""

    days: int
    compared_with_days: int
    least_attempts: int
    most_stability_index: float
    most_verified: float
    most_blocked: float


class FraudWatch:
    """Looks at what was scored lately, by the policies that `bundle` returns; `targets` are told."""

    def __init__(
        self,
        bundle: Callable[[], Bundle],
        targets: Collection[str],
        *,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        """Begin; `clock` returns Unix seconds."""
        self._bundle, self._targets, self._clock, self._random = bundle, targets, clock, random

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="look whether fraud is scored as it was",
            schedule=Every(seconds=DAY),
            run=self.run,
            idle=self.idle,
        )

    def idle(self) -> bool:
        """Tell whether nothing was scored that could be looked at."""
        with reading() as session:
            return session.exec(select(AttemptRow.decision_id).limit(1)).first() is None

    def run(self, run: Run) -> Mapping[str, Any]:
        """Compare, and tell of what is beyond a limit.

        Raises:
            JobError: the policies in force have no limits for it.
        """
        now = int(self._clock())
        try:
            found = drift(watch_of(self._bundle()), now)
        except MarketDataError as error:
            raise JobError("policy_data", str(error)) from error
        if found["beyond"]:
            with writing(run.permit) as session:
                post(session, _alert(found, run.permit.decision_id, now, self._random(16)), self._targets)
        return found | {"beyond": len(found["beyond"])}


def watch_of(bundle: Bundle) -> Watch:
    """Return the limits.

    Raises:
        MarketDataError: there are none.
    """
    try:
        return Watch(**json.loads(bundle.data)["fraud_watch"])
    except (KeyError, TypeError) as error:
        raise MarketDataError("the policy data `fraud_watch` are missing, or of another form") from error


def drift(watch: Watch, now: int) -> dict[str, Any]:
    """Return how scores of late compare with those before, and which limits are passed; nothing is, of too few."""
    begin = now - watch.days * DAY
    late, before = _attempts(begin, now), _attempts(begin - watch.compared_with_days * DAY, begin)
    found: dict[str, Any] = {"attempts": len(late), "before": len(before), "beyond": []}
    if len(late) < watch.least_attempts:
        return found
    shares = {
        kind: round(sum(row.verdict == kind for row in late) / len(late), 5) for kind in (Kind.VERIFY, Kind.BLOCK)
    }
    found |= {"verified": shares[Kind.VERIFY], "blocked": shares[Kind.BLOCK]}
    limits = {"verified": watch.most_verified, "blocked": watch.most_blocked}
    if len(before) >= watch.least_attempts:
        found["stability_index"] = round(stability(_scores(before), _scores(late)), 5)
        limits["stability_index"] = watch.most_stability_index
    return found | {"beyond": sorted(name for name, limit in limits.items() if found[name] > limit)}


def _attempts(begin: int, end: int) -> list[AttemptRow]:
    with reading() as session:
        statement = select(AttemptRow).where(AttemptRow.at > begin, AttemptRow.at <= end)
        return list(session.exec(statement.where(col(AttemptRow.score_ppm).is_not(None))).all())


def _scores(rows: list[AttemptRow]) -> list[float]:
    return [float(row.score_ppm or 0) for row in rows]


def _alert(found: Mapping[str, Any], decision_id: str, now: int, identifier: str) -> Alert:
    return Alert(
        id=f"alt_{identifier}",
        kind=ALERT,
        severity=AlertSeverity.WARNING,
        summary=f"fraud is scored otherwise than it was, or than policy means it: {', '.join(found['beyond'])}",
        time=datetime.fromtimestamp(now, UTC),
        decision_id=decision_id,
        detail=dict(found),
    )
