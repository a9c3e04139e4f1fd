"""Exports as their table has them, and their files: made whole, handed out, deleted in time."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sqlmodel import col, select

from app.audits.database import portal_data
from app.audits.rows_work import ExportRow
from app.audits.workbook import WorkState
from app.errors import problem
from app.pdp.enforce import Permit
from app.pep import RefusedError
from app.reporting.formats import Format
from auditor_portal.exporting.making import ENDINGS
from auditor_portal.sources import SCRATCH

KEPT: Final = 7 * 24 * 3_600
"""Seconds for which a file is kept; what it was the hash of is kept for good."""

_SCRATCH_KEPT: Final = 24 * 3_600  # seconds: no job takes that long


def exports(engagement: str) -> tuple[ExportRow, ...]:
    """Return the exports of an engagement, the newest first."""
    asked = select(ExportRow).where(ExportRow.engagement == engagement)
    with portal_data.reading() as session:
        return tuple(session.exec(asked.order_by(col(ExportRow.asked_at).desc(), ExportRow.id)).all())


def export(engagement: str, name: str) -> ExportRow:
    """Return an export of an engagement.

    Raises:
        RefusedError: this engagement has none of that name.
    """
    with portal_data.reading() as session:
        found = session.get(ExportRow, name)
    if found is None or found.engagement != engagement:
        raise RefusedError(problem("not_found"))
    return found


def keep(permit: Permit, row: ExportRow) -> None:
    """Keep an export that is about to wait."""
    with portal_data.writing(permit) as session:
        session.add(row)


def alter(permit: Permit, name: str, **change: Any) -> None:
    """Change how far an export is."""
    with portal_data.writing(permit) as session:
        row = session.get_one(ExportRow, name)
        for member, value in change.items():
            setattr(row, member, value)
        session.add(row)


def path_of(directory: Path, row: ExportRow) -> Path:
    """Return where the file of an export lies: its name is ours, no part of it anybody's."""
    return directory / f"{row.id}.{ENDINGS[Format(row.format)]}"


def handed_out(row: ExportRow) -> str:
    """Return under which name the file is handed out."""
    days = f"{row.period_start[:10]}-{row.period_end[:10]}"
    kind = "workpaper" if row.format == Format.ZIP else row.format
    return f"{row.engagement}-{row.framework}-{days}-{kind}.{ENDINGS[Format(row.format)]}"


def there(directory: Path, row: ExportRow) -> Path | None:
    """Return the file of an export that is done, or None where it is none, or was deleted."""
    path = path_of(directory, row)
    return path if row.state == WorkState.DONE and row.sha256 and path.is_file() else None


def sweep(directory: Path, now: float) -> None:
    """Delete files whose time has passed, and what a process that died left behind."""
    for path in _there(directory):
        with suppress(OSError):
            if path.is_dir() and path.name.startswith(SCRATCH):
                if path.stat().st_mtime < now - _SCRATCH_KEPT:
                    shutil.rmtree(path)
            elif path.stat().st_mtime < now - KEPT:
                path.unlink()


def _there(directory: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from directory.iterdir()
