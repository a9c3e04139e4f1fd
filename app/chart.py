"""Charts as SVG: scores and amounts over time, and bars of what is in which state. The same bytes wherever it stands.

Pure: the same values, the same text. Owns how a chart looks without a style sheet; classes let one darken it. Nobody
has to see it: a chart says in words what it shows, and lines differ by more than their colour. Knows no frameworks.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import pairwise
from typing import Final

WIDTH: Final = 720
"""Units that a chart is wide; about pixels."""

_HEIGHT: Final = 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 170, 16, 36  # around the plot; names of lines stand at the right
_STEP: Final = 16  # between the names of two lines
_LONGEST: Final = 24  # characters of a name
_FONT: Final = "font-family='Liberation Sans, Noto Sans, sans-serif' font-size='12'"
_INK, _FAINT, _GRID = "#1a2230", "#55607a", "#d5dbe6"
_LINES: Final = (  # colour, dashes, mark; all eight differ without the colour
    ("#1f4e8c", "", "dot"),
    ("#97180f", "6 3", "square"),
    ("#14603a", "2 3", "diamond"),
    ("#7a4a00", "9 3 2 3", "dot"),
    ("#5b2a86", "", "square"),
    ("#0b6472", "6 3", "diamond"),
    ("#8a2456", "2 3", "dot"),
    ("#44506a", "9 3 2 3", "square"),
)
_TONES: Final = {"good": "#14603a", "warn": "#b97a10", "bad": "#97180f", "none": "#a9b3c6"}
_MARKED: Final = 24  # points of a line; with more of them marks only hide it


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A share at a time, in percent; or, for `amounts`, an amount."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A share, or an amount, over time; the points are in the order of their times."""

    name: str
    points: tuple[Point, ...]

    def in_words(self) -> str:
        """Return what a line of shares shows: where it began, where it stands, and its lowest point."""
        if not self.points:
            return f"{self.name}: nothing yet."
        first, last = self.points[0], self.points[-1]
        if len(self.points) == 1:
            return f"{self.name}: {last.value:g} % on {_day(last.at)}."
        low = min(self.points, key=lambda point: point.value)
        return (
            f"{self.name}: from {first.value:g} % on {_day(first.at)} to {last.value:g} % on {_day(last.at)}, "
            f"lowest {low.value:g} % on {_day(low.at)}."
        )

    def amounts_in_words(self, unit: str) -> str:
        """Return what a line of amounts shows: its whole span of time, its least and its greatest point."""
        if not self.points:
            return f"{self.name}: nothing yet."
        least = min(self.points, key=lambda point: point.value)
        most = max(self.points, key=lambda point: point.value)
        return (
            f"{self.name}, from {_day(self.points[0].at)} to {_day(self.points[-1].at)}: least {_amount(least.value)} "
            f"{unit} on {_day(least.at)}, most {_amount(most.value)} {unit} on {_day(most.at)}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some of what a bar counts. `tone` is one of good, warn, bad, none."""

    name: str
    count: int
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A whole and its parts."""

    name: str
    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """Return how many it counts."""
        return sum(part.count for part in self.parts)

    def in_words(self) -> str:
        """Return what it shows."""
        said = ", ".join(f"{part.count} {part.name}" for part in self.parts if part.count)
        return f"{self.name}: {said or 'none'}."


def trend(name: str, title: str, lines: Sequence[Line]) -> str:
    """Return a chart of shares over time, as an `svg` element.

    Args:
        name: begins the ids in it; unlike that of any other chart of the same page.
        title: what a reader is told first.
        lines: at most eight, else the rest is left out.
    """
    said = " ".join(line.in_words() for line in lines) or "Nothing yet."
    return _plot(name, title, said, lines, _Scale(top=100, unit=" %", left=_LEFT))


def amounts(name: str, title: str, lines: Sequence[Line], unit: str) -> str:
    """Return a chart of amounts over time, none below 0, as an `svg` element; `unit` says in a word what is counted.

    The other arguments are those of `trend`.
    """
    said = " ".join(line.amounts_in_words(unit) for line in lines) or "Nothing yet."
    most = max((point.value for line in lines[: len(_LINES)] for point in line.points), default=0)
    return _plot(name, title, said, lines, _Scale(top=_round_up(most), unit="", left=_LEFT + 24))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """What the height of a plot stands for: from 0 to `top`. `left` is where the plot begins."""

    top: float
    unit: str
    left: int

    def share(self, value: float) -> float:
        return 100 * value / self.top

    def said(self, value: float) -> str:
        return f"{value:g}{self.unit}" if self.unit else _amount(value)


def _plot(name: str, title: str, said: str, lines: Sequence[Line], scale: _Scale) -> str:
    drawn = [line for line in lines if line.points][: len(_LINES)]
    parts = [*_levels(scale)]
    if drawn:
        times = [point.at for line in drawn for point in line.points]
        begin, end = min(times), max(times)
        parts += _days(begin, end)
        ends = _apart([_y(scale.share(line.points[-1].value)) for line in drawn])
        for number, line in enumerate(drawn):
            parts += _line(number, line, scale, (begin, end), ends[number])
    else:
        parts.append(_text((scale.left + 12, _y(50)), "nothing yet", _FAINT))
    return _svg(name, title, said, _HEIGHT, parts)


def _round_up(value: float) -> float:
    """Return 1, 2 or 4 times a power of ten that is no less, so that a quarter of it is a round number, too."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value)


def _amount(value: float) -> str:
    """Return a number as short as it can be read: 950, 12.5, 1.2 million."""
    for least, word in ((1e9, " billion"), (1e6, " million"), (1e4, "k")):
        if value >= least:
            return f"{value / (1e3 if word == 'k' else least):.3g}{word}"
    return f"{value:.4g}"


def bars(name: str, title: str, counted: Sequence[Bar]) -> str:
    """Return a chart of bars, all of one length, as an `svg` element; arguments as those of `trend`."""
    step, parts = 26, list[str]()
    left, wide = 190, WIDTH - 190 - 60
    for row, bar in enumerate(counted):
        y, x = row * step + 4, float(left)
        parts.append(_text((left - 8, y + 13), _short(bar.name), _INK, "end"))
        for part in bar.parts:
            length = wide * part.count / bar.total if bar.total else 0
            if length:
                parts.append(
                    f"<rect class='part {escape(part.tone)}' x='{x:.1f}' y='{y}' width='{length:.1f}' height='18' "
                    f"fill='{_TONES[part.tone]}'><title>{escape(part.name)}: {part.count}</title></rect>"
                )
            x += length
        parts.append(_text((left + wide + 8, y + 13), str(bar.total), _FAINT))
    said = " ".join(bar.in_words() for bar in counted) or "Nothing yet."
    return _svg(name, title, said, max(step, len(counted) * step), parts)


def _svg(name: str, title: str, said: str, height: int, parts: Iterable[str]) -> str:
    inside = "".join(parts)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' class='chart' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' "
        f"height='{height}' role='img' aria-labelledby='{escape(name)}-title {escape(name)}-said' {_FONT}>"
        f"<title id='{escape(name)}-title'>{escape(title)}</title><desc id='{escape(name)}-said'>{escape(said)}</desc>"
        f"{inside}</svg>"
    )


def _text(place: tuple[float, float], said: str, colour: str, anchor: str = "start", kind: str = "said") -> str:
    x, y = place
    return f"<text class='{kind}' x='{x:.1f}' y='{y:.1f}' fill='{colour}' text-anchor='{anchor}'>{escape(said)}</text>"


def _levels(scale: _Scale) -> Iterable[str]:
    for quarter in range(5):
        y = _y(25 * quarter)
        value = scale.top * quarter / 4
        yield f"<path class='grid' d='M{scale.left} {y:.1f}H{WIDTH - _RIGHT}' stroke='{_GRID}' fill='none'/>"
        said = scale.said(value) if quarter == 4 else scale.said(value).removesuffix(scale.unit)  # noqa: PLR2004
        yield _text((scale.left - 6, y + 4), said, _FAINT, "end", "faint")


def _days(begin: datetime, end: datetime) -> Iterable[str]:
    shown = [begin] if begin == end else [begin + (end - begin) * part / 4 for part in range(5)]
    kept = [shown[0], *(later for earlier, later in pairwise(shown) if _day(earlier) != _day(later))]
    for at in kept:
        yield _text((_x(at, begin, end), _HEIGHT - _BOTTOM + 20), _day(at), _FAINT, "middle", "faint")


def _line(number: int, line: Line, scale: _Scale, span: tuple[datetime, datetime], label: float) -> Iterable[str]:
    colour, dashes, mark = _LINES[number]
    places = [(_x(point.at, *span), _y(scale.share(point.value))) for point in line.points]
    way = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dashed = f" stroke-dasharray='{dashes}'" if dashes else ""
    yield f"<path class='line l{number}' d='M{way}' stroke='{colour}' stroke-width='2' fill='none'{dashed}/>"
    marked = places if len(places) <= _MARKED else places[-1:]
    shapes = "".join(_MARKS[mark].format(x=x, y=y) for x, y in marked)
    yield f"<path class='mark l{number}' d='{shapes}' fill='{colour}'/>"
    said = f"{_short(line.name)} {scale.said(line.points[-1].value)}"
    yield _text((WIDTH - _RIGHT + 12, label + 4), said, colour, kind=f"name l{number}")


_MARKS: Final = {
    "dot": "M{x:.1f} {y:.1f}m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z",
    "square": "M{x:.1f} {y:.1f}m-3.5-3.5h7v7h-7z",
    "diamond": "M{x:.1f} {y:.1f}m0-4.5l4.5 4.5l-4.5 4.5l-4.5-4.5z",
}


def _apart(wanted: Sequence[float]) -> list[float]:
    """Return where names stand, as near to where they should as lets each be read, and all of them inside."""
    order = sorted(range(len(wanted)), key=lambda number: (wanted[number], number))
    places, least = list(wanted), float(_TOP)
    for number in order:
        places[number] = max(wanted[number], least)
        least = places[number] + _STEP
    most = float(_HEIGHT - _BOTTOM)
    for number in reversed(order):
        places[number] = min(places[number], most)
        most = places[number] - _STEP
    return places


def _x(at: datetime, begin: datetime, end: datetime) -> float:
    span = (end - begin) or timedelta(1)
    share = (at - begin) / span if end > begin else 0.5
    return _LEFT + 30 + share * (WIDTH - _RIGHT - _LEFT - 50)


def _y(value: float) -> float:
    return _TOP + (100 - min(100.0, max(0.0, value))) * (_HEIGHT - _TOP - _BOTTOM) / 100


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
