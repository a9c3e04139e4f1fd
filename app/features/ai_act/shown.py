"""Systems and incidents as people and programs read them: JSON values, made of ours."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.features.ai_act.incident import Incident, Running, moment
from app.features.ai_act.policy_data import Clock, Notice
from app.features.ai_act.rows import ClockToldRow
from app.features.ai_act.system import Classification

WORDS: Final = {
    "market_surveillance": "market surveillance authority",
    "data_protection": "data protection authority",
    "data_subjects": "data subjects",
    "health_individuals": "individuals whose health information it was",
    "health_secretary": "Secretary of Health and Human Services",
}
"""Recipients as people know them."""


def system(found: Classification, notices: Mapping[str, Notice]) -> dict[str, Any]:
    """Return a system and its newest class."""
    return {
        "id": found.system,
        "kind": found.kind,
        "title": found.title,
        "class": found.risk,
        "high_risk_for": list(found.high_for),
        "transparency_for": list(found.told_for),
        "exempt_for": list(found.exempt_for),
        "prohibited_from": dict(found.prohibited_from),
        "duties": duties(found),
        "notices": [notice(each) for each in found.notices(notices)],
        "description": dict(found.description),
        "number": found.number,
        "by": found.by,
        "at": moment(found.at),
        "decision_id": found.decision_id,
        "policy": {"bundle": found.bundle, "revision": found.revision},
    }


def duties(found: Classification) -> list[dict[str, Any]]:
    """Return the articles that bind, each with its day."""
    return [
        {
            "article": f"eu-ai-act/{each.article}",
            "group": each.group,
            "from": each.binds_from,
            "unchecked": each.unchecked,
            "about": each.summary,
        }
        for each in found.duties
    ]


def notice(found: Notice) -> dict[str, Any]:
    """Return a notice in all its languages."""
    return {"reason": found.reason, "article": found.article, "by": found.by, "text": dict(found.text)}


def running(found: Running, now: int) -> dict[str, Any]:
    """Return a clock of an incident."""
    return {
        "clock": found.clock.id,
        "law": found.clock.law,
        "recipient": found.clock.recipient,
        "due": None if found.due is None else moment(found.due),
        "notified_at": None if found.notified_at is None else moment(found.notified_at),
        "standing": found.standing(now).value,
    }


def missed(found: Incident, clocks: Sequence[Clock], told: Sequence[ClockToldRow], now: int) -> list[dict[str, Any]]:
    """Return the clocks that were missed: as they are computed now, and as they were put on record, which stays."""
    rows = {
        row.clock: {"clock": row.clock, "law": row.law, "due": moment(row.due), "decision_id": row.decision_id}
        for row in told
        if row.what == "missed" and row.incident == found.id
    }
    computed = {
        each.clock.id: {
            "clock": each.clock.id,
            "law": each.clock.law,
            "due": moment(each.due or 0),
            "decision_id": None,
        }
        for each in found.missed(clocks, now)
    }
    return [each for _, each in sorted((computed | rows).items())]


def incident(found: Incident, clocks: Sequence[Clock], told: Sequence[ClockToldRow], now: int) -> dict[str, Any]:
    """Return an incident with its clocks and its steps."""
    return {
        "id": found.id,
        "system": found.system,
        "state": found.state.value,
        "known_at": moment(found.known_at),
        "facts": dict(found.facts),
        "clocks": [running(each, now) for each in found.clocks(clocks)],
        "missed": missed(found, clocks, told, now),
        "steps": [
            {
                "step": each.step.value,
                "by": each.by,
                "at": moment(each.at),
                "text": each.text,
                "recipient": each.recipient,
                "authority": each.authority,
                "notified_at": None if each.notified_at is None else moment(each.notified_at),
                "decision_id": each.decision_id,
            }
            for each in found.steps
        ],
    }
