"""What the person in front of the demo sees, and whether every promise made there was kept.

Colour on a terminal, plain text anywhere else. Knows nothing of what it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH = 100
_MARGIN = 3
_NAMES = 14  # characters of the column of names
_STYLES = {
    "allow": "green",
    "deny": "yellow",
    "refused": "magenta",
    "found": "green",
    "all holds": "green",
    "nothing found": "bold red",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table; `width` in characters, or None for what is left."""

    title: str
    width: int | None = None


class Screen:
    """Prints one step after the other, and keeps the promises that were broken."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, emoji=False, markup=False)
        self._console.width = min(self._console.width, WIDTH) if self._console.is_terminal else WIDTH
        self._steps = 0
        self.broken: list[str] = []

    def title(self, text: str) -> None:
        """Print the name of it all."""
        self._print(Text(text, style="bold"), margin=0)
        self.gap()

    def step(self, text: str) -> None:
        """Begin the next step."""
        self._steps += 1
        self.gap()
        self._print(Text(f"{self._steps}. {text}", style="bold cyan"), margin=0)

    def say(self, text: str) -> None:
        """Print a paragraph; line breaks in `text` do not count."""
        self._print(Text(_joined(text)))

    def fact(self, name: str, text: str) -> None:
        """Print something under its name."""
        self._print(_beside(Text(name, style="dim"), Text(text), _NAMES))

    def command(self, line: str) -> None:
        """Print a command that is being run."""
        self._print(Text(f"$ {line}", style="bold", overflow="fold"))

    def output(self, text: str) -> None:
        """Print what a command said."""
        for line in text.splitlines():
            self._print(Text(line, style="dim", overflow="fold"), margin=_MARGIN + 2)

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Print rows; each line of a cell that begins with a known word has its colour."""
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="dim")
        table.expand = True
        for column in columns:
            table.add_column(column.title, width=column.width, ratio=None if column.width else 1, overflow="fold")
        for row in rows:
            table.add_row(*(_coloured(cell) for cell in row))
        self._print(table)

    def promise(self, text: str, *, kept: bool) -> None:
        """Print a promise and whether it was kept; a broken one fails the demo. Line breaks in `text` do not count."""
        word, style = ("ok", "bold green") if kept else ("BROKEN", "bold red")
        self._print(_beside(Text(word, style=style), Text(_joined(text)), len(word)))
        if not kept:
            self.broken.append(text)

    def gap(self) -> None:
        """Print an empty line."""
        self._console.print()

    def _print(self, what: RenderableType, *, margin: int = _MARGIN) -> None:
        """Print with a margin on the left and, unlike rich, without blanks on the right."""
        with self._console.capture() as captured:
            self._console.print(Padding(what, (0, 0, 0, margin)))
        self._console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))
        self._console.file.flush()


def _joined(text: str) -> str:
    return " ".join(text.split())


def _beside(name: Text, text: Text, width: int) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=width)
    grid.add_column(overflow="fold")
    grid.add_row(name, text)
    return grid


def _coloured(cell: str) -> Text:
    return Text("\n").join(Text(line, style=_style(line)) for line in cell.split("\n"))


def _style(line: str) -> str:
    return next((style for word, style in _STYLES.items() if line.startswith(word)), "")
