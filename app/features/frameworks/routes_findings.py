"""Pages of findings: what is not as a control wants it, since when, who deals with it until when, what was done."""

from typing import Any, Final

from flask import g
from flask.typing import ResponseReturnValue

from app.features.frameworks import standing
from app.features.frameworks.answering import answer
from app.features.frameworks.feature import feature
from app.features.frameworks.overview import finding_document, looked_at, table, time_text
from app.features.frameworks.shelf import collection, found, now
from app.features.frameworks.standing import FindingShown
from app.pdp.enforce import Permit
from app.pep import Resource

ACCEPTORS: Final = ("ciso", "compliance_officer", "security_officer")
"""The roles that a form offers beside that of the owner; policy decides who may."""

_FINDINGS: Final = {
    "id": "finding",
    "severity": "severity",
    "state": "state",
    "control": "control",
    "test": "test",
    "owner": "owner",
    "opened_at": "opened at",
    "due_at": "due at",
    "overdue": "overdue",
    "accepted_until": "accepted until",
    "remediation": "remediation",
    "deviations": "deviations",
    "decision_id": "on record as",
}
_DEVIATIONS: Final = {"record": "record", "time": "time", "reason": "reason"}


def _all() -> Resource:
    return looked_at("findings")


def _seen(finding: str) -> Resource:
    g.finding = found(standing.finding(finding))
    return looked_at("finding", finding)


@feature.route("/findings", action="view", resource=_all)
def findings(_permit: Permit) -> ResponseReturnValue:
    """Show every finding, the newest first: those that are not dealt with, and the others."""
    shown = [finding_document(each) for each in standing.findings()]
    return answer("findings", {"findings": shown}, table("findings", shown, _FINDINGS))


@feature.route("/findings/<finding>", action="view", resource=_seen)
def finding(_permit: Permit, finding: str) -> ResponseReturnValue:
    """Show a finding with its deviations and all that happened to it."""
    shown: FindingShown = g.finding
    test = next(
        (each for control in collection().controls.values() for each in control.tests if each.id == shown.test), None
    )
    title = test.title if test else None  # what was found stays, when its test is declared no longer
    document = {"finding": finding_document(shown) | {"title": title} | _history(shown)}
    deviations = table(finding, document["finding"]["found"], _DEVIATIONS)
    return answer("finding", document, deviations, roles=ACCEPTORS, today=time_text(now()))


def _history(finding: FindingShown) -> dict[str, Any]:
    return {
        "found": [{"record": each.position, "time": each.time, "reason": each.reason} for each in finding.deviations],
        "steps": [
            {
                "number": each.number,
                "state": each.state.value,
                "at": time_text(each.at),
                "by": each.by,
                "code": each.code,
                "note": each.note,
                "decision_id": each.decision_id,
            }
            for each in finding.steps
        ],
        "acceptances": [
            {
                "until": time_text(each.until),
                "person": each.person,
                "role": each.role,
                "reason": each.reason,
                "at": time_text(each.at),
                "decision_id": each.decision_id,
            }
            for each in finding.acceptances
        ],
    }
