"""The rows of checks: how each stands, that somebody still works on it, and which were left by a process that is gone.

Who works on a check says so every few seconds; who has not said so for a minute is gone, and somebody else goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import col, select

from app.db import reading
from app.features.policies.changes.altering import altering
from app.features.policies.changes.change_request import Check, Status
from app.features.policies.changes.finding import find
from app.features.policies.changes.rows_changes import ChangeRequestRow, CheckRow
from app.features.policies.errors import ChangeError
from app.pdp.enforce import Permit

GONE: Final = timedelta(seconds=60)
"""How long nobody has to have worked on a check until it is taken up again."""

_UNFINISHED: Final = (Status.WAITING.value, Status.RUNNING.value)
_ATTEMPT: Final = "attempt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A revision that was opened, or is to be checked again: its checks wait to be run."""

    number: int
    revision: int
    base: str
    head: str
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Checks that nobody works on any more: which, and how often each would have been begun by now."""

    opened: Opened
    attempts: Mapping[str, int] = field(default_factory=dict)


def write_check(  # noqa: PLR0913, PLR0917 - what a check is
    permit: Permit, opened: Opened, name: str, status: Status, said: dict[str, Any], now: datetime
) -> bool:
    """Write down how a check of a revision stands; False where the request has moved on or ended meanwhile."""
    with altering(permit) as session:
        found = find(session, opened.number, (), lock=True)
        try:
            found.request.checked(Check(name=name, tree=opened.tree, status=status, revision=opened.revision))
        except ChangeError:
            return False
        session.merge(
            CheckRow(
                number=opened.number,
                revision=opened.revision,
                name=name,
                tree=opened.tree,
                status=status.value,
                said=said,
                at=int(now.timestamp()),
                decision_id=permit.decision_id,
            )
        )
    return True


def touch(permit: Permit, opened: Opened, now: datetime) -> None:
    """Say that somebody works on the checks of a revision that have not ended.

    Raises:
        ChangeError: it cannot be said now.
    """
    with altering(permit) as session:
        mine = (CheckRow.number == opened.number, CheckRow.revision == opened.revision)
        for row in session.exec(select(CheckRow).where(*mine, col(CheckRow.status).in_(_UNFINISHED)).with_for_update()):
            row.at = int(now.timestamp())
            session.add(row)


def left(now: datetime) -> tuple[Left, ...]:
    """Return the checks of requests still open that nobody has worked on for a while."""
    with reading() as session:
        found = session.exec(
            select(CheckRow, ChangeRequestRow)
            .join(ChangeRequestRow, col(ChangeRequestRow.number) == col(CheckRow.number))
            .where(
                col(ChangeRequestRow.ended).is_(None),
                CheckRow.revision == ChangeRequestRow.revision,
                col(CheckRow.status).in_(_UNFINISHED),
                CheckRow.at <= int((now - GONE).timestamp()),
            )
            .order_by(col(CheckRow.number), col(CheckRow.name))
        ).all()
        attempts: dict[Opened, dict[str, int]] = {}
        for check, request in found:
            proposal = request.proposal
            opened = Opened(
                number=check.number,
                revision=check.revision,
                base=proposal["base"],
                head=proposal["head"],
                tree=check.tree,
            )
            begun = int(check.said.get(_ATTEMPT, 1)) if check.status == Status.RUNNING.value else 0
            attempts.setdefault(opened, {})[check.name] = begun + 1
        return tuple(Left(opened=opened, attempts=each) for opened, each in attempts.items())
