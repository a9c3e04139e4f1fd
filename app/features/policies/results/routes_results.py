"""What the tests of the policies in force show, over HTTP: results, gates seen to pass and to fail, holes."""

from flask import render_template
from flask.typing import ResponseReturnValue

from app.features.policies.feature import feature
from app.features.policies.results.figures import by_subject, figures
from app.features.policies.results.results import results
from app.pdp.bundle import Bundle
from app.pdp.enforce import Permit
from app.pep import Resource, bundle_in_force, wants_page


def _bundle() -> Bundle:
    return bundle_in_force()


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
