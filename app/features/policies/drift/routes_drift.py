"""The drift board over HTTP: what the last scan of each node found, for programs and for people.

Shows what the job kept. Who scans and who heals is `drift_job`'s and `healing`'s business.
"""

from collections.abc import Mapping
from typing import Any, Final

from flask import render_template
from flask.typing import ResponseReturnValue

from app.features.policies.drift.comparing import Kind
from app.features.policies.drift.drift_job import NAME, board
from app.features.policies.feature import feature
from app.features.policies.overrides.override_request import moment
from app.pdp.enforce import Permit
from app.pep import Resource, wants_page

WORDS: Final[Mapping[str, str]] = {
    Kind.UNSYNCED: "older or newer than what is declared",
    Kind.FOREIGN_MODULE: "a file that decides and is not declared, or not so",
    Kind.UNSIGNED_COMMIT: "a commit of the protected branch without a signature; it is not in force",
    Kind.UNKNOWN_COMMIT: "a commit signed by nobody who counts, or a branch that was rewritten",
    Kind.STALE_WORKER: "a worker that has not taken over what is in force, or says nothing",
    Kind.EDITED_BUNDLE: "a bundle that is not what its name or its signature says",
    Kind.OVERRIDE_PAST_ITS_TIME: "an override used after its end, or more often than allowed",
    Kind.ENGINE_MISMATCH: "a worker with another version of the engine than the software has",
    Kind.CHANGE_OUTSIDE_WINDOW: "policies in force that no decision put there inside a change window",
    Kind.SETTING_DIFFERS: "a setting that runs with another value than the policies declare",
}
"""What each kind of finding means, for people."""


def _board() -> Resource:
    return Resource(type="policies", id="drift", properties={})


@feature.route("/drift", action="view", resource=_board)
def drift(_permit: Permit) -> ResponseReturnValue:
    """Show the last scan of each node: when, whether it was clean, what differed, whether it was healed."""
    nodes = [_document(each) for each in board()]
    if not wants_page():
        return {"nodes": nodes}
    differing = sum(not each["clean"] for each in nodes)
    return render_template("policies/drift.html", nodes=nodes, differing=differing, words=WORDS, job=NAME)


def _document(scan: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was kept of a scan as JSON values, its time as text (RFC 3339, UTC)."""
    return {**scan, "scanned_at": moment(scan["scanned_at"] // 1_000), "clean": not scan["findings"]}
