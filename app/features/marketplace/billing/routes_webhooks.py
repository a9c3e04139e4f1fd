"""Webhooks over HTTP: a payment provider tells what became of a payment. Nobody signs in; the signature says who it is.

What is not the provider's, too old, or changed is refused before policy is asked, and leaves nothing.
"""

from flask import g, jsonify, request
from flask.typing import ResponseReturnValue

from app.features.marketplace.acting import effect
from app.features.marketplace.billing.inbox import hash_of, take_in
from app.features.marketplace.billing.provider import till, webhook_secret
from app.features.marketplace.billing.stripe_events import HEADER, LARGEST, PROVIDER, age, read_event
from app.features.marketplace.feature import feature
from app.pdp.enforce import Permit
from app.pep import Resource


def _signed() -> Resource:
    secret, header, now = webhook_secret(PROVIDER), request.headers.get(HEADER), till().now()
    g.payment_event = read_event(request.get_data(), header, secret, now)
    signature = {"verified": True, "age_seconds": age(header or "", now)}
    return Resource(
        type="payment_event",
        id=f"{PROVIDER}/{g.payment_event.id}",
        properties={"provider": PROVIDER, "signature": signature},
    )


@feature.route("/webhooks/stripe", action="receive", resource=_signed, methods=("POST",), largest=LARGEST)
def receive_stripe(permit: Permit) -> ResponseReturnValue:
    """Take in what Stripe tells; the same event again changes nothing."""
    now = int(till().now())
    with effect(permit, now=till().now) as session:
        applied = take_in(
            session, g.payment_event, hash_of(request.get_data()), decision_id=permit.decision_id, now=now
        )
    return jsonify(decision_id=permit.decision_id, applied=applied)
