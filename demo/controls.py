"""What an imaginary platform asks on behalf of all its features: sessions, health data, access, backups.

The answers expected here follow from policies/rego/platform and the limits in policies/data.
"""

from datetime import datetime
from typing import Any

from demo.questions import Caller, Question, before, changed, decided

PEOPLE = ("usr-0031", "usr-0060")
"""Everybody the questions here speak of. The log must not."""

_FACTS = "resource.properties."


def controlling(now: datetime) -> list[Question]:
    """Return questions about the controls that every feature relies on."""
    session, data = _session(now), _data()

    def ask(asks: str, facts: dict[str, Any], *because: str, allow: bool) -> Question:
        return decided(asks, facts, *because, allow=allow, caller=Caller.PLATFORM)

    return [
        ask(
            "Go on with a session opened by password alone",
            changed(session, {_FACTS + "second_factor": {"verified": False, "method": "none"}}),
            *("second_factor", "request_second_factor"),
            allow=False,
        ),
        ask("Store health data, encrypted", data, allow=True),
        ask(
            "Store health data in the clear",
            changed(data, {_FACTS + "encryption": {"at_rest": False, "cipher": "none"}}),
            "encrypted",
            allow=False,
        ),
        ask("Let who creates payouts approve them too", _grant(now), "duties_separated", allow=False),
        ask(
            "A look at the backups; the newest is 25 hours old",
            _backup(now),
            *("recent", "alert_operations"),
            allow=True,
        ),
    ]


def _session(now: datetime) -> dict[str, Any]:
    facts = {
        "person": "usr-0031",
        "opened_at": before(now, seconds=6 * 3600),
        "used_at": before(now, seconds=120),
        "ended": False,
        "second_factor": {"verified": True, "method": "webauthn"},
    }
    return {
        "subject": {"type": "user", "id": "usr-0031"},
        "action": {"name": "platform.use_session"},
        "resource": {"type": "session", "id": "ses-40c9", "properties": facts},
        "context": {},
    }


def _data() -> dict[str, Any]:
    facts = {
        "phi": {"searched": True, "present": True},
        "encryption": {"at_rest": True, "cipher": "aes-256-gcm"},
        "region": "US",
        "residency": "US",
    }
    return {
        "subject": {"type": "service", "id": "intake-job"},
        "action": {"name": "platform.store_data"},
        "resource": {"type": "dataset", "id": "admissions", "properties": facts},
        "context": {},
    }


def _grant(now: datetime) -> dict[str, Any]:
    administrator = {"tenant": "acme", "roles": ["access_administrator"]}
    facts = {
        "tenant": "acme",
        "person": "usr-0031",
        "role": "treasurer",
        "permissions": ["bank_accounts.write", "payouts.create"],
        "reviewed_at": before(now, days=50),
    }
    return {
        "subject": {"type": "user", "id": "usr-0060", "properties": administrator},
        "action": {"name": "platform.grant_access"},
        "resource": {"type": "account", "id": "acc-0007", "properties": facts},
        "context": {"permissions": ["payouts.approve"]},
    }


def _backup(now: datetime) -> dict[str, Any]:
    facts = {"backed_up_at": before(now, seconds=25 * 3600), "restored_at": before(now, days=20)}
    return {
        "subject": {"type": "service", "id": "backup-watch-job", "properties": {"roles": ["backup_watch"]}},
        "action": {"name": "platform.verify_backup"},
        "resource": {"type": "store", "id": "decisions-db", "properties": facts},
        "context": {},
    }
