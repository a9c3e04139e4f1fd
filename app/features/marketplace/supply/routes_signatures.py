"""Signatures over HTTP: a developer, or a service that acts for one, has an artifact or an attestation signed."""

from flask import jsonify
from flask.typing import ResponseReturnValue

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.feature import feature
from app.features.marketplace.parties import as_developer
from app.features.marketplace.supply import signing
from app.features.marketplace.supply.places import places
from app.pdp.enforce import Permit
from app.pep import Resource, gate_of_request, sent


def _identity() -> str:
    sender = gate_of_request().subject()
    developer = sender.id if sender.type == "service" else as_developer(sender).id
    return signing.identity_of(places().authority(), sender, developer)


def _wanted() -> Resource:
    wanted, builder = signing.asked(sent()), _identity()
    with reading() as session:
        return signing.described(session, wanted, builder)


@feature.route("/signatures", action="sign", resource=_wanted, methods=("POST",), acting=as_developer)
def sign(permit: Permit) -> ResponseReturnValue:
    """Sign, and keep in the log that it was signed."""
    wanted, identity = signing.asked(sent()), _identity()
    keys, at = places().authority(), int(places().now())
    with effect(
        permit, lambda session: signing.described(session, wanted, identity, lock=True), now=places().now
    ) as session:
        bundle = signing.sign(session, keys, wanted, identity, decision_id=permit.decision_id, at=at)
    return jsonify(bundle=bundle, identity=identity, decision_id=permit.decision_id), 201
