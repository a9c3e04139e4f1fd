"""Controls as an auditor tests them: the entity's results, tests run again, samples, notes, conclusions."""

import re
from pathlib import Path

import pytest
from sqlmodel import select

import app
from app.audits.database import portal_data
from app.audits.rows_work import ConclusionRow, NoteRow, RunRow, SampleRow
from auditor_portal.testing import keeping
from frameworks import sampling
from tests.auditor_portal.audited import HOME, Gated, others, positions, posted
from tests.auditor_portal.portal import (
    ENGAGEMENT,
    PERMIT,
    auditor,
    engagement,
    firm,
    put,
    takes_part,
)

CONTROL = f"{HOME}/controls/access-review"


def rows(kind):
    with portal_data.reading() as session:
        return session.exec(select(kind)).all()


def ran(portal, browser, path=f"{CONTROL}/runs", **data):
    """Run tests again, and return the run once it is over."""
    answer = posted(browser, path, data)
    assert answer.status_code == 303, answer.text
    assert portal.shop.beside.join(30)
    return answer.location.rpartition("/")[2]


def results(run):
    return {each["test"]: each for each in keeping.results(run)}


def test_the_controls_of_the_engagements_frameworks_are_listed(desk):
    page = desk.auditor().get(f"{HOME}/controls").text
    assert re.findall(r"controls/([a-z-]+)\">", page) == ["access-review", "glass", "reviews"]
    assert "soc2/CC6.2" in page
    assert "hipaa" not in page
    assert desk.decided[-1] == ("auditor_portal.view", True)


def test_tests_are_named_as_what_they_are(desk):
    page = desk.auditor().get(CONTROL).text
    assert "Found out by a machine, over every record, every day." in page
    assert "Found out by a person, who states it" in page
    assert "security officer states: “the list was reviewed”, and another person, ciso, countersigns." in page
    assert "Found out by an inspection: somebody looks" in page
    assert "a machine, over the running configuration" in page


@pytest.mark.parametrize("path", ["elsewhere", "nowhere", "access-review/samples/nothing"])
def test_what_the_engagement_is_not_about_is_not_there(desk, path):
    assert desk.auditor().get(f"{HOME}/controls/{path}").status_code == 404


def test_a_test_is_run_again_over_the_whole_period(desk, audited_log):
    browser = desk.auditor()
    run = ran(desk, browser)
    found = results(run)
    reviewed = found["access-review/reviewed"]
    own = positions(audited_log)
    assert (reviewed["outcome"], reviewed["population"]["count"]) == ("deviations", len(own))
    assert {reviewed["population"]["first"], reviewed["population"]["last"]} < set(own)
    assert [each["position"] in own for each in reviewed["deviations"]] == [True]
    assert reviewed["population"]["revisions"] == ["git:1"]
    assert found["access-review/kept"]["outcome"] == "not_tested"
    page = browser.get(f"{HOME}/runs/{run}").text
    assert f"{HOME}/records/{reviewed['deviations'][0]['position']}" in page
    assert reviewed["population"]["sha256"] in page
    assert "1 deviation in 54 records." in page
    assert ("auditor_portal.test_control", True) in desk.decided


def test_what_did_not_occur_is_not_called_effective(desk):
    browser = desk.auditor()
    run = ran(desk, browser, f"{HOME}/controls/glass/runs")
    assert results(run)["glass/broken"]["outcome"] == "did_not_occur"
    page = browser.get(f"{HOME}/controls/glass").text
    assert "did not occur" in page
    assert '<span class="tag good">effective</span>' not in page


def test_all_tests_are_run_in_one_pass(desk):
    browser = desk.auditor()
    found = results(ran(desk, browser, f"{HOME}/runs"))
    assert {each.partition("/")[0] for each in found} == {"access-review", "glass", "reviews"}
    page = browser.get(f"{HOME}/controls").text
    assert page.count('<span class="tag bad">deviations</span>') == 2


OPEN = {"period_end": "2026-12-01T00:00:00.000000Z"}


def test_events_of_a_period_that_lasts_are_not_tested_and_the_page_says_until_when(auditing):
    with auditing(firm(), auditor(), engagement(**OPEN), takes_part()) as desk:
        browser = desk.auditor()
        assert "The period lasts until <time>2026-12-01 00:00:00</time>" in browser.get(CONTROL).text
        answer = posted(browser, f"{CONTROL}/runs", {"phase": "events"})
        assert answer.status_code == 403
        assert "tested once the period is over" in answer.text
        assert "ends at <time>2026-12-01 00:00:00</time>" in answer.text
        assert rows(RunRow) == []
        assert desk.decided[-1] == ("auditor_portal.test_control", False)


def test_while_it_lasts_the_configuration_is_asked_of_the_records_of_its_runs(auditing):
    with auditing(firm(), auditor(), engagement(**OPEN), takes_part()) as desk:
        browser = desk.auditor()
        run = ran(desk, browser, phase="configuration")
        assert results(run).keys() == {"access-review/kept"}
        none = ran(desk, browser, f"{HOME}/controls/glass/runs", phase="configuration")
        assert "nothing is tested in this phase" in browser.get(f"{HOME}/runs/{none}").text


def test_once_it_is_over_the_configuration_of_now_says_nothing_of_it(desk):
    answer = posted(desk.auditor(), f"{CONTROL}/runs", {"phase": "configuration"})
    assert answer.status_code == 403


def test_a_control_of_another_framework_is_not_tested(desk):
    answer = posted(desk.auditor(), f"{HOME}/controls/elsewhere/runs")
    assert answer.status_code == 403
    assert "serves a framework of the engagement" in answer.text


def test_a_run_is_pursued_and_one_engagement_has_one_at_a_time(auditing):
    gated = Gated()
    with auditing(launch=gated) as desk:
        browser = desk.auditor()
        answer = posted(browser, f"{CONTROL}/runs")
        assert gated.begun.acquire(timeout=30)
        page = browser.get(answer.location).text
        assert '<progress value="1" max="4">1 of 4</progress>' in page
        assert "pursue.js" in page
        assert browser.json(answer.location).json == {"state": "running", "over": False, "done": 1, "of": 4}
        second = posted(browser, f"{HOME}/runs")
        assert (second.status_code, "one at a time" in second.text) == (409, True)
        gated.may.release()
        assert desk.shop.beside.join(30)
        assert browser.json(answer.location).json["over"] is True
        assert "pursue.js" not in browser.get(answer.location).text


def test_what_a_dead_process_left_is_interrupted_and_can_be_started_again(desk):
    browser = desk.auditor()
    run = ran(desk, browser)
    left = {"control": "access-review", "phase": "events", "period_start": "2026-10-01T00:00:00.000000Z"}
    put(
        RunRow(
            **left,
            id="0" * 32,
            engagement=ENGAGEMENT,
            period_end="2026-11-01T00:00:00.000000Z",
            auditor="acme/a.lee@acme.example",
            state="running",
            owner="of another process",
            asked_at=1,
            decision_id=PERMIT.decision_id,
        )
    )
    page = browser.get(f"{HOME}/runs/{'0' * 32}").text
    assert "It was interrupted" in page
    assert "Start it again" in page
    assert run != ran(desk, browser)


def test_another_engagements_work_is_not_there(desk):
    put(*others())
    run = ran(desk, desk.auditor())
    sample = drawn(desk.auditor(), run)
    other = desk.auditor("b", "other")
    for path in (f"runs/{run}", f"controls/access-review/samples/{sample}"):
        assert other.get(f"/e/other-2026/{path}").status_code == 404
        assert other.get(f"{HOME}/{path}").status_code == 404
    answer = posted(
        other,
        "/e/other-2026/controls/access-review/samples",
        {"run": run, "test": "access-review/reviewed"},
        ("b", "other"),
    )
    assert answer.status_code == 404


def drawn(browser, run, test="access-review/reviewed"):
    answer = posted(browser, f"{CONTROL}/samples", {"run": run, "test": test})
    assert answer.status_code == 303, answer.text
    return answer.location.rpartition("/")[2]


def test_a_sample_follows_from_engagement_control_and_population(desk, audited_log):
    browser = desk.auditor()
    run = ran(desk, browser)
    sample = drawn(browser, run)
    assert drawn(browser, run) == sample == rows(SampleRow)[0].id
    population = results(run)["access-review/reviewed"]["population"]
    own = {each.position.decision_id: each.time for each in audited_log.records()}
    asked = {"engagement": ENGAGEMENT, "control": "access-review", "population_sha256": population["sha256"]}
    wanted = sampling.draw([(each, own[each]) for each in positions(audited_log)], size=15, **asked)
    page = browser.get(f"{CONTROL}/samples/{sample}").text
    assert re.findall(r'id="r-([0-9a-f-]+)"', page) == wanted
    assert sampling.seed(**asked).hex() in page


def test_nothing_is_drawn_of_what_did_not_occur(desk):
    browser = desk.auditor()
    run = ran(desk, browser, f"{HOME}/runs")
    answer = posted(browser, f"{HOME}/controls/glass/samples", {"run": run, "test": "glass/broken"})
    assert (answer.status_code, "population is empty" in answer.text) == (409, True)
    answer = posted(browser, f"{CONTROL}/samples", {"run": run, "test": "glass/broken"})
    assert answer.status_code == 400


def picked(browser, text):
    return posted(browser, f"{CONTROL}/picks", {"picks": text})


def test_records_are_picked_with_a_reason_each(desk, audited_log):
    browser = desk.auditor()
    first, second = positions(audited_log)[:2]
    answer = picked(browser, f"{first} it looks odd\r\n\r\n{second} the one after it")
    page = browser.get(answer.location).text
    assert "Picked because: it looks odd" in page
    assert page.count("not looked at") == 2


@pytest.mark.parametrize("text", ["", "x", "019aa00000000000beef-1", "019aa00000000000beef-1 not there", "nothing y"])
def test_what_is_no_pick_is_refused(desk, text):
    assert picked(desk.auditor(), text).status_code == 400


def test_records_of_others_and_of_other_times_are_not_picked(desk, audited_log):
    browser = desk.auditor()
    [other, *_] = positions(audited_log, "somebody-else")
    own = positions(audited_log)[0]
    assert "line 2 names no sealed record" in picked(browser, f"{own} mine\n{other} theirs").text
    assert picked(browser, f"{own} once\n{own} twice").status_code == 400


def noted(browser, item, version=0, result="exception", text="no ticket"):
    sample, position = item
    return posted(
        browser,
        f"{CONTROL}/samples/{sample}/notes",
        {"position": position, "version": str(version), "result": result, "text": text},
    )


def test_a_changed_note_keeps_the_old(desk, audited_log):
    browser = desk.auditor()
    position = positions(audited_log)[0]
    sample = picked(browser, f"{position} odd").location.rpartition("/")[2]
    item = sample, position
    assert noted(browser, item).status_code == 303
    assert noted(browser, item).status_code == 409
    assert noted(browser, item, 1, "as_expected", "found the ticket <b>").status_code == 303
    assert [(each.version, each.result, each.text) for each in rows(NoteRow)] == [
        (1, "exception", "no ticket"),
        (2, "as_expected", "found the ticket <b>"),
    ]
    page = browser.get(f"{CONTROL}/samples/{sample}").text
    assert "no ticket" in page
    assert "found the ticket &lt;b&gt;" in page
    assert noted(browser, (sample, "elsewhere")).status_code == 404
    assert noted(browser, item, 2, "fine").status_code == 400
    assert noted(browser, item, "x").status_code == 400


def test_notes_on_a_control_have_versions(desk):
    browser = desk.auditor()
    path = f"{CONTROL}/notes"
    posted(browser, path, {"version": "0", "text": "asked the owner"})
    posted(browser, path, {"version": "0", "text": "another"})
    first = next(each for each in rows(NoteRow) if each.text == "asked the owner")
    changed = {"version": "1", "text": "the owner answered", "note": first.about.rpartition("/")[2]}
    assert posted(browser, path, changed).status_code == 303
    assert posted(browser, path, changed).status_code == 409
    page = browser.get(CONTROL).text
    assert "asked the owner" in page
    assert "the owner answered" in page
    assert len(rows(NoteRow)) == 3
    for wrong in ({"note": "../x"}, {"text": " "}, {"text": "x" * 8_001}):
        assert posted(browser, path, changed | wrong).status_code == 400


def concluded(browser, conclusion, reason="", version=0, control="access-review"):
    path = f"{HOME}/controls/{control}"
    data = {"conclusion": conclusion, "reason": reason, "version": str(version)}
    return posted(browser, f"{path}/conclusion", data)


def test_what_is_softer_than_the_rule_needs_a_reason(desk):
    browser = desk.auditor()
    assert concluded(browser, "effective").status_code == 400
    assert concluded(browser, "effective", "inspected on site").status_code == 303
    assert concluded(browser, "ineffective", version=1).status_code == 303
    assert concluded(browser, "ineffective", version=1).status_code == 409
    assert concluded(browser, "splendid", version=2).status_code == 400
    assert [(each.version, each.conclusion, each.by_rule, each.reason) for each in rows(ConclusionRow)] == [
        (1, "effective", "not_tested", "inspected on site"),
        (2, "ineffective", "not_tested", ""),
    ]
    assert "inspected on site" in browser.get(CONTROL).text


def test_deviations_are_never_erased_by_a_conclusion(desk):
    browser = desk.auditor()
    run = ran(desk, browser, f"{HOME}/runs")
    assert concluded(browser, "effective", control="reviews", reason="mended since").status_code == 303
    [row] = rows(ConclusionRow)
    assert (row.by_rule, row.run) == ("effective_with_exceptions", run)
    assert "1 deviation in 54 records." in browser.get(f"{HOME}/controls/reviews").text


def test_the_record_binds_what_was_written(desk):
    browser = desk.auditor()
    posted(browser, f"{CONTROL}/notes", {"version": "0", "text": "asked"})
    [row] = rows(NoteRow)
    assert desk.decided[-1] == ("auditor_portal.write", True)
    assert row.decision_id
    assert row.auditor == "acme/a.lee@acme.example"


def test_forms_of_other_sites_write_nothing(desk):
    browser = desk.auditor()
    for path in ("/controls/access-review/runs", "/runs", "/controls/access-review/notes"):
        assert posted(browser, f"{HOME}{path}", {"text": "x"}, site="cross-site").status_code == 403
        assert posted(browser, f"{HOME}{path}", {"csrf": "forged", "text": "x"}).status_code == 403
    assert rows(RunRow) == rows(NoteRow) == []


def test_officers_read_nothing_of_it():
    """No module of the control plane's features names the tables of an auditor's work."""
    root = Path(app.__file__).parent
    naming = [each for each in root.rglob("*.py") if "rows_work" in each.read_text()]
    assert [each.name for each in naming] == []
