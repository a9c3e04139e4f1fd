"""What the person in front of the demo sees, and whether every promise made there was kept.

Colour on a terminal, plain text anywhere else. Knows nothing of what it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH = 100
_MARGIN = 3
_STYLES = {
    "allow": "green",
    "deny": "yellow",
    "refused": "magenta",
    "found": "green",
    "nothing found": "bold red",
    "all holds": "green",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table; `width` in characters, or None for what is left."""

    title: str
    width: int | None = None


class Screen:
    """Prints one step after the other, and keeps count of the promises."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, emoji=False, markup=False)
        self._console.width = min(self._console.width, WIDTH) if self._console.is_terminal else WIDTH
        self._steps = 0
        self.kept = 0
        self.broken: list[str] = []

    def title(self, text: str) -> None:
        """Print the name of it all."""
        self._console.print(Text(text, style="bold"))
        self._console.print()

    def step(self, text: str) -> None:
        """Begin the next step."""
        self._steps += 1
        self._console.print()
        self._console.print(Text(f"{self._steps}. {text}", style="bold cyan"))

    def say(self, text: str) -> None:
        """Print a paragraph."""
        self._print(Text(" ".join(text.split())))

    def fact(self, name: str, text: str) -> None:
        """Print something under its name."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(width=18, style="dim")
        grid.add_column(overflow="fold")
        grid.add_row(name, text)
        self._print(grid)

    def command(self, line: str) -> None:
        """Print a command that is being run."""
        self._print(Text(f"$ {line}", style="bold", overflow="fold"))

    def output(self, text: str) -> None:
        """Print what a command said."""
        for line in text.splitlines():
            self._print(Padding(Text(line, style="dim", overflow="fold"), (0, 0, 0, 2)))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Print rows; a cell that begins with a known word has its colour."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, expand=True, header_style="dim")
        for column in columns:
            table.add_column(column.title, width=column.width, ratio=None if column.width else 1, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell, style=_style(cell)) for cell in row))
        self.gap()
        self._print(table)
        self.gap()

    def promise(self, text: str, *, kept: bool) -> None:
        """Print a promise and whether it was kept; a broken one fails the demo."""
        if kept:
            self.kept += 1
            self._print(Text.assemble(("ok  ", "bold green"), text))
        else:
            self.broken.append(text)
            self._print(Text.assemble(("BROKEN  ", "bold red"), text))

    def gap(self) -> None:
        """Print an empty line."""
        self._console.print()

    def _print(self, what: Text | Table | Padding) -> None:
        self._console.print(Padding(what, (0, 0, 0, _MARGIN)))


def _style(cell: str) -> str:
    return next((style for word, style in _STYLES.items() if cell.startswith(word)), "")
