"""What the report of a bundle's tests comes to, for pages: how many of what are good, and which test is about what.

Pure.
"""

from collections.abc import Mapping

from app.pdp.test_report import TestReport, TestResult


def figures(report: TestReport) -> dict[str, tuple[int, int]]:
    """Return of tests, gates, rules and lines how many are good, and how many there are."""
    missed = sum(len(each.missed) for each in report.coverage.values())
    lines = sum(len(each.covered) for each in report.coverage.values()) + missed
    return {
        "tests that passed": (len(report.results) - len(report.failed), len(report.results)),
        "gates seen to pass and to fail": (sum(not each.hole for each in report.gates), len(report.gates)),
        "rules that a test holds": (sum(not each.hole for each in report.rules), len(report.rules)),
        "lines that ran": (lines - missed, lines),
    }


def by_subject(report: TestReport) -> Mapping[str, list[TestResult]]:
    """Return the results by the package or action that they are about, in the order of their names."""
    found: dict[str, list[TestResult]] = {}
    for each in report.results:
        found.setdefault(each.of, []).append(each)
    return dict(sorted(found.items()))
