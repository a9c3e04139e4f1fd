"""How granted overrides reach the decision points of this node: a snapshot, read again and again, and counted uses.

Owns both. What is shown is at most `EVERY` seconds old; whether a grant can still be used is asked of the database each
time one is. Counting needs no permit, as there is no decision yet: this is the one writer beside migrations that has
none, and it writes two columns. Where the database does not answer, nothing is granted.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from app.db import write_transaction
from app.features.policies.overrides.rows_overrides import OverrideRow, listed
from app.pdp.grants import MOST, Grant, Scope, scope_of
from app.pdp.model import EvaluationRequest

_LOG = logging.getLogger(__name__)
EVERY: Final = 1.0
"""Seconds between two looks at what is granted."""

_ALL: Final = 10_000


class DatabaseGrants:
    """The grants in a product database; `Grants` as the decision point wants it."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        """Begin without any. `engine` is not guarded, and used by nobody else."""
        self._engine, self._clock = engine, clock
        self._known: Mapping[Scope, tuple[Grant, ...]] = {}
        self._lost = False

    def of(self, tenant: str, request: EvaluationRequest) -> tuple[Grant, ...]:
        """See `Grants.of`."""
        return self._known.get(scope_of(tenant, request), ()) if self._known else ()

    async def use(self, grant: Grant) -> bool:
        """See `Grants.use`."""
        try:
            return await asyncio.to_thread(self._count, grant.id)
        except SQLAlchemyError as error:
            _LOG.warning("a use of an override cannot be counted, so it is none: %s", type(error).__name__)
            return False

    def look(self) -> None:
        """Read what is granted. Blocks; where that fails, nothing is."""
        now = int(self._clock().timestamp())
        try:
            with Session(self._engine) as session:
                live = listed(
                    session,
                    col(OverrideRow.ends) > now,
                    col(OverrideRow.revoked).is_(None),
                    col(OverrideRow.used) < col(OverrideRow.uses),
                    most=_ALL,
                )
        except SQLAlchemyError as error:
            if not self._lost:
                _LOG.warning("overrides cannot be read, so none is granted: %s", type(error).__name__)
            self._lost, self._known = True, {}
            return
        self._lost = False
        known: dict[Scope, tuple[Grant, ...]] = {}
        for override in sorted(live, key=lambda each: each.id):
            if (grant := override.grant(now)) is not None:
                known[grant.scope] = (*known.get(grant.scope, ()), grant)[:MOST]
        self._known = known

    async def watch(self) -> None:
        """Read what is granted, now and then again, until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(EVERY)

    def _count(self, override_id: str) -> bool:
        now = int(self._clock().timestamp())
        one_more = (
            update(OverrideRow)
            .where(
                col(OverrideRow.id) == override_id,
                col(OverrideRow.revoked).is_(None),
                col(OverrideRow.used) < col(OverrideRow.uses),
            )
            .values(used=col(OverrideRow.used) + 1, last_used=now)
        )
        with write_transaction(self._engine) as connection:
            return connection.execute(one_more).rowcount == 1
