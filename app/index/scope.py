"""What somebody may see of the log: said once as conditions of SQL and once of a record, and both agree.

Owns whose records and which times, never what is looked for among them. Knows no engagement but by its id.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, or_

from app.index.entry import Row
from app.index.errors import QueryError
from app.index.rows import DECISION
from evidence import form

SYSTEM: Final = "system"
"""The tenant of what the log says of itself."""

ABOUT_LOG: Final = frozenset(
    {
        "chain.opened",
        "chain.closed",
        "chain.abandoned",
        "engine.disagreed",
        "key.rotated",
        "policy.activated",
        "recovery",
        "storage.probe",
    }
)
"""The types of the system's records that are about the log and about policies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Records of one tenant: everything that is set must hold.

    Attributes:
        tenant: of the record.
        types: of the record; None: any.
        since: the earliest time, of the log's form.
        until: the time before which it was.
        caller: who asked.
        resource: type and id of what was asked about.
        without_caller: whose records are left out.
        of_its_type: a type of resource, of which no other is seen than the one with this id.
    """

    tenant: str
    types: frozenset[str] | None = None
    since: str | None = None
    until: str | None = None
    caller: str | None = None
    resource: tuple[str, str] | None = None
    without_caller: str | None = None
    of_its_type: tuple[str, str] | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield what holds of the rows that are seen; tenant, types and times whoever asks adds."""
        column = DECISION.c
        if self.caller is not None:
            yield column.caller == self.caller
        if self.resource is not None:
            yield column.resource_type == self.resource[0]
            yield column.resource_ref == self.resource[1]
        if self.without_caller is not None:
            yield column.caller.is_distinct_from(self.without_caller)
        if self.of_its_type is not None:
            kind, identifier = self.of_its_type
            yield or_(column.resource_type.is_distinct_from(kind), column.resource_ref == identifier)

    def admits(self, row: Row) -> bool:
        """Tell whether a record is seen, given its row (`entry.decision_row`)."""
        resource = (row["resource_type"], row["resource_ref"])
        return (
            row["tenant"] == self.tenant
            and (self.types is None or row["type"] in self.types)
            and (self.since is None or row["time"] >= self.since)
            and (self.until is None or row["time"] < self.until)
            and (self.caller is None or row["caller"] == self.caller)
            and (self.resource is None or resource == self.resource)
            and (self.without_caller is None or row["caller"] != self.without_caller)
            and (self.of_its_type is None or resource[0] != self.of_its_type[0] or resource == self.of_its_type)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is seen, in any of several ways; without one, nothing is."""

    sights: tuple[Sight, ...]

    def admits(self, row: Row) -> bool:
        """Tell whether a record is seen, given its row (`entry.decision_row`)."""
        return any(sight.admits(row) for sight in self.sights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """How the portal asks: as which caller, of which tenant, about which type of resource."""

    caller: str = "portal"
    tenant: str = "default"
    resource: str = "engagement"


def of_tenant(tenant: str) -> Scope:
    """Return what whoever runs the service sees of one tenant: everything."""
    return Scope(sights=(Sight(tenant=tenant),))


def of_engagement(engagement: str, tenant: str, since: datetime, until: datetime, portal: Portal) -> Scope:
    """Return what an auditor sees: of the tenant and the period, what is about the log, and what they did themselves.

    No record of the portal or about an engagement is seen but those of this engagement.

    Raises:
        QueryError: a time has no time zone.
    """
    begin, end = moment(since), moment(until)
    ours = (portal.resource, engagement)
    return Scope(
        sights=(
            Sight(tenant=tenant, since=begin, until=end, without_caller=portal.caller, of_its_type=ours),
            Sight(tenant=SYSTEM, types=ABOUT_LOG, since=begin, until=end),
            Sight(tenant=portal.tenant, caller=portal.caller, resource=ours),
        )
    )


def moment(value: datetime) -> str:
    """Return a time as the log writes it.

    Raises:
        QueryError: it has no time zone, or is beyond the calendar.
    """
    if value.utcoffset() is None:
        raise QueryError("a time needs a time zone")
    try:
        return form.time_text(value)
    except OverflowError:
        raise QueryError("a time is beyond the calendar") from None
