"""A report as PDF/A-3a, tagged, with its machine-readable data attached: the same report, the same bytes.

Typst is handed data and never markup, no file but its template, no font but its own, and nothing of the network. A
character that its fonts do not have is written as its code point, because PDF/A knows no empty boxes; the data have it.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

import typst

from app.reporting import figures
from app.reporting.errors import ReportError
from app.reporting.report import Report

SHOWN: Final = (
    " -~\xa0-\xac\xae-\u024f\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u04ff\u05d0-\u05ea"
    "\u1e00-\u1eff\u2010-\u2027\u202f-\u203f\u20a0-\u20c0\u2190-\u22ff"
)
"""The characters that the fonts have, as ranges of a regular expression: Latin, Greek, Cyrillic, Hebrew, signs."""

_UNSHOWN: Final = re.compile(f"[^{SHOWN}]")


def pdf(report: Report) -> bytes:
    """Return the document.

    Raises:
        ReportError: it cannot be set.
    """
    items, tests = figures.by_group(report), figures.by_kind(report)
    inputs = {
        "attached": report.data.decode(),
        "data": json.dumps(shown(report.document)),
        "sha256": report.sha256,
        "mark": shown(report.mark),
        "items_chart": shown(items.svg),
        "items_words": items.words,
        "tests_chart": shown(tests.svg),
        "tests_words": tests.words,
    }
    return typeset("reporting/templates/report.typ", inputs, _dated(report))


def typeset(template: str, inputs: Mapping[str, str], dated: datetime) -> bytes:
    """Return a template of this package, given as its path below `app`, as a document.

    Args:
        template: the path.
        inputs: what it is handed; `shown` has been through each text of it.
        dated: when the document says that it was made; no clock is asked.

    Raises:
        ReportError: it cannot be set.
    """
    try:
        made: Any = typst.compile(
            files("app").joinpath(template).read_bytes(),
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["a-3a"],
            timestamp=dated,
            sys_inputs=dict(inputs),
        )
    except typst.TypstError as error:
        raise ReportError(f"the PDF cannot be set: {str(error).partition(chr(10))[0]}") from error
    assert isinstance(made, bytes)  # noqa: S101 - one format, no file: it returns bytes
    return made


def shown(value: Any) -> Any:
    """Return a value whose texts have only characters that can be shown."""
    match value:
        case str():
            return _UNSHOWN.sub(lambda found: f"[U+{ord(found[0]):04X}]", value)
        case list():
            return [shown(each) for each in value]
        case dict():
            return {name: shown(each) for name, each in value.items()}
        case _:
            return value


def _dated(report: Report) -> datetime:
    """Return what the document says of when it was made: how far the log had come; no clock is asked."""
    sealed = report.log.sealed
    return (datetime.fromisoformat(sealed) if sealed else report.period.end).replace(microsecond=0)
