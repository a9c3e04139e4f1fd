"""Tests run again, beside the requests: begun by a form, pursued on a page until they are over."""

import secrets
from datetime import datetime

from flask import jsonify, render_template
from flask.typing import ResponseReturnValue

from app.audits.engagements import Engagement
from app.audits.rows_work import RunRow
from app.audits.workbook import Phase, WorkState
from app.errors import problem
from app.pdp.enforce import Permit
from app.pep import RefusedError, seen_other, wants_page
from auditor_portal.beside import CrowdedError
from auditor_portal.engaged import circumstances, engaged, engagement_now
from auditor_portal.feature import feature
from auditor_portal.testing import keeping
from auditor_portal.testing.asked import phase_wanted, retesting
from auditor_portal.testing.deciding_again import MOST
from auditor_portal.testing.running import Results, RunJob
from auditor_portal.workshop import sources, state_of, workshop
from evidence import form


@feature.route(
    "/e/<engagement>/runs", action="test_control", resource=retesting, methods=("POST",), context=circumstances
)
def run_all(permit: Permit, engagement: str) -> ResponseReturnValue:
    """Run the tests of all controls again, in one pass over the log."""
    return _begin(permit, engagement, "")


@feature.route(
    "/e/<engagement>/controls/<control>/runs",
    action="test_control",
    resource=retesting,
    methods=("POST",),
    context=circumstances,
)
def run_control(permit: Permit, engagement: str, control: str) -> ResponseReturnValue:
    """Run the tests of a control again."""
    return _begin(permit, engagement, control)


@feature.route("/e/<engagement>/runs/<run>", action="view", resource=engaged("run", id="run"), context=circumstances)
def run(_: Permit, engagement: str, run: str) -> ResponseReturnValue:
    """Show how far a run is, and what it showed once it is done."""
    row = keeping.run(engagement, run)
    state, progress = state_of(row), workshop().beside.progress(run) or (0, 0)
    if not wants_page():
        return jsonify(state=state.value, over=state.over, done=progress[0], of=progress[1])
    results = keeping.results(row.id) if state is WorkState.DONE else []
    again = [(each, state_of(each)) for each in keeping.work(engagement).again if each.run == row.id]
    return render_template(
        "testing/run.html",
        engaged=engagement_now(),
        run=row,
        state=state,
        progress=progress,
        results=results,
        again=again,
        most=MOST,
    )


def _begin(permit: Permit, engagement: str, control: str) -> ResponseReturnValue:
    found, at = engagement_now(), workshop().moment
    phase = phase_wanted(engagement)
    row = RunRow(
        id=secrets.token_hex(16),
        engagement=found.id,
        control=control,
        phase=phase,
        period_start=found.period_start,
        period_end=found.period_end if phase is Phase.EVENTS else form.time_text(at),
        auditor=permit.request.subject.id,
        state=WorkState.WAITING,
        owner=workshop().beside.owner,
        asked_at=int(at.timestamp()),
        decision_id=permit.decision_id,
    )
    _submit(permit, found, row, at)
    return seen_other("auditor_portal.run", engagement=engagement, run=row.id)


def job_of(engagement: Engagement, row: RunRow, at: datetime, control: str) -> RunJob:
    """Return a run as what is done beside the requests, for a control of it, or "" for all."""
    return RunJob(
        sources=sources(),
        engagement=engagement.id,
        tenant=engagement.tenant,
        frameworks=engagement.frameworks,
        control=control,
        phase=Phase(row.phase),
        start=row.period_start,
        end=row.period_end,
        now=at,
        directory=workshop().directory(),
    )


def _submit(permit: Permit, engagement: Engagement, row: RunRow, at: datetime) -> None:
    now, name, job = workshop().now, row.id, job_of(engagement, row, at, row.control)

    def ended(found: Results) -> None:
        keeping.keep_results(permit, name, engagement.id, found, int(now()))

    def failed(why: str) -> None:
        keeping.alter(permit, RunRow, name, state=WorkState.FAILED, problem=why, ended_at=int(now()))

    try:
        workshop().beside.submit(
            name,
            engagement.id,
            job,
            began=lambda: keeping.alter(permit, RunRow, name, state=WorkState.RUNNING),
            ended=ended,
            failed=failed,
            kept=lambda: keeping.keep_pursued(permit, row),
        )
    except CrowdedError as error:
        raise RefusedError(problem(error.code, str(error))) from error
