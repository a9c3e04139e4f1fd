"""What the engagement of a request may see of the log, and one record of it, read from the store.

Whether a record may be seen follows from the record itself, never from the index.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import g

from app.audits.engagements import Engagement
from app.index.entry import decision_row
from app.index.scope import Portal, Scope, of_engagement
from app.pep import Resource
from auditor_portal.deciding import PORTAL
from auditor_portal.engaged import describe, own
from auditor_portal.product import product
from evidence.errors import MalformedError, NotFoundError
from evidence.reader import Located
from evidence.record import Position, Record, excerpt

_PORTAL: Final = Portal(caller=PORTAL.subject, tenant=PORTAL.tenant)
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A sealed record that the engagement may see."""

    record: Record
    located: Located


def scope_of(engagement: Engagement) -> Scope:
    """Return what an engagement may see."""
    return of_engagement(
        engagement.id,
        engagement.tenant,
        datetime.fromisoformat(engagement.period_start),
        datetime.fromisoformat(engagement.period_end),
        _PORTAL,
    )


def one_record(engagement: str, record: str) -> Resource:
    """Describe a record of an engagement to policy; one that there is not is as one that may not be seen.

    Raises:
        EvidenceError: the store does not answer, or does not hold there.
    """
    described = describe(engagement, {"kind": "record", "id": record[:_LONGEST], "in_scope": False})
    g.record = None
    if own():
        g.record = find_record(g.engagement, record)
    described.properties["object"]["in_scope"] = g.record is not None
    return described


def record_now() -> Seen:
    """Return the record of the request that is being answered; policy has permitted that it is read."""
    found: Seen = g.record
    return found


def find_record(engagement: Engagement, text: str) -> Seen | None:
    """Return a record, if it is sealed and the engagement may see it. Raises as `one_record` does."""
    try:
        located = product().reader.locate(Position.parse(text))
    except (MalformedError, NotFoundError):
        return None
    seen = scope_of(engagement).admits(decision_row(excerpt(located.record), located.seal.segment))
    return Seen(record=Record.parse(located.record), located=located) if seen else None
