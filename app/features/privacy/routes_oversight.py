"""What officers look at: purposes and texts, one person's consents and accesses, the record of processing."""

from typing import Final

from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.access_report import access_report, naming
from app.db import reading
from app.features.privacy import office, said
from app.features.privacy.feature import feature
from app.pdp.enforce import Permit
from app.pep import CONTROL, bundle_in_force, seen_other, sent, wants_page
from app.privacy import consent_ledger, exports
from app.privacy.consent import Method, moment, standings
from app.privacy.processing_record import processing_record

_CSV: Final = "text/csv; charset=utf-8"


@feature.route("/purposes", action="view", resource=lambda: said.looked_at("purposes"))
def purposes(_permit: Permit) -> ResponseReturnValue:
    """Show what personal data may be used for, what that rests on, and the texts that persons are shown."""
    with reading() as session:
        texts = consent_ledger.notices(session, office.tenant())
    shown = [
        {
            "sha256": each.sha256,
            "purpose": each.purpose,
            "version": each.version,
            "language": each.language,
            "text": each.text,
            "at": moment(each.at),
        }
        for each in texts
    ]
    known = [
        {
            "name": each.name,
            "title": each.title,
            "basis": each.basis,
            "law": each.law,
            "lasts_days": each.lasts_days,
        }
        for each in office.known_purposes().values()
    ]
    if wants_page():
        return render_template("privacy/purposes.html", purposes=known, notices=shown)
    return jsonify(purposes=known, notices=shown)


@feature.route("/people", action="view", resource=lambda: said.looked_at("people"))
def people(_permit: Permit) -> ResponseReturnValue:
    """Ask which person is meant."""
    return render_template("privacy/people.html")


@feature.route("/people", action="view", resource=lambda: said.somebody(said.subject(sent())), methods=("POST",))
def find_person(permit: Permit) -> ResponseReturnValue:
    """Lead to a person's page, which is named by the pseudonym: no id stands in a URL."""
    return seen_other("privacy.person", subject=permit.request.resource.id)


@feature.route("/people/<subject>", action="view", resource=said.somebody)
def person(_permit: Permit, subject: str) -> ResponseReturnValue:
    """Show how a person's consents stand, what happened to them, and what was exported under them."""
    with reading() as session:
        events = consent_ledger.events(session, subject)
        parts = [each.document() for each in exports.exports_of(session, subject)]
    found = [each.document() for each in standings(subject, events, office.now())]
    told = [each.document() for each in events]
    if wants_page():
        return render_template(
            "privacy/person.html",
            subject=subject,
            standings=found,
            events=told,
            exports=parts,
            methods=[each.value for each in Method],
        )
    return jsonify(subject=subject, standings=found, events=told, exports=parts)


@feature.route("/people/<subject>/accesses", action="view", resource=said.somebody)
def accesses(_permit: Permit, subject: str) -> ResponseReturnValue:
    """Show who was let see what of a person."""
    bundle = bundle_in_force()
    found = office.found(
        lambda: access_report(office.office().index(), subject, (CONTROL.tenant, office.tenant()), naming(bundle))
    )
    if wants_page():
        return render_template("privacy/accesses.html", report=found.document())
    return jsonify(found.document())


@feature.route("/processing", action="view", resource=lambda: said.looked_at("processing"))
def processing(_permit: Permit) -> ResponseReturnValue:
    """Show the record of processing: as a page, as JSON, or as CSV with `?format=csv`."""
    record = office.found(
        lambda: processing_record(
            bundle_in_force(), office.known_purposes().values(), office.office().stores(), moment(office.now())
        )
    )
    if request.args.get("format") == "csv":
        table = record.table()
        headers = {"content-disposition": f'attachment; filename="{table.name}.csv"'}
        return Response(table.csv(), mimetype=_CSV, headers=headers)
    if wants_page():
        return render_template("privacy/processing.html", record=record.document(), stated=record.controller.stated)
    return jsonify(record.document())
