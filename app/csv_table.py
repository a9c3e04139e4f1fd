"""A table as CSV that a spreadsheet shows and does not run (RFC 4180).

Pure. Owns how a cell is written; knows nothing of what it says.
"""

import csv
import io
from dataclasses import dataclass
from typing import Final

Cell = str | int | float | bool | None

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet takes for more than a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a head, each as long as the head. `name` is that of its file, without the ending.

    A `foot` is said of the table as a whole: it stands in the first cell of a last row.
    """

    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    foot: str = ""

    def csv(self) -> str:
        """Return it as CSV: the head first, lines that end in CRLF; a truth is yes or no, nothing is empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(self.head)
        writer.writerows([defused(cell) for cell in row] for row in self.rows)
        if self.foot:
            writer.writerow([defused(self.foot), *[""] * (len(self.head) - 1)])
        return text.getvalue()


def defused(cell: Cell) -> str:
    """Return what stands in a cell; an apostrophe before it keeps a text that looks like a formula a text."""
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case str():
            return f"'{cell}" if cell.startswith(_FORMULA) else cell
        case int() | float():
            return str(cell)
