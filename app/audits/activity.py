"""What auditors did in an engagement: the log's decisions about it, newest first; who it was, what it was about.

The index says which decisions there are, refusals among them; the portal's table says of those that were permitted
whose they are. Neither proves anything: each row names its record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine
from sqlmodel import col, select

from app.audits.database import portal_data
from app.audits.rows_accesses import AccessRow
from app.audits.rows_firms import AuditorRow
from app.index.query import Query
from app.index.scope import Portal, Scope, Sight
from app.index.search import Entry, search
from app.pdp.enforce import Permit

PAGE: Final = 50
"""Rows of one page."""

_KIND: Final = "engagement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Something an auditor did, or would have done. What is not known is empty: of refusals, the log seals who it was.

    `time` is the log's; `kind` and `object` say what of the engagement it was about.
    """

    decision_id: str
    time: str
    action: str
    allow: bool
    failed: tuple[str, ...]
    auditor: str
    name: str
    kind: str
    object: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A page of it, and how to ask for what is older and newer: None where nothing is."""

    done: tuple[Done, ...]
    after: str | None
    before: str | None


def keep(permit: Permit, now: int) -> None:
    """Keep whose the permitted request is, if it is an auditor's in an engagement."""
    asked = permit.request
    if asked.resource.type != _KIND or asked.subject.type != "auditor":
        return
    thing = asked.resource.properties["object"]
    with portal_data.writing(permit) as session:
        session.add(
            AccessRow(
                decision_id=permit.decision_id,
                engagement=asked.resource.id,
                auditor=asked.subject.id,
                kind=thing["kind"],
                object=thing["id"],
                at=now,
            )
        )


def activity(index: Engine, engagement: str, *, after: str | None = None, before: str | None = None) -> Activity:
    """Return a page of what auditors did in an engagement, newest first.

    Raises:
        QueryError: `after` or `before` is no place of a page.
        SlowQueryError: the index takes too long.
        IndexUnavailableError: it does not answer.
    """
    portal = Portal()
    seen = Sight(tenant=portal.tenant, caller=portal.caller, resource=(_KIND, engagement))
    found = search(index, Query(after=after, before=before, limit=PAGE), Scope(sights=(seen,)))
    kept = _kept(entry.decision_id for entry in found.entries)
    names = _names({row.auditor for row in kept.values()})
    return Activity(
        done=tuple(_done(entry, kept.get(entry.decision_id), names) for entry in found.entries),
        after=found.after,
        before=found.before,
    )


def _kept(decisions: Iterable[str]) -> Mapping[str, AccessRow]:
    statement = select(AccessRow).where(col(AccessRow.decision_id).in_(tuple(decisions)))
    with portal_data.reading() as session:
        return {row.decision_id: row for row in session.exec(statement)}


def _names(auditors: Iterable[str]) -> Mapping[str, str]:
    statement = select(AuditorRow).where(col(AuditorRow.id).in_(tuple(auditors)))
    with portal_data.reading() as session:
        return {row.id: row.name for row in session.exec(statement)}


def _done(entry: Entry, kept: AccessRow | None, names: Mapping[str, str]) -> Done:
    return Done(
        decision_id=entry.decision_id,
        time=entry.time,
        action=entry.action or "",
        allow=entry.allow is True,
        failed=entry.failed,
        auditor="" if kept is None else kept.auditor,
        name="" if kept is None else names.get(kept.auditor, ""),
        kind="" if kept is None else kept.kind,
        object="" if kept is None else kept.object,
    )
