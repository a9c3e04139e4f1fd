"""A recorded decision as an event of OPA's decision log ("Decision Logs", section "Decision Log Service API").

Owns which member says what. Opens nothing: whoever may see the request hands it in.
"""

from typing import Any, Final

from evidence.record import Record

_NAME: Final = "omega"
INPUT: Final = "/input"
"""JSON Pointer of the request in an event."""


def event(  # noqa: PLR0913 - what is known of a decision
    record: Record, leaf: str, *, log: str, version: str, request: Any = None, erased: bool = False
) -> dict[str, Any]:
    """Return the event of a record, which is of a decision and has this leaf hash.

    `log` and `version` become labels. `request` is what was asked, where it may be seen; `erased`, that nobody can.
    """
    body = record.body
    told: dict[str, Any] = {
        "labels": {"id": log, "version": version},
        "decision_id": _decision_id(record),
        "bundles": {_NAME: {"revision": body["policy"]["revision"]}},
        "path": None if body["action"] is None else f"{body['action'].replace('.', '/')}/decision",
        "input": request,
        "result": body["result"],
        "requested_by": body["caller"],
        "timestamp": record.time,
        "erased": [INPUT] if erased else None,
        "custom": _custom(record, leaf),
    }
    return {name: value for name, value in told.items() if value is not None}


def _decision_id(record: Record) -> str:
    """Return the id that the caller was given, also of a record that was carried over to another chain."""
    origin = record.orphan_of
    return record.position.decision_id if origin is None else f"{origin['chain']}-{origin['seq']}"


def _custom(record: Record, leaf: str) -> dict[str, Any]:
    """Return what OPA's events have no member for: where the record stands, and what it commits to."""
    body = record.body
    kept: tuple[Any, ...] = tuple(body.get("payloads", ())) or record.sealed
    return {
        "tenant": record.tenant,
        "chain": record.chain,
        "seq": record.seq,
        "leaf_hash": leaf,
        "bundle": body["policy"]["bundle"],
        "engine": body["policy"]["engine"],
        "subject": body["subject"],
        "resource": body["resource"],
        "commitments": [part["commit"] for part in kept],
    }
