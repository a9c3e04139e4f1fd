"""Reports and workpapers that auditors take along: made beside the requests, marked, vouched for, deleted in time."""

import csv
import io
import json
import shutil
import zipfile
from dataclasses import dataclass, replace

import pytest
from sqlmodel import select

import verify_workpaper
from app.audits.database import portal_data
from app.audits.rows_work import ExportRow
from auditor_portal import workshop
from auditor_portal.beside import Beside, WorkError
from auditor_portal.exporting.keeping import KEPT
from evidence.keys import VerifierKey
from tests.auditor_portal.audited import HOME, Gated, audited, others, positions, posted
from tests.auditor_portal.portal import ENGAGEMENT, PERMIT, auditor, engagement, firm, put, takes_part
from tests.evidence.sealing import KEY

REPORTS = f"{HOME}/reports"
WEEK = {"from": "2026-10-01", "to": "2026-10-08"}


def rows():
    with portal_data.reading() as session:
        return session.exec(select(ExportRow)).all()


def made(portal, browser, **asked):
    """Have a report made; return the path of its page."""
    answer = posted(browser, REPORTS, {"framework": "soc2", **asked})
    assert answer.status_code == 303, answer.text
    assert portal.shop.beside.join(30)
    return answer.location


def downloaded(portal, browser, **asked):
    answer = browser.get(f"{made(portal, browser, **asked)}/file")
    assert answer.status_code == 200, answer.text
    return answer


def unpacked(answer):
    with zipfile.ZipFile(io.BytesIO(answer.data)) as found:
        return {name: found.read(name) for name in found.namelist()}


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A workpaper as it was downloaded, its row, and the obligations of the decisions that let it go."""

    data: bytes
    row: ExportRow
    obligations: list


@pytest.fixture(scope="module")
def paper(audited_log, migrated_portal, migrated_product, tmp_path_factory):
    """A workpaper of an auditor who ran a test again, drew and picked, noted and concluded."""
    directory = tmp_path_factory.mktemp("paper")
    for source, name in ((migrated_portal, "portal.db"), (migrated_product, "product.db")):
        shutil.copy(source, directory / name)
    url = f"sqlite:///{directory / 'portal.db'}"
    with pytest.MonkeyPatch.context() as patch, audited(url, audited_log, directory, patch) as desk:
        browser = desk.auditor()
        work(desk, browser, positions(audited_log)[0])
        data = downloaded(desk, browser, format="zip").data
        obligations = [body["result"]["obligations"] for _, body in desk.around.records[-2:]]
        yield Paper(data=data, row=rows()[0], obligations=obligations)


def work(desk, browser, position):
    control = f"{HOME}/controls/access-review"
    run = posted(browser, f"{control}/runs").location.rpartition("/")[2]
    assert desk.shop.beside.join(30)
    posted(browser, f"{control}/samples", {"run": run, "test": "access-review/reviewed"})
    sample = posted(browser, f"{control}/picks", {"picks": f"{position} it looks odd"}).location.rpartition("/")[2]
    noted = {"position": position, "version": "0", "result": "exception", "text": "=no ticket"}
    posted(browser, f"{control}/samples/{sample}/notes", noted)
    posted(browser, f"{control}/notes", {"version": "0", "text": "asked the owner"})
    posted(browser, f"{control}/conclusion", {"conclusion": "ineffective", "version": "0"})


def verified(paper, directory, change=lambda _directory: None):
    with zipfile.ZipFile(io.BytesIO(paper.data)) as found:
        found.extractall(directory)
    change(directory)
    return verify_workpaper.verify(directory, verify_workpaper.verify_evidence.parse_key(f"{KEY.verifier}\n".encode()))


def test_a_workpaper_has_the_auditors_work_apart_and_the_log_vouches_for_it(paper, tmp_path):
    found = unpacked(paper)
    assert verified(paper, tmp_path / "paper")["samples of the auditor"] == 1
    names = {name for name in found if name.startswith("auditor/")}
    kinds = ("runs", "again", "samples", "items", "notes", "conclusions")
    assert names == {f"auditor/{kind}.{end}" for kind in kinds for end in ("json", "csv")} | {"auditor/README.txt"}
    row = paper.row
    assert (row.state, row.framework, row.format) == ("done", "soc2", "zip")
    assert paper.obligations == [
        [{"id": "workpaper", "type": "execution", "manifest": row.manifest, "report": row.report}],
        [{"id": "file", "type": "execution", "sha256": row.sha256}],
    ]


def test_what_is_the_auditors_says_so_in_every_file(paper):
    found = unpacked(paper)
    items = json.loads(found["auditor/items.json"])
    assert items["label"] == "The auditor's own work: no statement of the entity, and none of the log."
    assert items["watermark"]["auditor"] == "acme/a.lee@acme.example"
    assert [each["text"] for each in items["items"] if each["text"]] == ["=no ticket"]
    table = list(csv.reader(io.StringIO(found["auditor/notes.csv"].decode())))
    assert [row[6] for row in table if row[5] == "exception"] == ["'=no ticket"]
    assert table[-1][0].startswith("The auditor's own work")
    [concluded] = json.loads(found["auditor/conclusions.json"])["conclusions"]
    assert (concluded["conclusion"], concluded["by_rule"]) == ("ineffective", "not_tested")
    [run] = json.loads(found["auditor/runs.json"])["runs"]
    assert run["results"][-1]["outcome"] == "deviations"
    drawn = next(each for each in json.loads(found["auditor/samples.json"])["samples"] if each["kind"] == "drawn")
    assert f"proofs/{drawn['positions'][0]}.tlog-proof" in found


def test_the_watermark_is_on_everything_and_names_the_decision(paper):
    found = unpacked(paper)
    row = paper.row
    line = (
        f"Made for acme/a.lee@acme.example of acme, engagement {ENGAGEMENT}, 2026-11-22, by decision {row.decision_id}"
    )
    assert json.loads(found["report.json"])["watermark"]["decision"] == row.decision_id
    for name in (
        "report.html",
        "tables/items.csv",
        "oscal/catalog.json",
        "index.csv",
        "README.txt",
        "auditor/runs.csv",
    ):
        assert line in found[name].decode(), name


TAMPERED = {
    "a note changed": (
        "auditor/notes.json",
        lambda path: path.write_bytes(path.read_bytes().replace(b"owner", b"clerk")),
    ),
    "a conclusion dropped": ("auditor/conclusions.csv", lambda path: path.unlink()),
    "a file slipped in": ("auditor/more.json", lambda path: path.write_text("{}")),
}


@pytest.mark.parametrize(("name", "change"), TAMPERED.values(), ids=TAMPERED)
def test_what_was_changed_of_the_auditors_work_is_found(paper, tmp_path, name, change):
    with pytest.raises(verify_workpaper.FindingError) as caught:
        verified(paper, tmp_path / "paper", lambda directory: change(directory / name))
    assert caught.value.args[1] == name


def test_the_same_input_has_the_same_bytes(desk, tmp_path):
    """All but the log's word for it, which is another each time, as it is another record."""
    jobs = []
    workshop.install(desk.app, replace(desk.shop, beside=Beside(lambda job, told: (jobs.append(job), job(told))[1])))
    posted(desk.auditor(), REPORTS, {"framework": "soc2", "format": "zip"})
    assert shops_of(desk).beside.join(30)
    paths = [tmp_path / "one.zip", tmp_path / "other.zip"]
    one, other = (replace(jobs[0], path=path)(lambda _done, _all: None) for path in paths)
    assert one == other
    assert paths[0].read_bytes() == paths[1].read_bytes()


def shops_of(desk):
    with desk.app.app_context():
        return workshop.workshop()


FORMATS = {"pdf": (b"%PDF", "pdf"), "html": (b"<!DOCTYPE", "html"), "csv": (b"PK", "zip"), "oscal": (b"PK", "zip")}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_made_of_a_part_of_the_period(desk, form):
    begins, ending = FORMATS[form]
    answer = downloaded(desk, desk.auditor(), format=form, **WEEK)
    assert answer.data.startswith(begins)
    name = f"{ENGAGEMENT}-soc2-2026-10-01-2026-10-08-{form}.{ending}"
    assert answer.headers["content-disposition"] == f"attachment; filename={name}"
    assert [each.manifest for each in rows()] == [""]


REFUSED = {
    "another framework": {"framework": "hipaa"},
    "more than the period": {"from": "2026-09-01"},
    "a period that ends before it begins": {"from": "2026-10-09", "to": "2026-10-08"},
}


@pytest.mark.parametrize("asked", REFUSED.values(), ids=REFUSED)
def test_what_the_engagement_is_not_about_is_denied(desk, asked):
    answer = posted(desk.auditor(), REPORTS, {"framework": "soc2", **asked})
    assert (answer.status_code, rows()) == (403, [])
    assert desk.decided[-1] == ("auditor_portal.export", False)


@pytest.mark.parametrize("asked", [{"format": "exe"}, {"from": "yesterday"}, {"to": "2026-10-081"}])
def test_a_form_that_says_nothing_usable_is_refused(desk, asked):
    assert posted(desk.auditor(), REPORTS, {"framework": "soc2", **asked}).status_code == 400


def test_a_period_that_lasts_is_not_reported_on(auditing):
    lasting = {"period_end": "2026-12-01T00:00:00.000000Z"}
    with auditing(firm(), auditor(), engagement(**lasting), takes_part()) as desk:
        browser = desk.auditor()
        assert "Reports are made once it is over" in browser.get(REPORTS).text
        answer = posted(browser, REPORTS, {"framework": "soc2"})
        assert (answer.status_code, "populations are complete then" in answer.text) == (403, True)
        made(desk, browser, format="html", **WEEK)  # what of it is over can be


def test_another_engagements_export_is_not_there(desk):
    put(*others())
    path = made(desk, desk.auditor(), format="html").removeprefix(HOME)
    other = desk.auditor("b", "other")
    for found in (f"/e/other-2026{path}", f"/e/other-2026{path}/file", f"{HOME}{path}", f"{HOME}{path}/file", REPORTS):
        assert other.get(found).status_code == 404


def audit(number):
    """Return a firm with an engagement and an auditor."""
    name, of = f"e{number}", f"f{number}"
    return firm(of), auditor("a", of), engagement(name, of), takes_part("a", of, name)


def test_reports_are_made_one_at_a_time_and_few_wait(auditing):
    gated = Gated()
    found = [row for number in range(3) for row in audit(number)]
    with auditing(*found, launch=gated, at_once=1, most=2) as desk:

        def ask(n):
            browser = desk.auditor("a", f"f{n}")
            return posted(browser, f"/e/e{n}/reports", {"framework": "soc2", "format": "html"}, ("a", f"f{n}"))

        assert ask(0).status_code == 303
        assert gated.begun.acquire(timeout=30)
        assert ask(0).status_code == 409
        assert ask(1).status_code == 303
        answer = ask(2)
        assert (answer.status_code, "too much waits" in answer.text) == (503, True)
        assert sorted(each.state for each in rows()) == ["running", "waiting"]
        gated.may.release(2)
        assert desk.shop.beside.join(30)
        assert ask(2).status_code == 303
        gated.may.release()


def test_a_file_is_deleted_after_seven_days_and_its_hash_stays(desk):
    browser = desk.auditor()
    path = made(desk, browser, format="html")
    [file] = desk.shop.files.iterdir()
    (desk.shop.files / ".scratch-of-the-dead").mkdir()
    assert f"Download {ENGAGEMENT}-soc2" in browser.get(path).text
    later = file.stat().st_mtime + KEPT + 1
    workshop.install(desk.app, replace(desk.shop, now=lambda: later))
    assert "deleted" in browser.get(REPORTS).text
    assert list(desk.shop.files.iterdir()) == []
    assert rows()[0].sha256 in browser.get(path).text
    assert browser.get(f"{path}/file").status_code == 404


def test_an_export_that_the_log_does_not_vouch_for_is_none(desk):
    def refuse(_permit, _manifest, _report):
        raise WorkError("the log has not sealed the record of this export in time")

    workshop.install(desk.app, replace(desk.shop, vouch=refuse))
    browser = desk.auditor()
    page = browser.get(made(desk, browser, format="zip")).text
    assert "It could not be done: the log has not sealed the record" in page
    assert "Start it again" in page
    assert list(desk.shop.files.iterdir()) == []


def test_a_record_that_is_gone_makes_no_report(desk, monkeypatch):
    monkeypatch.setattr("auditor_portal.sources.Sources.log", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    browser = desk.auditor()
    assert "the file cannot be written: full" in browser.get(made(desk, browser, format="html")).text


def test_an_export_that_a_dead_process_left_can_be_started_again(desk):
    times = {"period_start": "2026-10-01T00:00:00.000000Z", "period_end": "2026-11-01T00:00:00.000000Z"}
    put(
        ExportRow(
            **times,
            id="0" * 32,
            engagement=ENGAGEMENT,
            framework="soc2",
            format="zip",
            auditor="acme/a.lee@acme.example",
            state="waiting",
            owner="of another process",
            asked_at=1,
            decision_id=PERMIT.decision_id,
        )
    )
    page = desk.auditor().get(f"{REPORTS}/{'0' * 32}").text
    assert "It was interrupted" in page
    assert "Start it again" in page
    assert desk.auditor().json(f"{REPORTS}/{'0' * 32}").json["over"] is True
    assert desk.auditor().get(f"{REPORTS}/{'0' * 32}/file").status_code == 404
    assert VerifierKey.parse(str(KEY.verifier)) == KEY.verifier
