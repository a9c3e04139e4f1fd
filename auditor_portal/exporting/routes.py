"""Reports over HTTP: asked for by a form, pursued until they are made, downloaded; each step a decision on record."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from flask import jsonify, render_template, send_file
from flask.typing import ResponseReturnValue

from app.audits import activity
from app.audits.engagements import Engagement, find_engagement
from app.audits.rows_work import ExportRow
from app.audits.workbook import WorkState, seconds
from app.errors import problem
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, gate_of_request, seen_other, sent, wants_page
from app.reporting.formats import Format
from app.reporting.watermark import Watermark
from app.reporting.workpaper import Work, prove
from auditor_portal.beside import CrowdedError
from auditor_portal.engaged import circumstances, describe, engaged, engagement_now
from auditor_portal.exporting import keeping
from auditor_portal.exporting.making import ExportJob, Made, hash_of
from auditor_portal.exporting.vouching import Voucher
from auditor_portal.exporting.work_files import work_files
from auditor_portal.feature import feature
from auditor_portal.product import product
from auditor_portal.testing.keeping import results
from auditor_portal.testing.keeping import work as work_of
from auditor_portal.workshop import sources, state_of, workshop
from evidence import form
from evidence.record import stamp
from frameworks.testing import Period

_NEVER: Final = "2000-01-01T00:00:00Z"
_DAY: Final = len("2026-11-22")


def wanted(*, engagement: str) -> Resource:
    """Describe a report that is to be made, as the form wants it."""
    asked, found = sent(), find_engagement(engagement)
    named = asked.get("framework", "")
    return _described(
        engagement,
        found,
        {
            "kind": "report",
            "id": "",
            "framework": named if isinstance(named, str) and named in _frameworks(found) else "none",
            "format": _format(asked),
            "from": _day(asked.get("from", ""), found.period_start if found else _NEVER),
            "to": _day(asked.get("to", ""), found.period_end if found else _NEVER),
            "sha256": "",
            "report": "",
        },
    )


def taken(*, engagement: str, export: str) -> Resource:
    """Describe a file that is to be handed out."""
    found, row = find_engagement(engagement), keeping.export(engagement, export)
    return _described(
        engagement,
        found,
        {
            "kind": "file",
            "id": row.id,
            "framework": row.framework,
            "format": row.format,
            "from": seconds(row.period_start),
            "to": seconds(row.period_end),
            "sha256": row.sha256,
            "report": row.report,
        },
    )


@feature.route("/e/<engagement>/reports", action="view", resource=engaged("reports"), context=circumstances)
def reports(_: Permit, engagement: str) -> ResponseReturnValue:
    """List the reports that were made, and offer to make one."""
    keeping.sweep(workshop().files, workshop().now())
    found = engagement_now()
    return render_template(
        "exporting/reports.html",
        engaged=found,
        exports=[(each, state_of(each), _there(each)) for each in keeping.exports(engagement)],
        formats=Format,
        over=found.period_end <= form.time_text(workshop().moment),
    )


@feature.route("/e/<engagement>/reports", action="export", resource=wanted, methods=("POST",), context=circumstances)
def make_report(permit: Permit, engagement: str) -> ResponseReturnValue:
    """Have a report made, beside the requests."""
    thing, at = permit.request.resource.properties["object"], workshop().moment
    row = ExportRow(
        id=secrets.token_hex(16),
        engagement=engagement,
        framework=thing["framework"],
        format=thing["format"],
        period_start=_moment(thing["from"]),
        period_end=_moment(thing["to"]),
        auditor=permit.request.subject.id,
        state=WorkState.WAITING,
        owner=workshop().beside.owner,
        asked_at=int(at.timestamp()),
        decision_id=permit.decision_id,
    )
    _submit(permit, engagement_now(), row, at)
    return seen_other("auditor_portal.report", engagement=engagement, export=row.id)


@feature.route(
    "/e/<engagement>/reports/<export>", action="view", resource=engaged("report", id="export"), context=circumstances
)
def report(_: Permit, engagement: str, export: str) -> ResponseReturnValue:
    """Show how far a report is, and offer its file once it is made."""
    row = keeping.export(engagement, export)
    state, progress = state_of(row), workshop().beside.progress(export) or (0, 0)
    if not wants_page():
        return jsonify(state=state.value, over=state.over, done=progress[0], of=progress[1])
    return render_template(
        "exporting/report.html",
        engaged=engagement_now(),
        export=row,
        state=state,
        progress=progress,
        there=_there(row),
        name=keeping.handed_out(row),
    )


@feature.route("/e/<engagement>/reports/<export>/file", action="export", resource=taken, context=circumstances)
def report_file(_: Permit, engagement: str, export: str) -> ResponseReturnValue:
    """Hand out the file of a report; the decision names its hash."""
    row = keeping.export(engagement, export)
    path = keeping.there(workshop().files, row)
    if path is None:
        raise RefusedError(problem("not_found"))
    return send_file(path, as_attachment=True, download_name=keeping.handed_out(row), max_age=0)


def _submit(permit: Permit, engagement: Engagement, row: ExportRow, at: datetime) -> None:
    shop, name, found = workshop(), row.id, Format(row.format)
    keeping.sweep(shop.directory(), shop.now())
    path, mark = keeping.path_of(shop.files, row), _watermark(permit, engagement, at)
    vouch = shop.vouch or _voucher(int(at.timestamp())).vouched
    job = ExportJob(
        sources=sources(),
        engagement=engagement.id,
        tenant=engagement.tenant,
        framework=row.framework,
        form=found,
        period=Period(start=datetime.fromisoformat(row.period_start), end=datetime.fromisoformat(row.period_end)),
        now=at,
        watermark=mark,
        path=path,
        work=_work(engagement, mark) if found is Format.ZIP else Work(),
    )

    def ended(made: Made) -> None:
        by = ""
        if made.manifest:
            proof = vouch(permit, made.manifest, made.report)
            prove(path, proof)
            by = f"{proof.seal.chain}-{stamp(proof.record)[0]}"
        keeping.alter(
            permit,
            name,
            state=WorkState.DONE,
            size=path.stat().st_size,
            sha256=hash_of(path),
            report=made.report,
            manifest=made.manifest,
            vouched_by=by,
            ended_at=int(shop.now()),
        )

    def failed(why: str) -> None:
        path.unlink(missing_ok=True)
        keeping.alter(permit, name, state=WorkState.FAILED, problem=why, ended_at=int(shop.now()))

    try:
        shop.beside.submit(
            name,
            engagement.id,
            job,
            began=lambda: keeping.alter(permit, name, state=WorkState.RUNNING),
            ended=ended,
            failed=failed,
            kept=lambda: keeping.keep(permit, row),
        )
    except CrowdedError as error:
        raise RefusedError(problem(error.code, str(error))) from error


def _voucher(now: int) -> Voucher:
    return Voucher(pdp=gate_of_request().pdp, reader=product().reader, acted=lambda permit: activity.keep(permit, now))


def _work(engagement: Engagement, mark: Watermark) -> Work:
    """Return all that the auditors of an engagement did, as files of a workpaper."""
    found = work_of(engagement.id)
    shown = {each.id: results(each.id) for each in found.runs if each.state == WorkState.DONE}
    return work_files(found, shown, mark)


def _watermark(permit: Permit, engagement: Engagement, at: datetime) -> Watermark:
    return Watermark(
        firm=engagement.firm,
        engagement=engagement.id,
        auditor=permit.request.subject.id,
        date=at.strftime("%Y-%m-%d"),
        decision=permit.decision_id,
    )


def _there(row: ExportRow) -> bool:
    return keeping.there(workshop().files, row) is not None


def _described(engagement: str, found: Engagement | None, thing: Mapping[str, Any]) -> Resource:
    period = {
        "frameworks": list(_frameworks(found)),
        "period_start": seconds(found.period_start) if found else _NEVER,
        "period_end": seconds(found.period_end) if found else _NEVER,
    }
    return describe(engagement, {**thing, **period})


def _frameworks(found: Engagement | None) -> tuple[str, ...]:
    return found.frameworks if found else ()


def _format(asked: Mapping[str, Any]) -> str:
    said = asked.get("format", Format.ZIP.value)
    if said not in set(Format):
        raise RefusedError(problem("malformed_request", f"`format` is one of {', '.join(Format)}"))
    return str(said)


def _day(said: Any, bound: str) -> str:
    """Return the first moment of a day; `bound`, of the engagement's period, where a form names its day or none.

    Raises:
        RefusedError: it is no day.
    """
    if said in {"", bound[:_DAY]}:
        return seconds(bound)
    try:
        found = datetime.strptime(str(said)[: _DAY + 1], "%Y-%m-%d")  # noqa: DTZ007 - UTC, as all times are
    except ValueError:
        raise RefusedError(problem("malformed_request", "a day is written as 2026-10-01")) from None
    return f"{found:%Y-%m-%d}T00:00:00Z"


def _moment(second: str) -> str:
    """Return a time that policies compare as the log writes it."""
    return form.time_text(datetime.fromisoformat(second))
