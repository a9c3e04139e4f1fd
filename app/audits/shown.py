"""Engagements, requests and threads as JSON values, for the pages and programs of either side. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.audits.activity import Activity
from app.audits.engagements import Engagement
from app.audits.entered import last_day
from app.audits.request import Evidence, Message, Request, Side, State, Thread


def moment(seconds: int) -> str:
    """Return Unix seconds as people read them, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def day(seconds: float) -> str:
    """Return the day of Unix seconds, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def engagement(found: Engagement, now: float) -> dict[str, Any]:
    """Return an engagement; `days_left` counts a day that has begun, and is 0 when it is over."""
    left = datetime.fromisoformat(found.ends) - datetime.fromtimestamp(now, UTC)
    at = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    over = found.over_at(at)
    return {
        "id": found.id,
        "firm": found.firm,
        "title": found.title,
        "tenant": found.tenant,
        "frameworks": list(found.frameworks),
        "period": {"first": found.period_start[:10], "last": last_day(found.period_end)},
        "access": {
            "first": found.starts[:10],
            "last": last_day(found.ends),
            "starts": found.starts,
            "ends": found.ends,
        },
        "state": found.state.value,
        "over": over,
        "open": found.open_at(at),
        "days_left": 0 if over else -(-left // timedelta(days=1)),
        "decision_id": found.decision_id,
    }


def request(found: Request, today: str) -> dict[str, Any]:
    """Return a request; it is overdue where the entity should have answered before `today`."""
    asked = found.asked
    return {
        "number": found.number,
        "reference": asked.reference,
        "title": asked.title,
        "text": asked.text,
        "control": asked.control,
        "due": asked.due,
        "overdue": found.overdue(today),
        "state": found.state.value,
        "side": found.side.value,
        "by": found.by,
        "at": moment(found.at),
        "changed_at": moment(found.changed_at),
        "decision_id": found.decision_id,
    }


def thread(found: Thread, side: Side, today: str) -> dict[str, Any]:
    """Return a thread as `side` sees it: with the states into which that side may bring the request."""
    return request(found.request, today) | {
        "moves": [each.value for each in found.request.moves(side)],
        "messages": [_message(each) for each in found.messages],
        "evidence": [evidence(each) for each in found.evidence],
    }


def evidence(found: Evidence) -> dict[str, Any]:
    """Return a file, with the three dates that are kept apart."""
    given = found.provenance
    return {
        "number": found.number,
        "name": found.name,
        "size": found.size,
        "sha256": found.sha256,
        "effective": {"first": given.effective_from, "last": given.effective_to},
        "collected": given.collected[:19].replace("T", " "),
        "received": moment(found.at),
        "source": given.source,
        "query": given.query,
        "actor": given.actor,
        "tool": given.tool,
        "policy_commit": given.policy_commit,
        "by": found.by,
        "decision_id": found.decision_id,
    }


def activity(found: Activity) -> dict[str, Any]:
    """Return a page of what auditors did."""
    done = [
        {
            "decision_id": each.decision_id,
            "time": each.time[:19].replace("T", " "),
            "action": each.action,
            "allow": each.allow,
            "failed": list(each.failed),
            "auditor": each.auditor,
            "name": each.name,
            "kind": each.kind,
            "object": each.object,
        }
        for each in found.done
    ]
    return {"activity": done, "after": found.after, "before": found.before}


def tally(requests: tuple[Request, ...], today: str) -> Mapping[str, int]:
    """Return how many requests are in each state, and how many are overdue."""
    counted = {state.value: sum(each.state is state for each in requests) for state in State}
    return counted | {"overdue": sum(each.overdue(today) for each in requests)}


def _message(found: Message) -> dict[str, Any]:
    return {
        "number": found.number,
        "side": found.side.value,
        "by": found.by,
        "text": found.text,
        "state": None if found.state is None else found.state.value,
        "at": moment(found.at),
        "decision_id": found.decision_id,
    }
