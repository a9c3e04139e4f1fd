"""For which purposes a person's data are not processed, by their request: GDPR, articles 18 (restrict) and 21 (object).

Owns the marks and who may read them: whatever processes personal data asks here first. A mark stands until it is
released, and stays in its table then.
"""

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import BigInteger, update
from sqlmodel import Field, Session, col, select

from app.db import ProductRow
from app.pdp.enforce import Permit

EVERYTHING = "*"
"""The purpose that stands for all of them."""

_OBJECTS: Final = "object"
"""The kind of a mark that is no restriction."""


class RestrictionRow(ProductRow, table=True):
    """That a person's data are not processed for a purpose. Times are Unix seconds."""

    __tablename__ = "privacy_restriction"

    subject: str = Field(primary_key=True, max_length=36)
    purpose: str = Field(primary_key=True, max_length=64)
    request: str = Field(primary_key=True, max_length=64, index=True)
    kind: str = Field(max_length=16)
    since: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
    released_at: int | None = Field(default=None, sa_type=BigInteger)
    released_by: str | None = Field(default=None, max_length=48)


def restrict(  # noqa: PLR0913 - what a mark says
    session: Session, permit: Permit, *, subject: str, request: str, kind: str, purposes: Collection[str], now: int
) -> int:
    """Set the marks of a request, and return how many there are now. Again does no harm."""
    wanted = select(RestrictionRow.purpose).where(
        col(RestrictionRow.subject) == subject, col(RestrictionRow.request) == request
    )
    there = set(session.exec(wanted))
    for purpose in sorted(set(purposes) - there):
        session.add(
            RestrictionRow(
                subject=subject,
                purpose=purpose,
                request=request,
                kind=kind,
                since=now,
                decision_id=permit.decision_id,
            )
        )
    session.flush()
    return len(there | set(purposes))


def release(session: Session, permit: Permit, request: str, now: int) -> int:
    """Release the marks of a request, and return how many stood. The person is told before (article 18(3))."""
    stands = (col(RestrictionRow.request) == request, col(RestrictionRow.released_at).is_(None))
    released = {"released_at": now, "released_by": permit.decision_id}
    return session.connection().execute(update(RestrictionRow).where(*stands).values(released)).rowcount


def standing(session: Session, subject: str) -> frozenset[str]:
    """Return the purposes that a pseudonym's data are not processed for; with `EVERYTHING`, none at all is left."""
    stands = (col(RestrictionRow.subject) == subject, col(RestrictionRow.released_at).is_(None))
    return frozenset(session.exec(select(RestrictionRow.purpose).where(*stands)))


def facts(session: Session, subjects: Iterable[str], purpose: str) -> dict[str, bool]:
    """Return what policies are told of these pseudonyms: what stands for `purpose`, or for all purposes."""
    wanted = select(RestrictionRow.kind).where(
        col(RestrictionRow.subject).in_(list(subjects)),
        col(RestrictionRow.purpose).in_([purpose, EVERYTHING]),
        col(RestrictionRow.released_at).is_(None),
    )
    kinds = set(session.exec(wanted.distinct()))
    return {"restricted": bool(kinds - {_OBJECTS}), "objected": _OBJECTS in kinds}
