"""The formats of a report, and how each is written into a file."""

from enum import StrEnum
from typing import IO

from app.reporting.archive import Archive
from app.reporting.errors import ReportError
from app.reporting.html_page import html_page
from app.reporting.oscal_files import oscal_files
from app.reporting.pdf import pdf
from app.reporting.report import Report
from app.reporting.sealed_store import SealedStore
from app.reporting.spill import Spill
from app.reporting.tables import tables
from app.reporting.workpaper import workpaper
from evidence.keys import SigningKey


class Format(StrEnum):
    """What a report is written as; OSCAL and CSV are several files, in a zip."""

    PDF = "pdf"
    HTML = "html"
    OSCAL = "oscal"
    CSV = "csv"
    ZIP = "zip"


def write(  # noqa: PLR0913, PLR0917 - what the largest format needs
    form: Format, file: IO[bytes], report: Report, spill: Spill, store: SealedStore, key: SigningKey | None
) -> None:
    """Write a report; `key` signs a workpaper, and nothing else.

    Raises:
        ReportError: a workpaper is wanted and there is no key to sign it.
        EvidenceError: the log does not hold, or the store does not answer.
    """
    match form:
        case Format.PDF:
            file.write(pdf(report))
        case Format.HTML:
            file.write(html_page(report).encode())
        case Format.OSCAL:
            with Archive(file) as archive:
                for name, data in oscal_files(report):
                    archive.add(name, data)
        case Format.CSV:
            with Archive(file) as archive:
                for table in tables(report):
                    archive.add(f"{table.name}.csv", table.csv().encode())
        case Format.ZIP:
            if key is None:
                raise ReportError("a workpaper is signed by the log's key, which is not here")
            workpaper(file, report, spill, store, key)
