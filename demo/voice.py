"""What an imaginary voice interface asks: whether a spoken command is carried out.

The answers expected here follow from policies/rego/voice and the tables in policies/data.
"""

from datetime import datetime
from typing import Any

from demo.questions import LEFT_OUT, Caller, Question, before, changed, decided

PEOPLE = ("usr-0031", "usr-0052")
"""Everybody the questions here speak of. The log must not."""

_COMMAND = "cmd-77aa"


def commanding(now: datetime) -> list[Question]:
    """Return questions about one command, "deploy the workflow to production", and ways to give it."""
    ordinary = _deploy(now)

    def ask(asks: str, changes: dict[str, Any], *because: str, allow: bool) -> Question:
        return decided(asks, changed(ordinary, changes), *because, allow=allow, caller=Caller.VOICE)

    alone = {"context.approval": LEFT_OUT, "context.second_factor": LEFT_OUT}
    return [
        ask('"Deploy it to production", approved two minutes ago', {}, allow=True),
        ask(
            "The same, approved by nobody yet",
            alone,
            *("approved", "second_factor", "request_approval", "request_second_factor"),
            allow=False,
        ),
        ask("The same, as a dry run", alone | {"context.dry_run": True}, "simulate_only", allow=True),
        ask("A recording of the command, played back", {"context.nonce.fresh": False}, "nonce_unused", allow=False),
        ask(
            "Two recognisers of speech heard different things",
            {"context.recognition.agreement_percent": 41.5},
            "recognised",
            allow=False,
        ),
    ]


def _deploy(now: datetime) -> dict[str, Any]:
    approval = {
        "granted": True,
        "approver": "usr-0052",
        "tenant": "acme",
        "approver_roles": ["release_manager"],
        "command": _COMMAND,
        "approved_at": before(now, seconds=120),
    }
    parsed = {"verb": "deploy", "target": "workflow", "environment": "production", "complete": True}
    factor = {"verified": True, "method": "totp", "command": _COMMAND, "verified_at": before(now, seconds=15)}
    return {
        "subject": {"type": "user", "id": "usr-0031", "properties": {"tenant": "acme", "roles": ["engineer"]}},
        "action": {"name": "voice.execute"},
        "resource": {"type": "command", "id": _COMMAND, "properties": {"tenant": "acme", "parsed": parsed}},
        "context": {
            "channel": "speech",
            "recognition": {"first": "grammar", "second": "transcript", "agreement_percent": 92.5},
            "nonce": {"fresh": True},
            "dry_run": False,
            "approval": approval,
            "second_factor": factor,
        },
    }
