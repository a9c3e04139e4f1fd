"""An explanation in the form of OPA's: events, or lines of text. Which rules held and where they stand; no values."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.decision_plane.opa.options import Explain

_OPS: Final = {True: "exit", False: "fail", None: "eval"}


def events(explanation: Mapping[str, Any], wanted: Explain, *, pretty: bool) -> list[Any]:
    """Return the events that are wanted of an explanation, as `Explanation.document` states it.

    `notes`: a note for each gate, diagnostic and change. `fails`: the rules that did not hold. `full` and `debug`: the
    notes and all rules. A rule that held is `exit`, one that did not `fail`, one that nobody asked or measured `eval`.
    """
    notes = [] if wanted is Explain.FAILS else list(_notes(explanation))
    rules = [] if wanted is Explain.NOTES else list(_rules(explanation))
    chosen = [each for each in (*notes, *rules) if wanted is not Explain.FAILS or each["op"] == "fail"]
    return [_line(each) for each in chosen] if pretty else chosen


def _notes(explanation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for gate in explanation["gates"]:
        yield _note(f"{gate['id']}: {gate['state']}: {gate['title']}")
    for found in explanation["diagnostics"]:
        yield _note(f"{found['code']} {found['path']}".strip())
    for change in explanation["changes"]:
        yield _note(f"for an allow: {change['id']}: {change['say']}")


def _note(message: str) -> dict[str, Any]:
    return {"op": "note", "query_id": 0, "parent_id": 0, "type": "rule", "node": {}, "locals": [], "message": message}


def _rules(explanation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    numbered = ((gate["id"], rule) for gate in explanation["gates"] for rule in gate["rules"])
    for number, (gate, rule) in enumerate(numbered, 1):
        yield {
            "op": _OPS[rule.get("held")],
            "query_id": number,
            "parent_id": 0,
            "type": "rule",
            "node": {"head": {"name": "passed", "key": {"type": "string", "value": gate}}},
            "locals": [],
            "location": {"file": rule["file"], "row": rule["line"], "col": 1},
            "lines": rule.get("lines", []),
        }


def _line(event: Mapping[str, Any]) -> str:
    if event["op"] == "note":
        return f"note {event['message']}"
    place = event["location"]
    return f"{event['op']} {place['file']}:{place['row']} passed[{event['node']['head']['key']['value']}]"
