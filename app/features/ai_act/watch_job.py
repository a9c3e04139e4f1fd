"""The watch over the clocks of incidents, as a job: somebody is told before one runs out, and when it has.

A clock that was missed is put on record in the log, and stands in a table from which nothing is deleted.
"""

import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.alerts.alert import Alert, AlertSeverity
from app.alerts.outbox import post
from app.db import reading, writing
from app.features.ai_act import rows
from app.features.ai_act.errors import AiActError
from app.features.ai_act.incident import Incident, Running, Standing, moment
from app.features.ai_act.policy_data import Clock, policy_data
from app.features.ai_act.rows import ClockToldRow
from app.jobs.job import Job, JobError, Run
from app.jobs.schedule import Every
from app.pdp.bundle import Bundle
from app.pdp.enforce import Permit

NAME: Final = "ai_act.watch_clocks"
MISSED: Final = "ai_act.clock_missed"
"""The type of the record that a clock was missed, and the kind of its alert."""

SOON: Final = "ai_act.clock_soon"
_HOUR: Final = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """That a clock of an incident is about to run out, or has, of which nobody was told yet."""

    incident: Incident
    running: Running
    what: Standing

    def document(self) -> dict[str, Any]:
        """Return what may leave the house: no text of the incident, no person."""
        clock = self.running.clock
        return {
            "incident": self.incident.id,
            "system": self.incident.system or "",
            "clock": clock.id,
            "law": clock.law,
            "recipient": clock.recipient,
            "due": moment(self.running.due or 0),
        }


class ClockWatch:
    """Looks at all incidents again and again. `note` puts a record into the log, `targets` are told."""

    def __init__(
        self,
        bundle: Callable[[], Bundle],
        targets: Collection[str],
        *,
        note: Callable[[str, Mapping[str, Any]], None],
        clock: Callable[[], float] = time.time,
        random: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self._bundle, self._targets, self._note, self._clock, self._random = bundle, targets, note, clock, random

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="tell of clocks of incidents that run out",
            schedule=Every(seconds=_HOUR),
            run=self.run,
            idle=self.idle,
        )

    def idle(self) -> bool:
        """Tell whether nothing is to be told."""
        try:
            return not self._news(int(self._clock()))
        except AiActError:
            return False  # so that the run fails, and says why

    def run(self, run: Run) -> Mapping[str, Any]:
        """Put on record what was missed, and tell of it and of what is about to be.

        Raises:
            JobError: the policies in force have no clocks.
        """
        now = int(self._clock())
        try:
            found = self._news(now)
        except AiActError as error:
            raise JobError(error.code, str(error)) from error
        for each in found:
            if each.what is Standing.MISSED:
                self._note(MISSED, each.document() | {"found": moment(now)})
            self._keep(run.permit, each, now)
        missed = sum(each.what is Standing.MISSED for each in found)
        return {"missed": missed, "soon": len(found) - missed}

    def _news(self, now: int) -> list[News]:
        clocks = policy_data(self._bundle()).clocks
        with reading() as session:
            told = {(row.incident, row.clock, row.what) for row in rows.told(session)}
            found = [news for each in rows.incidents(session) for news in _of(each, clocks, now)]
        return [each for each in found if (each.incident.id, each.running.clock.id, each.what.value) not in told]

    def _keep(self, permit: Permit, news: News, now: int) -> None:
        with writing(permit) as session:
            session.add(
                ClockToldRow(
                    incident=news.incident.id,
                    clock=news.running.clock.id,
                    what=news.what.value,
                    law=news.running.clock.law,
                    due=news.running.due or 0,
                    at=now,
                    decision_id=permit.decision_id,
                )
            )
            post(session, _alert(news, permit, now, self._random(16)), self._targets)


def _of(incident: Incident, clocks: tuple[Clock, ...], now: int) -> Iterator[News]:
    for each in incident.missed(clocks, now):
        yield News(incident=incident, running=each, what=Standing.MISSED)
    for each in incident.clocks(clocks):
        if each.standing(now) is Standing.SOON:
            yield News(incident=incident, running=each, what=Standing.SOON)


def _alert(news: News, permit: Permit, now: int, identifier: str) -> Alert:
    missed = news.what is Standing.MISSED
    due = moment(news.running.due or 0)
    said = f"was missed: it ended at {due}" if missed else f"ends at {due}"
    return Alert(
        id=f"alt_{identifier}",
        kind=MISSED if missed else SOON,
        severity=AlertSeverity.CRITICAL if missed else AlertSeverity.WARNING,
        summary=f"the time to notify of {news.incident.id} by {news.running.clock.law} {said}",
        time=datetime.fromtimestamp(now, UTC),
        decision_id=permit.decision_id,
        detail=news.document(),
    )
