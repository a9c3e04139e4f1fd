"""The job that gives the badge `featured` to listings that have earned it, by a decision for each."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sqlmodel import Session, col, select

from app.db import reading
from app.features.marketplace.lifecycle import badges, standing
from app.features.marketplace.lifecycle.desk import Trade
from app.features.marketplace.lifecycle.job_steps import Asked, Means
from app.features.marketplace.lifecycle.limits import DAY
from app.features.marketplace.lifecycle.rows import BadgeKind, BadgeRow, ReviewRow
from app.features.marketplace.rows import AgentRow, AgentState
from app.jobs.job import Job, Run
from app.jobs.schedule import Every
from app.pdp.enforce import Permit
from app.pdp.model import Entity

NAME: Final = "marketplace.award"


class AwardJob:
    """Asks for each listing that somebody has reviewed and whose badge is not there, or ends within a day."""

    def __init__(self, means: Means, trade: Trade) -> None:
        self._means, self._trade = means, trade

    def job(self) -> Job:
        """Return the job."""
        return Job(
            name=NAME,
            title="give the badge `featured` to what has earned it",
            schedule=Every(seconds=DAY),
            run=self.run,
            idle=lambda: not self._candidates(),
        )

    def run(self, run: Run) -> Mapping[str, Any]:
        """Give the badge where policy says that it is earned."""
        looking = badges.Looking(limits=self._means.limits(), trade=self._trade, now=self._means.now())
        found = self._candidates()
        awarded = 0
        for agent in found:
            if run.stopping():
                break
            asked = Asked(job=NAME, action="marketplace.feature", facts=partial(_earned, agent, looking))
            awarded += self._means.have(asked, partial(self._give, agent, looking))
        return {"asked": len(found), "awarded": awarded}

    def _candidates(self) -> list[str]:
        tomorrow = self._means.now() + DAY
        with reading() as session:
            held = select(BadgeRow.holder).where(
                BadgeRow.kind == BadgeKind.FEATURED.value, col(BadgeRow.until) > tomorrow
            )
            statement = select(AgentRow.id).where(
                AgentRow.state == AgentState.LISTED.value,
                col(AgentRow.id).in_(select(ReviewRow.agent)),
                col(AgentRow.id).not_in(held),
            )
            return sorted(session.exec(statement))

    def _give(self, agent: str, looking: badges.Looking, session: Session, permit: Permit) -> None:
        until = looking.now + looking.limits.featured
        row = BadgeRow(
            holder=agent,
            kind=BadgeKind.FEATURED.value,
            since=looking.now,
            until=until,
            decision_id=permit.decision_id,
        )
        standing.give(session, row)


def _earned(agent: str, looking: badges.Looking, session: Session, *, lock: bool = False) -> Entity:
    return badges.earned(session, agent, looking, lock=lock)
