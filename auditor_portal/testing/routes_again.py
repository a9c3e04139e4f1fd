"""Decisions of a tested population made again: begun on the page of a run, pursued on a page until they are."""

import json
import secrets

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from app.audits.engagements import Engagement
from app.audits.rows_work import AgainRow
from app.audits.workbook import WorkState
from app.errors import problem
from app.pdp.enforce import Permit
from app.pep import RefusedError, seen_other, wants_page
from auditor_portal.beside import CrowdedError
from auditor_portal.engaged import circumstances, engaged, engagement_now
from auditor_portal.feature import feature
from auditor_portal.replaying import replayer
from auditor_portal.testing import asked, keeping
from auditor_portal.testing.asked import retesting
from auditor_portal.testing.deciding_again import Again, AgainJob, by_revision
from auditor_portal.testing.routes_runs import job_of
from auditor_portal.workshop import state_of, workshop


@feature.route(
    "/e/<engagement>/controls/<control>/again",
    action="test_control",
    resource=retesting,
    methods=("POST",),
    context=circumstances,
)
def decide_again(permit: Permit, engagement: str, control: str) -> ResponseReturnValue:
    """Have decisions of the population of a test made again, under the policies of then."""
    test, run = asked.text("test", most=128), keeping.run(engagement, asked.text("run", most=32))
    population = keeping.result(run.id, test)["population"]
    if test.partition("/")[0] != control:
        raise asked.refused("`test` is one of this control")
    if not population["count"]:
        raise RefusedError(problem("conflict", "there is nothing to make again: the population is empty"))
    found, at = engagement_now(), workshop().moment
    row = AgainRow(
        id=secrets.token_hex(16),
        engagement=found.id,
        run=run.id,
        control=control,
        test=test,
        auditor=permit.request.subject.id,
        state=WorkState.WAITING,
        owner=workshop().beside.owner,
        asked_at=int(at.timestamp()),
        decision_id=permit.decision_id,
    )
    job = AgainJob(
        run=job_of(found, run, at, control),
        test=test,
        sha256=population["sha256"],
        count=population["count"],
        replayer=replayer(),
    )
    _submit(permit, found, row, job)
    return seen_other("auditor_portal.again", engagement=engagement, again=row.id)


@feature.route(
    "/e/<engagement>/again/<again>", action="view", resource=engaged("again", id="again"), context=circumstances
)
def again(_: Permit, engagement: str, again: str) -> ResponseReturnValue:
    """Show how far it is, and what it came to once it is done: by policy, and record by record."""
    row = keeping.again(engagement, again)
    state, progress = state_of(row), workshop().beside.progress(again) or (0, 0)
    if not wants_page():
        return jsonify(state=state.value, over=state.over, done=progress[0], of=progress[1])
    found: Again | None = json.loads(row.document) if state is WorkState.DONE else None
    return render_template(
        "testing/again.html",
        engaged=engagement_now(),
        again=row,
        phase=keeping.run(engagement, row.run).phase,
        state=state,
        progress=progress,
        found=found,
        revisions=list(by_revision(found)) if found else [],
    )


def _submit(permit: Permit, engagement: Engagement, row: AgainRow, job: AgainJob) -> None:
    now, name = workshop().now, row.id

    def ended(found: Again) -> None:
        document = json.dumps(found, sort_keys=True, separators=(",", ":"))
        keeping.alter(permit, AgainRow, name, state=WorkState.DONE, ended_at=int(now()), document=document)

    def failed(why: str) -> None:
        keeping.alter(permit, AgainRow, name, state=WorkState.FAILED, ended_at=int(now()), problem=why)

    try:
        workshop().beside.submit(
            name,
            engagement.id,
            job,
            began=lambda: keeping.alter(permit, AgainRow, name, state=WorkState.RUNNING),
            ended=ended,
            failed=failed,
            kept=lambda: keeping.keep_pursued(permit, row),
        )
    except CrowdedError as error:
        raise RefusedError(problem(error.code, str(error))) from error
