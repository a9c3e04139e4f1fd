"""The charts of a report, with what they show in words for who does not see them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app import chart
from app.chart import Bar, Part
from app.reporting.report import Report
from frameworks.control_test import Kind
from frameworks.testing import Outcome

WORDS: Final[Mapping[Outcome, str]] = {
    Outcome.EFFECTIVE: "effective",
    Outcome.DEVIATIONS: "deviations",
    Outcome.STALE: "stale",
    Outcome.NOT_TESTED: "not tested",
    Outcome.DID_NOT_OCCUR: "did not occur",
}
"""What outcomes are called, in the order in which bars show them."""

_TONES: Final[Mapping[Outcome, str]] = {
    Outcome.EFFECTIVE: "good",
    Outcome.DEVIATIONS: "bad",
    Outcome.STALE: "warn",
    Outcome.NOT_TESTED: "warn",
    Outcome.DID_NOT_OCCUR: "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart, and the same in words."""

    svg: str
    words: str


def by_group(report: Report) -> Figure:
    """Return the items of each group of the framework by their outcomes."""
    counted = {
        f"{group} {title}": Counter(report.item_outcome(each.id) for each in report.items if each.group == group)
        for group, title in report.catalog.groups.items()
    }
    return _figure("items", "Items by outcome", counted)


def by_kind(report: Report) -> Figure:
    """Return the tests of each kind by their outcomes."""
    found = report.statements.values()
    counted = {kind.value: Counter(each.result.outcome for each in found if each.test.kind is kind) for kind in Kind}
    return _figure("tests", "Tests by outcome", counted)


def _figure(name: str, title: str, counted: Mapping[str, Counter[Outcome]]) -> Figure:
    drawn = [
        Bar(name=each, parts=tuple(Part(name=WORDS[o], count=counts[o], tone=_TONES[o]) for o in WORDS))
        for each, counts in counted.items()
    ]
    return Figure(svg=chart.bars(name, title, drawn), words=f"{title}. " + " ".join(bar.in_words() for bar in drawn))
