"""Releases over HTTP: what is known of one."""

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from app.db import reading
from app.features.marketplace.catalogue import drafting, listing
from app.features.marketplace.catalogue.moments import moment
from app.features.marketplace.catalogue.viewing import as_viewer
from app.features.marketplace.feature import feature
from app.pdp.enforce import Permit
from app.pep import Resource, wants_page


def _release(agent: str, version: str) -> Resource:
    with reading() as session:
        row = drafting.found_release(session, agent, version)
        seen = listing.resource(drafting.found(session, agent), offered=row.published_at is not None)
    return Resource(type="release", id=f"{agent}:{version}", properties=seen.properties)


@feature.route("/agents/<agent>/releases/<version>", action="view", resource=_release, acting=as_viewer)
def release(_permit: Permit, agent: str, version: str) -> ResponseReturnValue:
    """Show a release."""
    with reading() as session:
        row, of = drafting.found_release(session, agent, version), drafting.found(session, agent)
    if wants_page():
        return render_template("marketplace/release.html", agent=of, release=row, moment=moment)
    return jsonify(listing.release_document(row))
