"""The catalogue over HTTP: what is on sale, and what is known of each agent."""

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.db import reading
from app.features.marketplace.catalogue import drafting, listing, offers
from app.features.marketplace.catalogue.desk import now
from app.features.marketplace.catalogue.moments import moment
from app.features.marketplace.catalogue.search import Wanted, find
from app.features.marketplace.catalogue.viewing import as_viewer, parties_of, shown
from app.features.marketplace.feature import feature
from app.features.marketplace.rows import PartyKind, PartyRow
from app.pdp.enforce import Permit
from app.pep import Resource, wants_page


def _catalogue() -> Resource:
    tenant = Wanted.of(request.args).tenant
    return shown("catalogue", tenant or "public", public=tenant is None, tenant=tenant)


def _agent(agent: str) -> Resource:
    with reading() as session:
        return listing.resource(drafting.found(session, agent))


@feature.route("/", action="view", resource=_catalogue, acting=as_viewer)
def catalogue(_permit: Permit) -> ResponseReturnValue:
    """Show what is on sale, and find some of it."""
    wanted = Wanted.of(request.args)
    with reading() as session:
        page = find(session, wanted)
    if wants_page():
        return render_template("marketplace/catalogue.html", page=page, wanted=wanted)
    return jsonify(agents=[listing.agent_document(each) for each in page.agents], next=page.next)


@feature.route("/agents/<agent>", action="view", resource=_agent, acting=as_viewer)
def agent(permit: Permit, agent: str) -> ResponseReturnValue:
    """Show an agent: where it comes from, what it may do, what is known of it."""
    with reading() as session:
        row = drafting.found(session, agent)
        developer = session.get_one(PartyRow, row.developer)
        own = row.developer in permit.request.subject.properties["parties"]
        releases = [each for each in listing.releases_of(session, agent) if own or each.published_at is not None]
        plans = offers.of(session, agent, at=now())
        buyer = any(each.kind == PartyKind.BUYER.value for each in parties_of(session, permit.request.subject))
    newest = next((each for each in releases if each.version == row.newest), None)
    if wants_page():
        return render_template(
            "marketplace/agent.html",
            agent=row,
            developer=developer,
            releases=releases,
            newest=newest,
            own=own,
            moment=moment,
            plans=plans,
            buyer=buyer,
        )
    return jsonify(
        listing.agent_document(row)
        | {
            "developer_name": developer.name,
            "plans": [each.document() for each in plans],
            "releases": [listing.release_document(each) for each in releases],
        }
    )
