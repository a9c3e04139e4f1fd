"""A record in words: its members as a reader wants them, whatever its type. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from evidence import canonical
from evidence.record import Record

_APART: Final = frozenset({"result", "policy", "action", "subject", "resource", "caller"})


def said(record: Record) -> tuple[tuple[str, str], ...]:
    """Return what a record says in the open: names and texts, in the order in which one reads them."""
    return tuple(_said(record))


def _said(record: Record) -> Iterator[tuple[str, str]]:
    body = record.body
    yield "Type", record.type
    yield "Time", record.time
    yield "Tenant", record.tenant
    for name, member in (("Asked by", "caller"), ("Action", "action")):
        if isinstance(body.get(member), str):
            yield name, body[member]
    for name, member in (("Subject", "subject"), ("Resource", "resource")):
        if isinstance(body.get(member), Mapping):
            yield name, _named(body[member])
    policy = body.get("policy")
    if isinstance(policy, Mapping):
        yield "Policy revision", str(policy.get("revision"))
        yield "Bundle", str(policy.get("bundle"))
        yield "Engine", str(policy.get("engine"))
    for name, value in sorted(body.items()):
        if name not in _APART or (name in {"action", "caller"} and not isinstance(value, str)):
            yield name.replace("_", " ").capitalize(), value if isinstance(value, str) else _text(value)
    yield "Kept as", f"class {record.retention_class}"
    for block in record.sealed:
        yield "Sealed part", f"of {block['subject']}, under key {block['kid']}: encrypted, and not opened here"


def _named(value: Mapping[str, Any]) -> str:
    """Return type and name of a subject or a resource; a pseudonym says that it is one."""
    name = value.get("ref", value.get("id"))
    kind = value.get("type") or "of no known type"
    return f"{kind} {name}" if name is not None else str(kind)


def _text(value: Any) -> str:
    return canonical.encode(value).decode()
