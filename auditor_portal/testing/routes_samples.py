"""Samples: drawn from the population of a test that was run again, or picked; and what looking at a record came to."""

import json
import secrets

from flask import render_template
from flask.typing import ResponseReturnValue

from app.audits import workbook
from app.audits.engagements import Engagement
from app.audits.rows_work import NoteRow, SampleRow
from app.audits.workbook import ItemResult, Phase
from app.errors import problem
from app.pdp.enforce import Permit
from app.pep import RefusedError, seen_other
from auditor_portal.engaged import circumstances, engaged, engagement_now
from auditor_portal.feature import feature
from auditor_portal.product import product
from auditor_portal.testing import asked, keeping
from auditor_portal.testing.asked import bound, written
from auditor_portal.testing.shown import control as shown
from auditor_portal.workshop import workshop
from evidence.errors import NotFoundError
from evidence.record import Position
from frameworks.testing import SYSTEM

DRAWN, PICKED = "drawn", "picked"


@feature.route(
    "/e/<engagement>/controls/<control>/samples",
    action="write",
    resource=written("sample", "control"),
    methods=("POST",),
    context=bound,
)
def draw(permit: Permit, engagement: str, control: str) -> ResponseReturnValue:
    """Take the sample that follows from engagement, control and population: nobody can steer which."""
    test, run = asked.text("test", most=128), keeping.run(engagement, asked.text("run", most=32))
    if run.phase != Phase.EVENTS or test.partition("/")[0] != control:
        raise asked.refused("a sample is drawn of the population of a period that is over, of a test of this control")
    found = keeping.result(run.id, test)
    if not found["sample"]:
        raise RefusedError(problem("conflict", "there is no record to draw: the population is empty"))
    population = found["population"]
    row = _row(permit, engagement, control, workbook.drawn_id(engagement, test, population["sha256"]))
    row.kind, row.test, row.run, row.seed = DRAWN, test, run.id, found["sample"]["seed"]
    row.population_sha256, row.population, row.query = population["sha256"], population["count"], population["query"]
    keeping.keep_sample(permit, row, [(each, "") for each in found["sample"]["positions"]])
    return seen_other("auditor_portal.sample", engagement=engagement, control=control, sample=row.id)


@feature.route(
    "/e/<engagement>/controls/<control>/picks",
    action="write",
    resource=written("sample", "control"),
    methods=("POST",),
    context=bound,
)
def pick(permit: Permit, engagement: str, control: str) -> ResponseReturnValue:
    """Keep records that the auditor wants to look at, each with his reason."""
    shown(engagement_now(), control)
    found = asked.picks()
    for number, (position, _) in enumerate(found, 1):
        if not _of_engagement(position, engagement_now()):
            raise asked.refused(f"line {number} names no sealed record of this engagement's tenant and period")
    row = _row(permit, engagement, control, secrets.token_hex(16))
    row.kind = PICKED
    keeping.keep_sample(permit, row, [(position.decision_id, reason) for position, reason in found])
    return seen_other("auditor_portal.sample", engagement=engagement, control=control, sample=row.id)


@feature.route(
    "/e/<engagement>/controls/<control>/samples/<sample>",
    action="view",
    resource=engaged("sample", id="sample"),
    context=circumstances,
)
def sample(_: Permit, engagement: str, control: str, sample: str) -> ResponseReturnValue:
    """Show a sample: how anybody draws it again, its records, and what was noted about each."""
    found = engagement_now()
    return render_template(
        "testing/sample.html",
        engaged=found,
        shown=shown(found, control),
        found=keeping.sample(engagement, control, sample),
        ItemResult=ItemResult,
    )


@feature.route(
    "/e/<engagement>/controls/<control>/samples/<sample>/notes",
    action="write",
    resource=written("note", "sample"),
    methods=("POST",),
    context=bound,
)
def note_on_item(permit: Permit, engagement: str, control: str, sample: str) -> ResponseReturnValue:
    """Keep what looking at a record came to; what was noted before stays."""
    found, position = keeping.sample(engagement, control, sample), asked.text("position", most=64)
    if not any(each.item.position == position for each in found.items):
        raise RefusedError(problem("not_found"))
    keeping.keep_note(
        permit,
        NoteRow(
            about=workbook.about_item(sample, position),
            version=asked.version(),
            engagement=engagement,
            control=control,
            sample=sample,
            position=position,
            result=asked.item_result(),
            text=asked.text("text", wanted=False),
            auditor=permit.request.subject.id,
            at=int(workshop().now()),
            decision_id=permit.decision_id,
        ),
    )
    return seen_other(
        "auditor_portal.sample", engagement=engagement, control=control, sample=sample, _anchor=f"r-{position}"
    )


def _row(permit: Permit, engagement: str, control: str, name: str) -> SampleRow:
    return SampleRow(
        id=name,
        engagement=engagement,
        control=control,
        test="",
        kind="",
        run="",
        seed="",
        population_sha256="",
        population=0,
        query="",
        auditor=permit.request.subject.id,
        made_at=int(workshop().now()),
        decision_id=permit.decision_id,
    )


def _of_engagement(position: Position, engagement: Engagement) -> bool:
    """Tell whether a sealed record stands there that the engagement is about."""
    try:
        record = json.loads(product().reader.locate(position).record)
    except NotFoundError:
        return False
    of_tenant = record["tenant"] in {engagement.tenant, SYSTEM}
    return of_tenant and engagement.period_start <= record["time"] < engagement.period_end
