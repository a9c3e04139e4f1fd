"""What is looked for in the index, and the places where a page begins and ends.

Owns the form of a question; how it is asked of tables is `search.py`'s business.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.index.errors import QueryError
from evidence import form
from evidence.errors import MalformedError
from evidence.record import Position

MOST: Final = 200
"""Rows of one page."""

_CURSOR: Final = re.compile(r"([0-9TZ:.-]{27})_([0-9a-f]{20}-[0-9]{1,16})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for: everything that is set must hold.

    Attributes:
        tenant: of the record; None: any that the scope has. Without a scope there is no search across tenants.
        type: of the record; None: any.
        action: its whole name.
        actions: it is one of these.
        subject: pseudonym, or the reference that the record has.
        resource: pseudonym, or its id.
        allow: how it came out.
        rules: `<action>/<gate>`: one of them failed.
        revision: of the policies that decided.
        bundle: digest of these policies.
        since: the earliest time, with a time zone.
        until: the time before which it was, with a time zone.
        after: `Page.after` of the page before: what is older follows.
        before: `Page.before` of the page behind: what is newer.
        limit: rows at most, 1 to 200.
    """

    tenant: str | None = None
    type: str | None = "decision"
    action: str | None = None
    actions: tuple[str, ...] | None = None
    subject: str | None = None
    resource: str | None = None
    allow: bool | None = None
    rules: tuple[str, ...] | None = None
    revision: str | None = None
    bundle: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: str | None = None
    before: str | None = None
    limit: int = 50


Place = tuple[str, str, int]
"""Time, chain and sequence number of a row: the order of every list."""


def place_text(place: Place) -> str:
    """Return a place as a page names it."""
    return f"{place[0]}_{place[1]}-{place[2]}"


def parse_place(cursor: str) -> Place:
    """Read what `place_text` wrote.

    Raises:
        QueryError: it is no such thing.
    """
    found = _CURSOR.fullmatch(cursor)
    try:
        if found is not None:
            position = Position.parse(found[2])
            return form.time(found[1]), position.chain, position.seq
    except MalformedError:
        pass
    raise QueryError("the place to go on from is none")
