"""What a store has done, on record and for the person: a record of the log by pseudonym, and a statement under its key.

Owns the forms of both. Neither names anybody.
"""

from collections.abc import Mapping
from typing import Any, Final

from evidence import canonical
from evidence.record import Draft

RECEIPT: Final = "dsr.receipt"
"""The type of the record that a store has done its step."""

EXPORT: Final = "dsr.export"
"""The type of the record that an archive was made; it names the payloads of it."""

OPENED: Final = "dsr.opened"
"""The type of the record that an archive was handed over."""


def receipt(tenant: str, body: Mapping[str, Any], parts: list[dict[str, Any]] | None) -> Draft:
    """Return the record of one step of one store."""
    said = dict(body)
    if parts:
        said["payloads"] = parts
    return Draft(type=RECEIPT, tenant=tenant, body=said)


def exported(tenant: str, request: str, subject: str | None, payloads: list[dict[str, Any]]) -> Draft:
    """Return the record that an archive was made, of all that there is of a person, where it lies."""
    return Draft(type=EXPORT, tenant=tenant, body={"request": request, "payloads": payloads} | _about(subject))


def opened(request: str, subject: str | None, decision_id: str) -> dict[str, Any]:
    """Return what is on record of an archive that was handed over: the decision names the request, this the person."""
    return {"request": request, "decision": decision_id} | _about(subject)


def _about(subject: str | None) -> dict[str, Any]:
    """Return whom it is about, where decisions have that too, so that it is found with them."""
    return {} if subject is None else {"subject": subject, "resource": {"type": "person", "id": subject}}


def statement(origin: str, body: Mapping[str, Any], record: str, leaf: str) -> str:
    """Return what the log's key says of a receipt: a line of canonical JSON, unlike any that stands in the log."""
    said = {"v": 1, "log": origin, "type": RECEIPT, **body, "record": record, "leaf": leaf}
    return canonical.encode(said).decode() + "\n"


def export_statement(origin: str, request: str, manifest: str) -> str:
    """Return what the log's key says of an archive; `manifest` is the SHA-256 of its list of hashes, in hex."""
    said = {"v": 1, "log": origin, "type": EXPORT, "request": request, "manifest": manifest}
    return canonical.encode(said).decode() + "\n"
