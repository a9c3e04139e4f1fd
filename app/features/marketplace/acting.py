"""The one way to change something on the marketplace: facts of our own, a decision, one transaction with its effect.

The route, or the job, has had its decision made on facts that we read; `effect` reads them again under lock, gives up
if they have changed, does the effect and keeps, in the same transaction, that this decision had it. So each effect
names one decision, and each decision has one effect at most: the table's key sees to that. What was allowed and then
given up, or done before, is kept as that; the reconciliation (`lifecycle/`) looks for what is missing on either side.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger
from sqlmodel import Field, Session

from app.db import ProductRow, writing
from app.features.marketplace.errors import ChangedError, MarketplaceError
from app.pdp.enforce import Permit
from app.pdp.model import Entity


class EffectRow(ProductRow, table=True):
    """That a decision had its effect. It stands for good."""

    __tablename__ = "market_effect"

    decision_id: str = Field(primary_key=True, max_length=48)
    action: str = Field(max_length=128)
    resource_type: str = Field(max_length=64)
    resource: str = Field(max_length=128)
    at: int = Field(sa_type=BigInteger, index=True)


class GivenUpRow(ProductRow, table=True):
    """That a decision allowed something and nothing was changed: it could not be done any more, or was done before."""

    __tablename__ = "market_given_up"

    decision_id: str = Field(primary_key=True, max_length=48)
    action: str = Field(max_length=128)
    at: int = Field(sa_type=BigInteger, index=True)


def give_up(permit: Permit, *, now: Callable[[], float] = time.time) -> None:
    """Keep that what `permit` allows changes nothing."""
    with writing(permit) as session:
        session.merge(GivenUpRow(decision_id=permit.decision_id, action=permit.request.action, at=int(now())))


@contextmanager
def effect(
    permit: Permit, facts: Callable[[Session], Entity] | None = None, *, now: Callable[[], float] = time.time
) -> Iterator[Session]:
    """Run the one transaction that has the effect which `permit` allows; see `app.db.writing`.

    Args:
        permit: of the decision.
        facts: describes what is acted on, as the decision's resource was described, with the rows locked
            (`with_for_update`, which `reading` refuses: describe without a lock there). Without it nothing is read
            again, for what is new.
        now: Unix seconds.

    Raises:
        ChangedError: it is described differently by now; nothing was changed, and that is kept.
    """
    try:
        with writing(permit) as session:
            resource = permit.request.resource
            if facts is not None and facts(session) != resource:
                raise ChangedError("what was decided on has changed")
            yield session
            session.add(
                EffectRow(
                    decision_id=permit.decision_id,
                    action=permit.request.action,
                    resource_type=resource.type,
                    resource=resource.id,
                    at=int(now()),
                )
            )
    except MarketplaceError:
        give_up(permit, now=now)
        raise
