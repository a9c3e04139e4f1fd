"""The watch over the clocks of requests, as a job: somebody is told before one runs out, and when it has.

A clock that was missed is put on record in the log, and stands in a table from which nothing is deleted. What persons
said is kept as long as `retention` says.
"""

import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.alerts.alert import Alert, AlertSeverity
from app.alerts.outbox import post
from app.db import reading, writing
from app.features.dsr import retention, rows
from app.features.dsr.clocks import Standing
from app.features.dsr.desk import policy_data
from app.features.dsr.errors import DsrDataError
from app.features.dsr.request import Request, State
from app.features.dsr.retention import Spans
from app.features.dsr.rows import ToldRow
from app.jobs.job import Job, JobError, Run
from app.jobs.schedule import Every
from app.pdp.bundle import Bundle
from app.pdp.enforce import Permit
from app.privacy.errors import PrivacyError

NAME: Final = "dsr.watch_clocks"
MISSED: Final = "dsr.clock_missed"
"""The type of the record that a clock was missed, and the kind of its alert."""

SOON: Final = "dsr.clock_soon"
_HOUR: Final = 3_600
_MOST: Final = 10_000  # requests that are looked at: so many open ones, and so many of the newest that have ended
_WHAT: Final = {Standing.OVERDUE: "missed", Standing.LATE: "missed", Standing.SOON: "soon"}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """That the clock of a request is about to run out, or has, of which nobody was told yet."""

    request: Request
    what: str
    due: int

    def document(self) -> dict[str, Any]:
        """Return what may leave the house: not who asks."""
        asked = self.request
        return {
            "request": asked.id,
            "kind": asked.kind.value,
            "law": asked.limit.law,
            "state": asked.state.value,
            "due": _moment(self.due),
        }


class ClockWatch:
    """Looks at all open requests again and again. `note` puts a record into the log, `targets` are told."""

    def __init__(  # noqa: PLR0913 - what a job is handed
        self,
        targets: Collection[str],
        bundle: Callable[[], Bundle],
        *,
        note: Callable[[str, Mapping[str, Any]], None],
        held: Callable[[str], Collection[str]],
        clock: Callable[[], float] = time.time,
        random: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        """Begin with nothing told.

        `bundle` returns the policies in force, `held` is as in `retention.keep_to`, `clock` returns Unix seconds.
        """
        self._held, self._bundle = held, bundle
        self._targets, self._note, self._clock, self._random = targets, note, clock, random

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="tell of clocks of requests that run out",
            schedule=Every(seconds=_HOUR),
            run=self.run,
            idle=self.idle,
        )

    def idle(self) -> bool:
        """Tell whether nothing is to be told, and nothing to be forgotten."""
        now = int(self._clock())
        try:
            return not self._news(now) and not retention.due(self._spans(), now)
        except DsrDataError:
            return False  # the run says so

    def run(self, run: Run) -> Mapping[str, Any]:
        """Put on record what was missed, tell of it and of what is about to be, and forget what has had its time.

        Raises:
            JobError: whether a legal hold stands cannot be seen, or policies do not say how long things are kept.
        """
        now = int(self._clock())
        found = self._news(now)
        for each in found:
            if each.what == "missed":
                self._note(MISSED, each.document() | {"found": _moment(now)})
            self._keep(run.permit, each, now)
        missed = sum(each.what == "missed" for each in found)
        try:
            kept = retention.keep_to(run.permit, self._spans(), now, NAME, self._held)
        except (DsrDataError, PrivacyError) as error:
            raise JobError(error.code, str(error)) from error
        return {"missed": missed, "soon": len(found) - missed} | kept

    def _spans(self) -> Spans:
        return policy_data(self._bundle()).kept

    def _news(self, now: int) -> list[News]:
        with reading() as session:
            told = rows.told(session)
            listed = [*rows.requests(session, most=_MOST), *rows.requests(session, ended=True, most=_MOST)]
        found = [_of(each, now) for each in listed if each.state is not State.DUPLICATE]
        return [each for each in found if each is not None and (each.request.id, each.what, each.due) not in told]

    def _keep(self, permit: Permit, news: News, now: int) -> None:
        with writing(permit) as session:
            session.add(
                ToldRow(request=news.request.id, what=news.what, due=news.due, at=now, decision_id=permit.decision_id)
            )
            post(session, _alert(news, permit, now, self._random(16)), self._targets)


def _of(request: Request, now: int) -> News | None:
    pace = request.pace
    what = _WHAT.get(pace.standing(now))
    return None if what is None else News(request=request, what=what, due=pace.due(now))


def _alert(news: News, permit: Permit, now: int, identifier: str) -> Alert:
    missed, due = news.what == "missed", _moment(news.due)
    said = f"was missed: it ended at {due}" if missed else f"ends at {due}"
    return Alert(
        id=f"alt_{identifier}",
        kind=MISSED if missed else SOON,
        severity=AlertSeverity.CRITICAL if missed else AlertSeverity.WARNING,
        summary=f"the time to answer {news.request.id} by {news.request.limit.law} {said}",
        time=datetime.fromtimestamp(now, UTC),
        decision_id=permit.decision_id,
        detail=news.document(),
    )


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
