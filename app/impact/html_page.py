"""The report of a replay as one page: no scripts, nothing from elsewhere, readable aloud, on paper and in the dark.

Everything in it is escaped: rules and reasons are somebody's words.
"""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from app.impact.report import Report, Row
from app.impact.tally import Counted

_Cell = str | int
"""Markup, or a number."""

_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
caption { text-align: left; font-weight: bold; padding: .5rem 0; }
th, td { border-bottom: 1px solid GrayText; padding: .4rem .6rem; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: .9em; overflow-wrap: anywhere; }
.verdict { border: 2px solid; padding: .6rem 1rem; font-weight: bold; }
.refused { font-weight: bold; }
ul { margin: 0; padding-left: 1.2rem; }
@media print { body { max-width: none; margin: 0; } thead { display: table-header-group; } tr { break-inside: avoid; } }
"""


def html_page(report: Report) -> str:
    """Return the page."""
    return "".join(_page(report))


def _page(report: Report) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    yield f"<title>Impact of policies: {escape(report.verdict)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
    yield f'<main>\n<h1>Impact of policies</h1>\n<p class="verdict">{escape(report.verdict)}</p>\n'
    yield from _asked(report)
    yield from _figures(report)
    yield from _differences(report.rows)
    if report.approvals.expired:
        yield "<h2>Approvals that have expired</h2>\n<ul>\n"
        for each in report.approvals.expired:
            yield f"<li><code>{escape(each.action)}</code>, rule <code>{escape(each.rule)}</code>, until "
            yield f"{each.expires.isoformat()}: {escape(each.reason)}</li>\n"
        yield "</ul>\n"
    yield "</main>\n</body>\n</html>\n"


def _asked(report: Report) -> Iterator[str]:
    named = dict(report.asked)
    if report.bundle is not None:
        named |= {"bundle": report.bundle[0], "revision": report.bundle[1]}
    rows = ((escape(name), f"<code>{escape(text)}</code>") for name, text in named.items())
    yield from _table("What was decided again", ("", ""), rows)


def _figures(report: Report) -> Iterator[str]:
    rows: list[tuple[_Cell, ...]] = [(escape(name), count, "") for name, count in report.figures()]
    rows += [
        (escape(why.value), counted.count, _examples(counted)) for why, counted in sorted(report.tally.apart.items())
    ]
    yield from _table("Decisions", ("Outcome", "Count", "Examples"), rows)


def _differences(rows: list[Row]) -> Iterator[str]:
    if not rows:
        yield "<p>Nothing comes out otherwise.</p>\n"
        return
    heads = ("Change", "Action", "Rules", "Subject", "Count", "Approved", "Examples")
    yield from _table("What comes out otherwise", heads, map(_difference, rows))


def _difference(row: Row) -> tuple[_Cell, ...]:
    flip = row.flip
    standing = row.standing
    if row.approvals:
        reasons = "".join(f"<li>{escape(each.reason)}, until {each.expires.isoformat()}</li>" for each in row.approvals)
        standing = f"yes<ul>{reasons}</ul>"
    return (
        f'<span class="{"refused" if row.refused else "kept"}">{flip.change.value}</span>',
        f"<code>{escape(flip.action)}</code>",
        ", ".join(f"<code>{escape(rule)}</code>" for rule in flip.rules),
        escape(flip.subject),
        row.counted.count,
        standing,
        _examples(row.counted),
    )


def _examples(counted: Counted) -> str:
    if not counted.examples:
        return ""
    items = (
        f"<li><code>{escape(each.decision_id)}</code> {escape(each.time)}"
        + (f"<br><code>{escape(each.asked)}</code>" if each.asked else "")
        + "</li>"
        for each in counted.examples
    )
    return f"<ul>{''.join(items)}</ul>"


def _table(caption: str, heads: tuple[str, ...], rows: Iterable[tuple[_Cell, ...]]) -> Iterator[str]:
    """Yield a table whose first column heads its rows; cells are markup already."""
    yield f"<table>\n<caption>{escape(caption)}</caption>\n"
    columns = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    if any(heads):
        yield f"<thead><tr>{columns}</tr></thead>\n"
    yield "<tbody>\n"
    for first, *rest in rows:
        cells = "".join(map(_cell, rest))
        yield f'<tr><th scope="row">{first}</th>{cells}</tr>\n'
    yield "</tbody>\n</table>\n"


def _cell(cell: _Cell) -> str:
    return f"<td>{cell}</td>" if isinstance(cell, str) else f'<td class="number">{cell:,}</td>'
