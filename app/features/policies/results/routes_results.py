"""What the tests of the policies in force show, over HTTP: results, gates seen to pass and to fail, holes."""

from collections.abc import Mapping

from flask import render_template
from flask.typing import ResponseReturnValue

from app.features.policies.feature import feature
from app.features.policies.results.results import results
from app.pdp.bundle import Bundle
from app.pdp.enforce import Permit
from app.pdp.test_report import TestReport, TestResult
from app.pep import Resource, gate_of_request, wants_page


def _bundle() -> Bundle:
    return gate_of_request().pdp.policies.bundle


def _in_force() -> Resource:
    return Resource(type="policies", id=_bundle().digest, properties={})


@feature.route("/tests", action="view", resource=_in_force)
def tests(_permit: Permit) -> ResponseReturnValue:
    """Show what the tests of the policies in force show; where nobody has run them on this node, have them run."""
    bundle = _bundle()
    outcome = results().look(bundle)
    report = outcome.report
    if wants_page():
        return render_template(
            "policies/tests.html",
            bundle=bundle,
            outcome=outcome,
            report=report,
            figures=None if report is None else figures(report),
            results=None if report is None else by_subject(report),
        )
    found = {"bundle": bundle.digest, "revision": bundle.revision, "state": outcome.state.value, "error": outcome.error}
    return found | ({} if report is None else report.document() | {"holes": list(report.holes)})


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
