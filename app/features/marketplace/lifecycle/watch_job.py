"""The job that watches over times: what was not patched, what was announced to end, what ends by itself.

Each effect is a decision of its own; the policies say when its time has come, and the job only looks for it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from sqlmodel import Session, col, select

from app.db import reading
from app.features.marketplace.lifecycle import badges, stepping
from app.features.marketplace.lifecycle.desk import moment
from app.features.marketplace.lifecycle.job_steps import Asked, Means
from app.features.marketplace.lifecycle.limits import HOUR
from app.features.marketplace.lifecycle.rows import BadgeKind, BadgeRow
from app.features.marketplace.lifecycle.state import ON_SALE, Step
from app.features.marketplace.rows import AgentRow, AgentState, Kyc, PartyRow
from app.jobs.job import Job, Run
from app.jobs.schedule import Every
from app.pdp.enforce import Permit
from app.pdp.model import Entity

NAME: Final = "marketplace.watch_life"
DELISTED: Final = "marketplace.delisted"
"""The kind of the alert that the job has taken a listing off."""

_VULNERABLE, _ENDED = "known_vulnerability", "end_of_life"
_WHY: Final = {
    _VULNERABLE: "a known critical vulnerability was not patched in time",
    _ENDED: "the end that was announced has come",
}


class LifeWatch:
    """Has what is due happen."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="watch over the clocks of listings, badges and identities",
            schedule=Every(seconds=HOUR),
            run=self.run,
            idle=lambda: not self._due(),
        )

    def run(self, run: Run) -> Mapping[str, Any]:
        """Do what is due, each by its own decision."""
        counted: dict[str, int] = {}
        for what, asked, do in self._due():
            if run.stopping():
                break
            counted[what] = counted.get(what, 0) + self._means.have(asked, do)
        return counted

    def _due(self) -> list[tuple[str, Asked, Callable[[Session, Permit], None]]]:
        now = self._means.now()
        found: list[tuple[str, Asked, Callable[[Session, Permit], None]]] = []
        with reading() as session:
            for agent, why in self._ending(session, now):
                facts = partial(_of, stepping.ending, agent)
                asked = Asked(job=NAME, action="marketplace.delist", facts=facts, context={"reason": why})
                found.append(("delisted", asked, partial(self._delist, agent, why)))
            for agent in _patched(session):
                asked = Asked(job=NAME, action="marketplace.reinstate", facts=partial(_of, stepping.taken_off, agent))
                found.append(("reinstated", asked, partial(self._reinstate, agent)))
            for badge in session.exec(select(BadgeRow).where(col(BadgeRow.until) <= now)):
                asked = Asked(
                    job=NAME, action="marketplace.expire", facts=partial(_badge, badge.holder, badge.kind, badge.until)
                )
                found.append(("badges", asked, partial(self._end_badge, badge.holder, badge.kind)))
            for party in session.exec(select(PartyRow).where(col(PartyRow.kyc_until) <= now)):
                asked = Asked(job=NAME, action="marketplace.expire", facts=partial(_identity, party.id))
                found.append(("identities", asked, partial(self._end_identity, party.id)))
        return found

    def _ending(self, session: Session, now: int) -> list[tuple[str, str]]:
        tolerated, found = self._means.limits().critical, []
        states = [each.value for each in ON_SALE]
        for row in session.exec(select(AgentRow).where(col(AgentRow.state).in_(states)).order_by(AgentRow.id)):
            known = stepping.open_findings(session, row.id, row.newest)
            if known and now - known[0].first_seen > tolerated:
                found.append((row.id, _VULNERABLE))
            elif row.ends_at is not None and row.ends_at <= now:
                found.append((row.id, _ENDED))
        return found

    def _delist(self, agent: str, why: str, session: Session, permit: Permit) -> None:
        stepping.take(session, self._taken(permit, Step.DELIST, agent, (why, _WHY[why])))
        self._means.alert(session, permit, DELISTED, f"{agent} was taken off: {_WHY[why]}", {"listing": agent})

    def _reinstate(self, agent: str, session: Session, permit: Permit) -> None:
        said = ("patched", "the version on sale has no known critical vulnerability any more")
        stepping.take(session, self._taken(permit, Step.REINSTATE, agent, said))

    def _taken(self, permit: Permit, step: Step, agent: str, said: tuple[str, str]) -> stepping.Taken:
        return stepping.Taken(permit=permit, step=step, agent=agent, reason=said[0], text=said[1], at=self._means.now())

    def _end_badge(self, holder: str, kind: str, session: Session, permit: Permit) -> None:
        session.delete(session.get_one(BadgeRow, (holder, kind)))
        session.flush()
        if kind == BadgeKind.VERIFIED.value:
            badges.tier(session, holder, permit.decision_id, self._means.now())

    def _end_identity(self, party: str, session: Session, permit: Permit) -> None:
        row = session.get_one(PartyRow, party)
        row.kyc, row.kyc_until = Kyc.NONE.value, None
        badges.tier(session, party, permit.decision_id, self._means.now())


def _patched(session: Session) -> list[str]:
    found = []
    statement = select(AgentRow).where(AgentRow.state == AgentState.DELISTED.value).order_by(AgentRow.id)
    for row in session.exec(statement):
        last = stepping.last_step(session, row.id, None)
        by_job = last is not None and last.by == NAME and last.reason == _VULNERABLE
        if by_job and not stepping.open_findings(session, row.id, row.newest):
            found.append(row.id)
    return found


def _of(describe: Callable[..., Entity], agent: str, session: Session, *, lock: bool = False) -> Entity:
    return describe(session, agent, lock=lock)


def _badge(holder: str, kind: str, until: int, session: Session, *, lock: bool = False) -> Entity:
    row = session.get(BadgeRow, (holder, kind), with_for_update=True if lock else None)
    agent = None if row is None else session.get(AgentRow, row.holder)
    properties = {
        "developer": holder if agent is None else agent.developer,
        "until": moment(until if row is None else row.until),
    }
    return Entity(type="badge", id=f"{holder}:{kind}", properties=properties)


def _identity(party: str, session: Session, *, lock: bool = False) -> Entity:
    row = session.get_one(PartyRow, party, with_for_update=True if lock else None)
    return Entity(type="identification", id=party, properties={"developer": party, "until": moment(row.kyc_until or 0)})
