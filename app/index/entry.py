"""What the index says of a record, a seal, a checkpoint: rows as values, made of the log alone.

The same bytes give the same row, whenever and in whatever order they are read. A body's members are taken where they
have the shape they have in decisions, whatever the type of the record, and are otherwise left out: nothing a caller
can put into a record keeps the index from going on.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from evidence.checkpoint import Checkpoint
from evidence.record import Excerpt
from evidence.segment import Seal

Row = dict[str, Any]

_LONGEST: Final = 256  # characters; longer texts are cut, so that they fit into every database's index
_MOST: Final = 64  # failed gates
_NONE_FAILED: Final = frozenset({None, "[]"})
_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


def decision_row(record: Excerpt, segment: int) -> Row:
    """Return the row of one record."""
    body = record.body
    subject, resource, result = _object(body.get("subject")), _object(body.get("resource")), _object(body.get("result"))
    policy = _object(body.get("policy")) or body
    allow = result.get("allow")
    return {
        "chain": record.chain,
        "seq": record.seq,
        "segment": segment,
        "time": record.time,
        "tenant": record.tenant,
        "type": record.type,
        "caller": text(body.get("caller")),
        "action": text(body.get("action")),
        "subject_type": text(subject.get("type")),
        "subject_ref": text(_named(subject)),
        "resource_type": text(resource.get("type")),
        "resource_ref": text(_named(resource)),
        "allow": allow if isinstance(allow, bool) else None,
        "failed": _gates(result.get("failed")),
        "bundle": text(policy.get("bundle")),
        "revision": text(policy.get("revision")),
        "purpose": _purpose(result.get("obligations")),
    }


def _purpose(obligations: Any) -> str | None:
    """Return the purpose that the obligation `access` states: for what somebody reads personal data."""
    for each in map(_object, obligations if isinstance(obligations, list) else ()):
        if each.get("type") == "access":
            return text(each.get("purpose"))
    return None


def failure_rows(decision: Row) -> Iterator[Row]:
    """Yield a row for each rule that failed, given the row of the record: in the order of their names, each once."""
    if decision["action"] is None or decision["failed"] in _NONE_FAILED:
        return
    for gate in sorted(set(json.loads(decision["failed"]))):
        yield {
            "chain": decision["chain"],
            "seq": decision["seq"],
            "rule": f"{decision['action']}/{gate}",
            "time": decision["time"],
            "tenant": decision["tenant"],
        }


def segment_row(seal: Seal, checkpoint: int) -> Row:
    """Return the row of one segment, which came into the tree with `checkpoint`."""
    return {
        "chain": seal.chain,
        "number": seal.segment,
        "checkpoint": checkpoint,
        "first_seq": seal.first_seq,
        "count": seal.count,
        "size": seal.size,
        "min_time": seal.min_time,
        "max_time": seal.max_time,
        "sealed_at": seal.sealed_at,
        "retain_until": seal.retain_until,
        "seal_hash": seal.seal_hash,
        "root": seal.root,
        "sha256": seal.sha256,
    }


def chain_row(newest: Seal) -> Row:
    """Return the row of a chain whose newest seal is `newest`."""
    return {
        "chain": newest.chain,
        "log": newest.log,
        "retention_class": newest.retention_class,
        "segments": newest.segment + 1,
        "records": newest.first_seq + newest.count,
        "head": newest.head,
        "sealed_at": newest.sealed_at,
    }


def checkpoint_row(number: int, found: Checkpoint, newest: Seal) -> Row:
    """Return the row of one checkpoint; `newest` is the last seal under it."""
    return {"number": number, "size": found.size, "root": found.root.hex(), "sealed_at": newest.sealed_at}


def text(value: Any) -> str | None:
    """Return `value` as a column holds it, if it is text: no NUL, which PostgreSQL does not take, and not too long."""
    if not isinstance(value, str):
        return None
    if len(value) <= _LONGEST and "\0" not in value:
        return value
    shown = value[:_LONGEST].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return shown if len(value) <= _LONGEST else shown[:-1] + "\N{HORIZONTAL ELLIPSIS}"


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _named(value: dict[str, Any]) -> Any:
    """Return the pseudonym, or the id where ids of this type never name a person."""
    return value.get("ref", value.get("id"))


def _gates(value: Any) -> str | None:
    """Return the ids of the failed gates as a JSON array."""
    if not isinstance(value, list):
        return None
    return _encode([gate for gate in map(text, value[:_MOST]) if gate is not None])
