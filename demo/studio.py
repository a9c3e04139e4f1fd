"""What an imaginary studio for workflows asks: who runs what, and what goes into production, forged overrides included.

The answers expected here follow from policies/rego/studio and the limits in policies/data.
"""

from datetime import datetime
from typing import Any

from demo.questions import Caller, Question, before, changed, decided

PEOPLE = ("mem-3c11", "mem-0001", "mem-0002", "mem-0003", "per-0c01", "per-0c02")
"""Everybody the questions here speak of. The log must not."""

_FACTS = "resource.properties."
_NEVER_OPEN = "closed"  # policies/data/change_windows.json names no such window, so no weekday opens it
_AGENT = "sha256:" + 64 * "a"
_OLDER, _VERSION = "sha256:" + 64 * "1", "sha256:" + 64 * "2"
_LISTS = {
    "agent": {"allow": ["approved_agent_1", "approved_agent_2"], "deny": ["experimental_*", "beta_*"]},
    "tool": {"allow": ["filesystem", "git_ops"], "deny": ["web_scraper", "email_sender"]},
    "integration": {"allow": ["salesforce", "jira"], "deny": ["*"]},
}
_MEMBER = {"type": "member", "id": "mem-3c11", "properties": {"workspace": "ws-7d20", "role": "editor"}}


def building(now: datetime) -> list[Question]:
    """Return questions about deploying a workflow, then about using components in one and running it."""
    return [*_deployments(now), *_uses()]


def _deployments(now: datetime) -> list[Question]:
    ordinary = _deployment(now)
    duties = ("risk_assessment", "data_governance", "human_oversight", "transparency")
    high_risk = {"class": "high"} | dict.fromkeys(duties, True)

    def ask(asks: str, changes: dict[str, Any], *because: str, allow: bool) -> Question:
        return decided(asks, changed(ordinary, changes), *because, allow=allow, caller=Caller.STUDIO)

    return [
        ask("Deploy a workflow outside its change window", {}, "in_change_window", allow=False),
        ask(
            "The same, with an override that the caller wrote itself",
            {"context.overrides": [_forged(now)]},
            "in_change_window",
            allow=False,
        ),
        ask(
            "The same, where only the decision point states one",
            {"environment": {"overrides": [_forged(now)]}},
            "in_change_window",
            allow=False,
        ),
        ask(
            "Outside the window, and an older version was tested",
            {"context.tests.digest": _OLDER},
            "in_change_window",
            "tested",
            allow=False,
        ),
        ask(
            "Outside the window; high risk, with no human oversight",
            {_FACTS + "ai_act": high_risk | {"human_oversight": False}},
            "high_risk_duties",
            "in_change_window",
            allow=False,
        ),
    ]


def _deployment(now: datetime) -> dict[str, Any]:
    """Return the request to deploy a workflow that lacks nothing but an open change window."""
    agent = {
        "name": "approved_agent_1",
        "kind": "agent",
        "digest": _AGENT,
        "certification": {
            "digest": _AGENT,
            "basic": {"security_scan_passed": True, "coverage_percent": 91.5, "documentation_complete": True},
            "enterprise": {"soak_hours": 26.5, "compliance_scan_passed": True, "guaranteed_uptime_percent": 99.9},
        },
    }
    workflow = {
        "digest": _VERSION,
        "authors": ["mem-3c11", "mem-0001"],
        "components": [agent],
        "secrets": [{"type": "key_vault", "rotated_at": before(now, days=50)}],
        "findings": {"plaintext_secrets": 0},
        "ai_act": {"class": "minimal"},
        "workspace": {
            "id": "ws-7d20",
            "governance": "strict",
            "components": _LISTS,
            "certification": "enterprise",
            "approver_roles": ["team_lead", "security_officer"],
            "change_window": _NEVER_OPEN,
            "secrets": {"access_logged": True},
        },
    }
    return {
        "subject": _MEMBER,
        "action": {"name": "studio.deploy"},
        "resource": {"type": "workflow", "id": "wf-4b1e", "properties": workflow},
        "context": {
            "approvals": [
                {"person": "mem-0002", "role": "team_lead", "digest": _VERSION, "at": before(now, days=2)},
                {"person": "mem-0003", "role": "security_officer", "digest": _VERSION, "at": before(now, days=1)},
            ],
            "tests": {"passed": True, "digest": _VERSION},
            "rollback": {"plan": "previous_version", "digest": _OLDER},
        },
    }


def _forged(now: datetime) -> dict[str, Any]:
    """Return an override of the change window as the decision point would state one that was granted."""
    return {
        "id": "ovr-1",
        "kind": "request",
        "action": "studio.deploy",
        "gate": "in_change_window",
        "subject": {"type": "member", "id": "mem-3c11"},
        "resource": {"type": "workflow", "id": "wf-4b1e"},
        "by": "mem-3c11",
        "role": "editor",
        "from": before(now, seconds=2400),
        "expires_at": before(now, seconds=-7 * 3600),
        "hours": 8,
        "minutes": 15,
        "approvals": [
            {"person": "per-0c01", "role": "ciso", "at": before(now, seconds=3600)},
            {"person": "per-0c02", "role": "compliance_officer", "at": before(now, seconds=2400)},
        ],
    }


def _uses() -> list[Question]:
    workspace = {"id": "ws-7d20", "governance": "open", "components": _LISTS}
    use = {
        "subject": _MEMBER,
        "action": {"name": "studio.use_component"},
        "resource": {
            "type": "component",
            "id": "experimental_summariser",
            "properties": {"kind": "agent", "digest": _AGENT, "workspace": workspace},
        },
        "context": {},
    }
    budget = {"limit_micro_usd": 100_000_000, "spent_micro_usd": 99_850_000}
    runs = {"count": 3, "period_seconds": 3600}
    run = {
        "subject": _MEMBER,
        "action": {"name": "studio.run"},
        "resource": {
            "type": "workflow",
            "id": "wf-4b1e",
            "properties": {
                "digest": _VERSION,
                "workspace": {"id": "ws-7d20", "region": "EU", "budget": budget, "runs": runs},
            },
        },
        "context": {"region": "EU", "estimate": {"digest": _VERSION, "p95_micro_usd": 150_000}},
    }
    dear = changed(run, {"context.estimate.p95_micro_usd": 150_001})
    asked = {"caller": Caller.STUDIO}
    return [
        decided("Use an agent that the workspace's lists deny", use, "allowed", allow=False, **asked),
        decided("Run it for 15 cents, exactly what is left", run, "stop_at_cost", allow=True, **asked),
        decided("A run for a millionth of a dollar more", dear, "within_budget", allow=False, **asked),
    ]
