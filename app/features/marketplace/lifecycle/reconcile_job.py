"""The job that holds decisions against effects: every allow that changes something has one effect, and the other way.

The log is asked through its index, which proves nothing: what is found here says where a person has to look. That a
decision has no effect may also mean that its facts had changed before it had one.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from app.db import reading, writing
from app.features.marketplace.acting import EffectRow, GivenUpRow
from app.features.marketplace.lifecycle.job_steps import Means
from app.features.marketplace.lifecycle.limits import DAY, HOUR
from app.features.marketplace.lifecycle.rows import DifferenceRow
from app.index.errors import IndexingError
from app.index.query import MOST, Query
from app.index.search import search
from app.jobs.job import Job, JobError, Run
from app.jobs.schedule import Every
from app.pep import CONTROL

NAME: Final = "marketplace.reconcile"
DIFFERS: Final = "marketplace.not_reconciled"
"""The kind of the alert that a decision and its effect do not belong together."""

NO_EFFECT, NO_DECISION = "no_effect", "no_decision"
_BACK: Final = 7 * DAY
_SETTLED: Final = HOUR  # until then a decision is sealed and indexed, and has had its effect
_FEATURE: Final = "marketplace."


class Decisions(Protocol):
    """Knows which decisions are on record."""

    def allowed(self, actions: Collection[str], since: int, until: int) -> Mapping[str, str]:
        """Return the action of each allow of these actions from `since` to before `until` (Unix seconds), by its id.

        Raises:
            JobError: that is not known now.
        """


class IndexDecisions:
    """`Decisions` in an index of the log, of those that the control plane asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def allowed(self, actions: Collection[str], since: int, until: int) -> Mapping[str, str]:
        """See `Decisions`."""
        found: dict[str, str] = {}
        after = None
        while True:
            query = Query(
                tenant=CONTROL.tenant,
                actions=tuple(sorted(actions)),
                allow=True,
                since=datetime.fromtimestamp(since, UTC),
                until=datetime.fromtimestamp(until, UTC),
                after=after,
                limit=MOST,
            )
            try:
                page = search(self._engine, query)
            except IndexingError as error:
                raise JobError("index", str(error)) from error
            found |= {
                entry.decision_id: entry.action or "" for entry in page.entries if entry.caller == CONTROL.subject
            }
            if (after := page.after) is None:
                return found


class ReconcileJob:
    """Looks at the last week, night after night."""

    def __init__(self, means: Means, decisions: Decisions) -> None:
        self._means, self._decisions = means, decisions

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="hold decisions about the marketplace against their effects",
            schedule=Every(seconds=DAY, offset=4 * HOUR),
            run=self.run,
        )

    def run(self, run: Run) -> Mapping[str, Any]:
        """Keep the differences, tell of new ones, and settle those that are none any more.

        Raises:
            JobError: the index does not answer.
        """
        until = self._means.now() - _SETTLED
        since = until - _BACK
        allowed = self._decisions.allowed(self._actions(), since - HOUR, self._means.now())
        settled = self._decisions.allowed(self._actions(), since, until)
        with reading() as session:
            found = dict(_differences(session, allowed, settled, (since, until)))
            known = {(row.decision, row.what) for row in session.exec(select(DifferenceRow))}
        with writing(run.permit) as session:
            new = {key: action for key, action in found.items() if key not in known}
            for (decision, what), action in sorted(new.items()):
                session.add(
                    DifferenceRow(
                        decision=decision,
                        what=what,
                        action=action,
                        found_at=self._means.now(),
                        decision_id=run.permit.decision_id,
                    )
                )
            self._settle(session, found, allowed)
            if new:
                detail = {
                    what: sorted(key[0] for key in new if key[1] == what)[:50] for what in (NO_EFFECT, NO_DECISION)
                }
                summary = f"{len(new)} decisions and effects of the marketplace do not belong together"
                self._means.alert(session, run.permit, DIFFERS, summary, detail)
        return {"decisions": len(settled), "differences": len(found), "new": len(new)}

    def _actions(self) -> list[str]:
        without = self._means.limits().without
        return [each for each in self._means.bundle().actions if each.startswith(_FEATURE) and each not in without]

    def _settle(self, session: Session, found: Collection[tuple[str, str]], allowed: Mapping[str, str]) -> None:
        for row in session.exec(select(DifferenceRow).where(col(DifferenceRow.settled_at).is_(None))):
            there = session.get(EffectRow, row.decision) is not None and row.decision in allowed
            if (row.decision, row.what) not in found and there:
                row.settled_at = self._means.now()


def _differences(
    session: Session, allowed: Mapping[str, str], settled: Mapping[str, str], window: tuple[int, int]
) -> Iterable[tuple[tuple[str, str], str]]:
    since, until = window
    statement = select(EffectRow.decision_id, EffectRow.action).where(col(EffectRow.at) >= since - HOUR)
    effects = dict(session.exec(statement).all())
    given_up = set(session.exec(select(GivenUpRow.decision_id).where(col(GivenUpRow.at) >= since - HOUR)))
    late = select(EffectRow.decision_id).where(col(EffectRow.at) >= since, col(EffectRow.at) < until)
    for decision, action in settled.items():
        if decision not in effects and decision not in given_up:
            yield (decision, NO_EFFECT), action
    for decision in session.exec(late):
        if allowed.get(decision) != effects[decision]:
            yield (decision, NO_DECISION), effects[decision]
