"""What happened lately that concerns tests: policies put in force, overrides. The index is asked, nobody has to tell.

Nothing is proved by that: it says when to look, and the log is looked at.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Engine

from app.index.errors import IndexingError
from app.index.query import Query
from app.index.search import search
from frameworks.control_test import ControlTest, Kind
from frameworks.population import Configuration

_LOG = logging.getLogger(__name__)

ACTIVATED: Final = "policy.activated"
ACTIONS: Final = (
    "policies.activate",
    "policies.roll_back",
    "policies.request_override",
    "policies.approve_override",
    "policies.revoke_override",
    "policies.break_glass",
    "policies.confirm_break_glass",
    "policies.review_break_glass",
)
"""The actions that have the tests made which are about them."""

SETTLED: Final = timedelta(seconds=30)
"""How long after something happened a test is made: what belongs to it is sealed by then."""

_BACK: Final = timedelta(hours=1)
_SYSTEM: Final = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The newest record of a type, or of an action where it is a decision."""

    type: str
    action: str | None
    at: datetime

    def concerns(self, test: ControlTest, last: datetime | None, now: datetime) -> bool:
        """Tell whether a test has to be made because of it; `last` is when it was made last."""
        selection = test.population
        if test.kind is not Kind.MACHINE or selection is None or now < self.at + SETTLED:
            return False
        if last is not None and last >= self.at + SETTLED:
            return False
        if self.action is not None:
            return self.action in selection.actions
        return self.type in selection.types or selection.configuration is Configuration.POLICIES


class Events(Protocol):
    """Knows what happened."""

    def since(self, now: datetime) -> Sequence[Event]:
        """Return what happened lately, the newest of each kind; nothing where that is not known."""


class IndexEvents:
    """`Events` in an index of the log. `tenant` is the one in whose name the control plane asks."""

    def __init__(self, engine: Engine, tenant: str) -> None:
        self._engine, self._tenant = engine, tenant

    def since(self, now: datetime) -> Sequence[Event]:
        """See `Events`."""
        back = now - _BACK
        queries = [Query(tenant=_SYSTEM, type=ACTIVATED, since=back, limit=1)]
        queries += [Query(tenant=self._tenant, action=each, allow=True, since=back, limit=1) for each in ACTIONS]
        try:
            found = [(query, entry) for query in queries for entry in search(self._engine, query).entries]
        except IndexingError as error:
            _LOG.debug("what happened is not known: %s", error)
            return ()
        return [
            Event(type=entry.type, action=query.action, at=datetime.fromisoformat(entry.time)) for query, entry in found
        ]
