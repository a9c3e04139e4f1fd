"""Use over HTTP: services that run agents report events, one or a batch; one decision for each request.

The answer says what became of each event. Whoever does not know whether a report arrived sends the same events again,
with the same ids.
"""

from datetime import UTC, datetime

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.billing.cloudevents import ONE, UsageEvent, parse_events
from app.features.marketplace.billing.provider import till
from app.features.marketplace.billing.usage import keep, subscriptions
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.feature import feature
from app.pdp.enforce import Permit
from app.pep import Resource
from app.service_caller import service_caller

_TENANTS = 64  # that a contract names at most: one is enough to be denied


def _events() -> list[UsageEvent]:
    return parse_events(request.get_data(), request.mimetype)


def _reported() -> Resource:
    """Describe a batch by what it comes to, and the tenants by whose subscriptions it names."""
    events, now = _events(), int(till().now())
    with reading() as session:
        tenants = sorted({row.tenant for row in subscriptions(session, events).values()})
    if not tenants:
        raise UnknownError("there is no such subscription")
    caller = service_caller()
    newest = max(now if each.at is None else each.at for each in events)
    return Resource(
        type="usage",
        id=f"usage/{caller.tenant if caller else ''}",
        properties={
            "tenants": tenants[:_TENANTS],
            "events": len(events),
            "newest": datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )


@feature.route("/usage", action="meter", resource=_reported, methods=("POST",))
def meter(permit: Permit) -> ResponseReturnValue:
    """Keep what was used, and say what became of each event."""
    with effect(permit, now=till().now) as session:
        found = keep(session, _events(), now=int(till().now()), decision_id=permit.decision_id)
    status = found[0].status if request.mimetype == ONE else 200
    return jsonify(decision_id=permit.decision_id, events=[each.document() for each in found]), status
