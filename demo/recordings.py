"""What an imaginary recorder of runs asks: what is recorded, revealed, exported and deleted.

The answers expected here follow from policies/rego/replay and the limits in policies/data.
"""

from datetime import datetime
from typing import Any

from demo.questions import Caller, Question, before, changed, decided

PEOPLE = ("usr-0007", "usr-0019", "usr-0044", "psd-5d1e", "psd-9a04")
"""Everybody the questions here speak of. The log must not."""

_RUN = "run-0042"
_FACTS = "resource.properties."


def handling(now: datetime) -> list[Question]:
    """Return questions about recording a run, and about what becomes of the recording."""
    snapshot, original, export, old = _snapshot(), _original(now), _export(now), _old(now)

    def ask(asks: str, facts: dict[str, Any], changes: dict[str, Any], *because: str, allow: bool) -> Question:
        return decided(asks, changed(facts, changes), *because, allow=allow, caller=Caller.REPLAY)

    redaction, approver = _FACTS + "redaction.enabled", "context.approval.approver"
    revoked = [_consent(now, "psd-5d1e"), _consent(now, "psd-9a04") | {"revoked": True}]
    return [
        ask("Record a run with redaction off", snapshot, {redaction: False}, "redacted", allow=False),
        ask("Reveal personal data; a second officer has agreed", original, {}, allow=True),
        ask(
            "The same, but the officer agreed with themselves",
            original,
            {approver: "usr-0007"},
            *("second_person", "request_approval"),
            allow=False,
        ),
        ask("Train on a run; both its persons have consented", export, {}, "attach_consents", allow=True),
        ask(
            "The same, after one of them has revoked",
            export,
            {_FACTS + "consents": revoked},
            "consent_in_force",
            allow=False,
        ),
        ask("Delete a run that was kept for 366 days", old, {}, "destroy_keys", allow=True),
        ask(
            "The same, but a legal hold lies on it",
            old,
            {_FACTS + "legal_hold": True},
            "no_legal_hold",
            allow=False,
        ),
    ]


def _asked(action: str, subject: dict[str, Any], facts: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    resource = {"type": "run", "id": _RUN, "properties": {"tenant": "acme", **facts}}
    return {"subject": subject, "action": {"name": action}, "resource": resource, "context": context}


def _who(kind: str, name: str, role: str) -> dict[str, Any]:
    return {"type": kind, "id": name, "properties": {"tenant": "acme", "roles": [role]}}


def _snapshot() -> dict[str, Any]:
    detectors = ["credit_card", "email", "iban", "ip_address", "ssn"]
    facts = {
        "region": "EU",
        "residency": "EU",
        "redaction": {"enabled": True, "before_storage": True, "detectors": detectors},
        "encryption": {"snapshot": "aes-256-gcm-siv", "placeholders": "aes-256-gcm"},
        "model": {"version_recorded": True, "seed_recorded": True},
    }
    return _asked("replay.record", _who("service", "recorder-1", "recorder"), facts, {})


def _original(now: datetime) -> dict[str, Any]:
    purpose = "data_subject_request"
    approval = {
        "granted": True,
        "approver": "usr-0019",
        "tenant": "acme",
        "approver_roles": ["compliance_officer"],
        "run": _RUN,
        "purpose": purpose,
        "approved_at": before(now, seconds=480),
    }
    context = {"region": "EU", "purpose": purpose, "approval": approval}
    return _asked("replay.reveal_pii", _who("user", "usr-0007", "privacy_officer"), {"residency": "EU"}, context)


def _export(now: datetime) -> dict[str, Any]:
    facts = {
        "residency": "EU",
        "outcome": "succeeded",
        "redaction": {"complete": True},
        "people": 2,
        "consents": [_consent(now, "psd-5d1e"), _consent(now, "psd-9a04")],
    }
    trainer = _who("user", "usr-0044", "trainer")
    return _asked("replay.export_training", trainer, facts, {"region": "EU", "view": "redacted"})


def _consent(now: datetime, person: str) -> dict[str, Any]:
    span = {"given_at": before(now, days=80), "expires_at": before(now, days=-280)}
    return {"person": person, "purpose": "training", **span, "revoked": False}


def _old(now: datetime) -> dict[str, Any]:
    facts = {"recorded_at": before(now, days=366), "retention_class": "standard", "legal_hold": False}
    return _asked("replay.delete", _who("service", "retention-job", "retention"), facts, {})
