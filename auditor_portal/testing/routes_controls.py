"""Pages of controls: what the entity's tests showed, what the auditor did about them, and what he concludes."""

import secrets

from flask import render_template
from flask.typing import ResponseReturnValue

from app.audits import workbook
from app.audits.engagements import Engagement
from app.audits.rows_work import ConclusionRow, NoteRow
from app.audits.workbook import Conclusion, Phase
from app.pdp.enforce import Permit
from app.pep import seen_other
from auditor_portal.engaged import circumstances, engaged, engagement_now
from auditor_portal.feature import feature
from auditor_portal.testing import asked, keeping
from auditor_portal.testing.asked import bound, written
from auditor_portal.testing.shown import control as shown
from auditor_portal.testing.shown import overview, phase
from auditor_portal.workshop import state_of, workshop
from evidence import form


@feature.route("/e/<engagement>/controls", action="view", resource=engaged("controls"), context=circumstances)
def controls(_: Permit, engagement: str) -> ResponseReturnValue:
    """List the controls that serve the engagement's frameworks."""
    found = engagement_now()
    work = keeping.work(engagement)
    rows = overview(found, work)
    runs = [(each, state_of(each)) for each in reversed(work.runs)][:10]
    return render_template(
        "testing/controls.html", engaged=found, rows=rows, runs=runs, phase=_phase(found), Phase=Phase
    )


@feature.route(
    "/e/<engagement>/controls/<control>",
    action="view",
    resource=engaged("control", id="control"),
    context=circumstances,
)
def control(_: Permit, engagement: str, control: str) -> ResponseReturnValue:
    """Show one control, its tests, and the auditor's own work on it."""
    found = engagement_now()
    one, work = shown(found, control), keeping.work(engagement, control)
    rule = work.rule(control)
    again = {each.test: keeping.result(each.run, each.test) | {"run": each.run} for each in work.shown}
    newest = {each.about: each for each in work.notes}
    return render_template(
        "testing/control.html",
        engaged=found,
        shown=one,
        work=work,
        again=again,
        rule=rule,
        notes=[(newest[about], [each for each in work.notes if each.about == about][:-1]) for about in newest],
        reasoned=[each for each in Conclusion if workbook.softer(each, rule)],
        Conclusion=Conclusion,
        phase=_phase(found),
        Phase=Phase,
        runs=[(each, state_of(each)) for each in reversed(work.runs)][:10],
    )


@feature.route(
    "/e/<engagement>/controls/<control>/notes",
    action="write",
    resource=written("note", "control"),
    methods=("POST",),
    context=bound,
)
def note_on_control(permit: Permit, engagement: str, control: str) -> ResponseReturnValue:
    """Keep a note on a control, or the next version of one."""
    shown(engagement_now(), control)
    version, text = asked.version(), asked.text("text")
    about = workbook.about_control(engagement, control, asked.note_id(secrets.token_hex(8)))
    keeping.keep_note(
        permit,
        NoteRow(
            about=about,
            version=version,
            engagement=engagement,
            control=control,
            sample="",
            position="",
            result="",
            text=text,
            auditor=permit.request.subject.id,
            at=int(workshop().now()),
            decision_id=permit.decision_id,
        ),
    )
    return seen_other("auditor_portal.control", engagement=engagement, control=control, _anchor="notes")


@feature.route(
    "/e/<engagement>/controls/<control>/conclusion",
    action="write",
    resource=written("conclusion", "control"),
    methods=("POST",),
    context=bound,
)
def conclude(permit: Permit, engagement: str, control: str) -> ResponseReturnValue:
    """Keep what the auditor concludes; what is softer than the rule needs a reason."""
    shown(engagement_now(), control)
    work = keeping.work(engagement, control)
    conclusion, rule = asked.conclusion(), work.rule(control)
    if workbook.softer(conclusion, rule) and not asked.text("reason", wanted=False):
        raise asked.refused("a conclusion that is softer than the rule needs a written reason")
    keeping.keep_conclusion(
        permit,
        ConclusionRow(
            engagement=engagement,
            control=control,
            version=asked.version(),
            conclusion=conclusion,
            by_rule=rule,
            run=work.shown[-1].run if work.shown else "",
            reason=asked.text("reason", wanted=False),
            auditor=permit.request.subject.id,
            at=int(workshop().now()),
            decision_id=permit.decision_id,
        ),
    )
    return seen_other("auditor_portal.control", engagement=engagement, control=control, _anchor="conclusion")


def _phase(engagement: Engagement) -> Phase:
    return phase(engagement, form.time_text(workshop().moment))
