"""Agents over HTTP, for their developers: what is mine, a new agent, an upload."""

from typing import Final

from flask import g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlmodel import select

from app.db import reading
from app.errors import problem
from app.features.marketplace.catalogue import drafting, listing
from app.features.marketplace.catalogue.desk import examiner, now, objects
from app.features.marketplace.catalogue.examining import Origin
from app.features.marketplace.catalogue.upload import LARGEST, Channel, Part, Upload, received
from app.features.marketplace.catalogue.viewing import as_viewer, parties_of, shown
from app.features.marketplace.errors import SayingError
from app.features.marketplace.feature import feature
from app.features.marketplace.parties import as_developer
from app.features.marketplace.rows import AgentRow, PartyKind, PartyRow
from app.features.marketplace.supply.artifacts import Artifacts
from app.objects import ObjectsError
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, gate_of_request, seen_other, sent, wants_page

_LONGEST_VERSION: Final = 64


def _mine() -> Resource:
    sender = as_viewer(gate_of_request().subject())
    return shown("party", "mine", parties=sender.properties["parties"])


def _developer() -> str:
    return as_developer(gate_of_request().subject()).id


def _laid_out() -> Resource:
    with reading() as session:
        return drafting.new_agent(session, _developer(), sent())


def uploaded() -> Upload:
    """Return the release that came with the request, read once.

    Raises:
        SayingError: something of it is missing, or of another form.
    """
    if "upload" not in g:
        form, version = request.form, request.form.get("version", "")
        if not 0 < len(version) <= _LONGEST_VERSION or not version.isascii() or "/" in version:
            raise SayingError("`version` is missing, or longer than 64 characters")
        channel = form.get("channel", Channel.STABLE.value)
        if channel not in set(Channel):
            raise SayingError("`channel` is stable or preview")
        g.upload = received(version, Channel(channel), {name: each.stream for name, each in request.files.items()})
    found: Upload = g.upload
    return found


def _brought_in(agent: str) -> Resource:
    with reading() as session:
        return drafting.new_release(session, agent, uploaded())


@feature.route("/mine", action="view", resource=_mine, acting=as_viewer)
def mine(permit: Permit) -> ResponseReturnValue:
    """Show the agents of the developer that whoever asks acts for."""
    with reading() as session:
        parties = parties_of(session, permit.request.subject)
        own = [each.id for each in parties if each.kind == PartyKind.DEVELOPER.value]
        agents = session.exec(select(AgentRow).where(AgentRow.developer.in_(own)).order_by(AgentRow.id)).all()  # type: ignore[attr-defined]
    if wants_page():
        tenants = sorted({each.tenant for each in parties})
        return render_template("marketplace/mine.html", agents=agents, developers=own, tenants=tenants)
    return jsonify(agents=[listing.agent_document(each) for each in agents])


@feature.route("/agents", action="draft", resource=_laid_out, methods=("POST",), acting=as_developer)
def lay_out(permit: Permit) -> ResponseReturnValue:
    """Lay out an agent, as a draft."""
    row = drafting.lay_out(permit, sent(), now())
    if wants_page():
        return seen_other("marketplace.agent", agent=row.id)
    return jsonify(listing.agent_document(row)), 201


@feature.route(
    "/agents/<agent>/releases",
    action="draft",
    resource=_brought_in,
    methods=("POST",),
    acting=as_developer,
    largest=LARGEST,
)
def bring_in(permit: Permit, agent: str) -> ResponseReturnValue:
    """Bring in a release, as a draft: its files are kept, and it is looked into."""
    upload = uploaded()
    examined = examiner().examine(upload, _origin(agent), now=now())
    row = drafting.bring_in(permit, upload, examined, _kept(upload, examined.bill), now())
    if wants_page():
        return seen_other("marketplace.release", agent=agent, version=row.version)
    return jsonify(listing.release_document(row)), 201


def _kept(upload: Upload, bill: bytes | None) -> dict[Part, str]:
    files = dict(upload.files) if bill is None else {**upload.files, Part.SBOM: bill}
    try:
        artifacts = Artifacts(objects())
        artifacts.put(upload.artifact)
        return {part: artifacts.put(data) for part, data in files.items()}
    except ObjectsError as error:
        raise RefusedError(problem("store_unavailable")) from error


def _origin(agent: str) -> Origin:
    with reading() as session:
        row = drafting.found(session, agent)
        party = session.get_one(PartyRow, row.developer)
        before = None if row.newest is None else drafting.found_release(session, agent, row.newest).manifest
        return Origin(
            tenant=party.tenant,
            developer=party.id,
            agent=agent,
            repository=row.repository,
            previous=before,
            level=row.level,
        )
