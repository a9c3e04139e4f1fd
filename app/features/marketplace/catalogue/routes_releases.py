"""Releases over HTTP: what is known of one, which gates it passes, and putting it on sale."""

from flask import Response, jsonify, render_template
from flask.typing import ResponseReturnValue

from app.db import reading
from app.errors import problem
from app.features.marketplace.catalogue import checklist, drafting, listing, publishing
from app.features.marketplace.catalogue.desk import examiner, now, objects
from app.features.marketplace.catalogue.moments import moment
from app.features.marketplace.catalogue.upload import Part
from app.features.marketplace.catalogue.viewing import as_viewer
from app.features.marketplace.errors import ChangedError
from app.features.marketplace.feature import feature
from app.features.marketplace.parties import as_developer, described
from app.features.marketplace.rows import PartyRow, ReleaseRow
from app.features.marketplace.supply.artifacts import Artifacts
from app.features.marketplace.supply.errors import SupplyError
from app.objects import ObjectsError
from app.pdp.enforce import Permit
from app.pdp.model import Entity
from app.pep import RefusedError, Resource, seen_other, wants_page

_ONE = "/agents/<agent>/releases/<version>"


def _release(agent: str, version: str) -> Resource:
    with reading() as session:
        row = drafting.found_release(session, agent, version)
        seen = listing.resource(drafting.found(session, agent), offered=row.published_at is not None)
    return Resource(type="release", id=f"{agent}:{version}", properties=seen.properties)


def _tried(agent: str, version: str) -> Resource:
    with reading() as session:
        drafting.found_release(session, agent, version)
        developer = drafting.found(session, agent).developer
    return Resource(type="release", id=f"{agent}:{version}", properties={"developer": developer})


def _published(agent: str, version: str) -> Resource:
    with reading() as session:
        return publishing.for_publication(session, agent, version)


def _updated(agent: str, version: str) -> Resource:
    with reading() as session:
        return publishing.for_update(session, agent, version, examiner().breaks)


@feature.route(_ONE, action="view", resource=_release, acting=as_viewer)
def release(permit: Permit, agent: str, version: str) -> ResponseReturnValue:
    """Show a release."""
    with reading() as session:
        row, of = drafting.found_release(session, agent, version), drafting.found(session, agent)
    own = of.developer in permit.request.subject.properties["parties"]
    if wants_page():
        return render_template("marketplace/release.html", agent=of, release=row, own=own, moment=moment)
    return jsonify(listing.release_document(row))


@feature.route(f"{_ONE}/gates", action="preview", resource=_tried, acting=as_viewer)
def gates(_permit: Permit, agent: str, version: str) -> ResponseReturnValue:
    """Show which gates a release passes now, and what is missing; nothing is put on sale."""
    with reading() as session:
        of, row = drafting.found(session, agent), drafting.found_release(session, agent, version)
        party = session.get_one(PartyRow, of.developer)
        developer = Entity(type="developer", id=party.id, properties=described(party))
    found = _checklists(developer, row)
    if wants_page():
        return render_template("marketplace/gates.html", agent=of, release=row, lists=found, moment=moment)
    return jsonify(release=f"{agent}:{version}", checklists=[each.document() for each in found])


def _checklists(developer: Entity, row: ReleaseRow) -> list[checklist.Checklist]:
    made = []
    for action, described_as in (("publish", _published), ("update", _updated)):
        try:
            resource = described_as(row.agent, row.version)
        except ChangedError:
            continue  # it is published already, or nothing is on sale that it could take the place of
        made.append(checklist.tried(f"marketplace.{action}", developer, resource, row.facts["problems"]))
    return made


@feature.route(f"{_ONE}/publish", action="publish", resource=_published, methods=("POST",), acting=as_developer)
def publish(permit: Permit, agent: str, version: str) -> ResponseReturnValue:
    """Put a release on sale."""
    row = publishing.publish(permit, agent, version, now())
    if wants_page():
        return seen_other("marketplace.release", agent=agent, version=version)
    return jsonify(listing.release_document(row))


@feature.route(f"{_ONE}/update", action="update", resource=_updated, methods=("POST",), acting=as_developer)
def update(permit: Permit, agent: str, version: str) -> ResponseReturnValue:
    """Have a release take the place of the one on sale."""
    row = publishing.update(permit, agent, version, examiner().breaks, now())
    if wants_page():
        return seen_other("marketplace.agent", agent=agent)
    return jsonify(listing.agent_document(row))


def _file(agent: str, version: str, part: str) -> Resource:  # noqa: ARG001 - who may see a release may have its files
    return _release(agent, version)


@feature.route(f"{_ONE}/files/<part>", action="view", resource=_file, acting=as_viewer)
def release_file(_permit: Permit, agent: str, version: str, part: str) -> ResponseReturnValue:
    """Hand out a file that came with a release: its SBOM, the bundle that says who built it, its manifest."""
    with reading() as session:
        row = drafting.found_release(session, agent, version)
    if part not in set(Part) or part not in row.files:
        raise RefusedError(problem("not_found"))
    try:
        data = Artifacts(objects()).get(row.files[part])
    except (ObjectsError, SupplyError) as error:
        raise RefusedError(problem("store_unavailable")) from error
    kept = {"content-disposition": f'attachment; filename="{agent}-{version}-{part}.json"'}
    return Response(data, content_type="application/octet-stream", headers=kept)
