"""Pages of one record: what it says, where it stands, what decided it, its files, and the decision made again."""

import json
from typing import Any

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from app.errors import problem
from app.index.entry import decision_row
from app.pdp.enforce import Permit
from app.pep import RefusedError
from auditor_portal.engaged import circumstances, engagement_now
from auditor_portal.feature import feature
from auditor_portal.policies.reading import reading
from auditor_portal.product import product
from auditor_portal.records.place import place_of, prove
from auditor_portal.records.policy_text import PolicyText, policy_text
from auditor_portal.records.routes import frameworks_of
from auditor_portal.records.seeing import Seen, one_record, record_now, scope_of
from auditor_portal.records.wording import said
from auditor_portal.replaying import Replayed, replayer
from evidence.record import excerpt

_DECISION = "decision"
_BELOW = "/e/<engagement>/records/<record>"


@feature.route(_BELOW, action="read_record", resource=one_record, context=circumstances)
def record(_permit: Permit, engagement: str, record: str) -> ResponseReturnValue:
    """Show a record, its place in the log, and the policy that decided it."""
    return _page(engagement, record, None)


@feature.route(f"{_BELOW}/record.json", action="read_record", resource=one_record, context=circumstances)
def record_file(_permit: Permit, engagement: str, record: str) -> ResponseReturnValue:  # noqa: ARG001 - of the address
    """Return the record's canonical bytes."""
    return _file(record_now().located.record, "application/json", f"{record}.json")


@feature.route(f"{_BELOW}/proof", action="read_record", resource=one_record, context=circumstances)
def proof_file(_permit: Permit, engagement: str, record: str) -> ResponseReturnValue:  # noqa: ARG001 - of the address
    """Return the proof that the record is in the log (C2SP tlog-proof)."""
    found = prove(product().reader, record_now().record.position)
    if found is None:
        raise RefusedError(problem("not_found", "the record is under no checkpoint yet"))
    return _file(found.format(), "text/plain; charset=utf-8", f"{record}.tlog-proof")


@feature.route(f"{_BELOW}/replay", action="replay", resource=one_record, methods=("POST",), context=circumstances)
def replay(_permit: Permit, engagement: str, record: str) -> ResponseReturnValue:
    """Have the decision made again, and show how it came out beside the record."""
    if record_now().record.type != _DECISION:
        raise RefusedError(problem("not_found"))
    return _page(engagement, record, replayer().replay(record))


def _page(engagement: str, record: str, replayed: Replayed | None) -> ResponseReturnValue:
    seen, now = record_now(), product()
    scope = scope_of(engagement_now())
    place = place_of(
        now.store, now.reader, seen.located, lambda data: scope.admits(decision_row(excerpt(data), segment=0))
    )
    return render_template(
        "records/record.html",
        engagement=engagement,
        id=record,
        record=seen.record,
        said=said(seen.record),
        result=seen.record.body.get("result") if seen.record.type == _DECISION else None,
        canonical=seen.located.record.decode(),
        laid_out=json.dumps(json.loads(seen.located.record), indent=2, ensure_ascii=False),
        place=place,
        policy=_policy(seen),
        replayed=replayed,
    )


def _policy(seen: Seen) -> PolicyText | None:
    if seen.record.type != _DECISION:
        return None
    controls = frameworks_of(product().settings.frameworks).controls
    return policy_text(reading().shelf, seen.record.body, controls)


def _file(data: bytes, content_type: str, name: str) -> Response:
    headers: dict[str, Any] = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, content_type=content_type, headers=headers)
