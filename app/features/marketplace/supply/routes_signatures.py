"""Signatures over HTTP: what a developer has signed, and the trusted root that everybody verifies it with."""

from flask import Response, jsonify
from flask.typing import ResponseReturnValue

from app.db import reading
from app.features.marketplace.acting import effect
from app.features.marketplace.feature import feature
from app.features.marketplace.parties import as_developer
from app.features.marketplace.supply import signing
from app.features.marketplace.supply.authority import own_root
from app.features.marketplace.supply.places import places
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import Resource, gate_of_request, sent


def _root() -> Resource:
    return Resource(type="catalogue", id="trusted-root", properties={"public": True})


def _anybody(sender: Entity) -> Entity:
    """Return whoever looks at what is public: nothing of whom they act for is asked."""
    return Entity(type=sender.type, id=sender.id, properties={**sender.properties, "parties": [], "tenants": []})


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


@feature.route("/trusted_root.json", action="view", resource=_root, acting=_anybody)
def trusted_root(_permit: Permit) -> ResponseReturnValue:
    """Show the trusted root of the signing authority, as verifiers of Sigstore read it."""
    return Response(own_root(places().authority()).document, mimetype="application/json")
