"""Searches that auditors keep: kept, listed, removed."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func
from sqlmodel import col, select

from app.audits.database import portal_data
from app.audits.errors import AuditsError
from app.audits.rows_searches import SavedSearchRow
from app.pdp.enforce import Permit

MOST: Final = 100
"""Searches of one engagement."""

LONGEST_NAME: Final = 80
LONGEST_QUERY: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A search by its name; `query` is what stands behind the `?` of its address."""

    id: int
    engagement: str
    author: str
    name: str
    query: str
    at: int


def searches_of(engagement: str) -> tuple[SavedSearch, ...]:
    """Return the searches of an engagement by their names."""
    statement = select(SavedSearchRow).where(col(SavedSearchRow.engagement) == engagement)
    with portal_data.reading() as session:
        rows = session.exec(statement.order_by(col(SavedSearchRow.name), col(SavedSearchRow.id)))
        return tuple(map(_search, rows))


def find_search(engagement: str, number: int) -> SavedSearch | None:
    """Return a search of this engagement."""
    with portal_data.reading() as session:
        row = session.get(SavedSearchRow, number)
        return None if row is None or row.engagement != engagement else _search(row)


def keep_search(permit: Permit, engagement: str, name: str, query: str, at: int) -> None:
    """Keep a search of whoever the permit is for.

    Raises:
        AuditsError: `invalid`, its name or its query cannot be kept, or there are as many as there may be.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or len(query) > LONGEST_QUERY:
        raise AuditsError("invalid", f"a search has a name of at most {LONGEST_NAME} characters")
    with portal_data.writing(permit) as session:
        counted = select(func.count()).where(col(SavedSearchRow.engagement) == engagement)
        if session.exec(counted).one() >= MOST:
            raise AuditsError("invalid", f"an engagement keeps at most {MOST} searches")
        session.add(
            SavedSearchRow(
                engagement=engagement,
                author=permit.request.subject.id,
                name=name,
                query=query,
                at=at,
                decision_id=permit.decision_id,
            )
        )


def remove_search(permit: Permit, engagement: str, number: int) -> None:
    """Remove a search; one that is gone stays gone."""
    with portal_data.writing(permit) as session:
        row = session.get(SavedSearchRow, number)
        if row is not None and row.engagement == engagement and row.author == permit.request.subject.id:
            session.delete(row)


def _search(row: SavedSearchRow) -> SavedSearch:
    return SavedSearch(
        id=row.id or 0, engagement=row.engagement, author=row.author, name=row.name, query=row.query, at=row.at
    )
