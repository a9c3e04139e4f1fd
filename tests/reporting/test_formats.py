"""A report in its formats: the same bytes twice, nothing in it is run, and what reads it takes it."""

import csv
import hashlib
import io
import json
import re
import subprocess
import zipfile
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from app.reporting.errors import ReportError
from app.reporting.formats import Format, write
from app.reporting.html_page import html_page
from app.reporting.oscal_files import oscal_files
from app.reporting.pdf import SHOWN, pdf
from app.reporting.tables import NAMES, tables
from frameworks.testing import Outcome
from tests.reporting.made_reports import CHAIN, report
from tests.reporting.pdf_tools import TRESTLE, missing, ran

EVIL = '#eval("x") $x$ [y] *z* <script>alert(1)</script> \\ @foo `raw` =1+1 {{7*7}} "quoted", é'


def written(form, made):
    file = io.BytesIO()
    write(form, file, made, None, None, None)
    return file.getvalue()


@pytest.mark.parametrize("form", [each for each in Format if each is not Format.ZIP])
def test_the_same_report_has_the_same_bytes_in_every_format(form):
    assert written(form, report()) == written(form, report())


@pytest.mark.parametrize("form", [each for each in Format if each is not Format.ZIP])
def test_a_population_with_another_record_shows_in_every_format_and_in_the_hash(form):
    other = report(sha256="cd" * 32)
    assert other.sha256 != report().sha256
    assert written(form, other) != written(form, report())


def test_a_workpaper_without_the_key_of_the_log_is_refused():
    with pytest.raises(ReportError, match="signed by the log's key"):
        written(Format.ZIP, report())


def test_the_hash_is_that_of_the_data_which_are_canonical():
    made = report()
    assert made.sha256 == hashlib.sha256(made.data).hexdigest()
    assert json.loads(made.data) == made.document
    assert [each["conclusion"] for each in made.document["statements"]] == [
        "1 deviation in 3 records.",
        "No deviation in 1 record.",
        "What there is is too old: it was not done again in time.",
        "It did not occur in the period: the population is empty, and nothing is concluded.",
    ]


def test_a_pdf_holds_is_tagged_and_has_the_data_attached(tmp_path):
    made = report()
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf(made))
    ran("qpdf", "--check", path)
    said = dict(line.split(":", 1) for line in ran("pdfinfo", path).splitlines())
    assert (said["Tagged"].strip(), said["JavaScript"].strip()) == ("yes", "no")
    assert "pdfaid:part>3<" in ran("pdfinfo", "-meta", path)
    assert said["Title"].strip() == "House rules, 2025-10-01 to 2026-10-01"
    ran("pdfdetach", "-savefile", "report.json", "-o", tmp_path / "report.json", path)
    assert (tmp_path / "report.json").read_bytes() == made.data
    shown = " ".join(ran("pdftotext", "-layout", path, "-").split())
    assert made.sha256 in shown
    assert "1 deviation in 3 records." in shown


def test_names_are_set_and_never_run_in_a_pdf(tmp_path):
    (tmp_path / "report.pdf").write_bytes(pdf(report(named=EVIL, title=EVIL, summary=EVIL, reason=EVIL)))
    shown = "".join(ran("pdftotext", tmp_path / "report.pdf", "-").split())
    assert "".join(EVIL.split()) in shown


ODD = {
    "審計 é": "[U+5BE9][U+8A08] é",
    "😀": "[U+1F600]",
    "a\x1b\x00b": "a[U+001B][U+0000]b",
    "Ελληνικά кириллица 10 € ≤ 11": "Ελληνικά кириллица 10 € ≤ 11",
}


@pytest.mark.parametrize(("text", "shown"), ODD.items(), ids=map(ascii, ODD))
def test_what_no_font_has_is_written_out_and_stands_in_the_data(tmp_path, text, shown):
    made = report(named=text, title=text)
    (tmp_path / "report.pdf").write_bytes(pdf(made))
    assert shown in " ".join(ran("pdftotext", tmp_path / "report.pdf", "-").split())
    assert made.document["engagement"] == text


def test_a_pdf_that_cannot_be_set_is_said_in_one_line(monkeypatch):
    monkeypatch.setattr("app.reporting.pdf._UNSHOWN", re.compile("(?!)"))
    with pytest.raises(ReportError) as caught:
        pdf(report(named="審"))
    assert str(caught.value).startswith("the PDF cannot be set: ")
    assert "\n" not in str(caught.value)


def test_every_character_that_is_called_shown_can_be():
    one = re.compile(f"[{SHOWN}]")
    every = "".join(each for each in map(chr, range(0x2300)) if one.fullmatch(each))
    assert len(every) > 1600
    assert pdf(report(named=" ".join(every))).startswith(b"%PDF-1.7")


class Reading(HTMLParser):
    """Remembers the elements of a page and what it says."""

    def __init__(self):
        super().__init__()
        self.elements, self.said, self.attributes = set(), "", set()

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.said += data


def test_a_page_has_no_scripts_nothing_from_elsewhere_and_names_as_they_are():
    read = Reading()
    read.feed(html_page(report(named=EVIL, title=EVIL, summary=EVIL, reason=EVIL)))
    assert read.elements.isdisjoint({"script", "link", "img", "iframe", "object", "form", "a"})
    assert read.attributes.isdisjoint({"href", "src", "onclick"})
    assert EVIL in read.said


def test_tables_are_read_back_and_no_cell_is_a_formula():
    made = list(tables(report(named="=cmd|'/c calc'!A1", reason="+1+1")))
    assert tuple(each.name for each in made) == NAMES
    rows = {each.name: list(csv.reader(io.StringIO(each.csv()))) for each in made}
    assert ["engagement", "'=cmd|'/c calc'!A1"] in rows["report"]
    assert rows["deviations"][1] == ["access-review/reviewed", f"{CHAIN}-17", "2026-02-03T04:05:06.000000Z", "'+1+1"]
    assert rows["samples"][1:] == [["access-review/reviewed", "cd" * 32, f"{CHAIN}-17"]]
    assert rows["months"][1] == ["2026-01", "1000"]


def test_a_zip_of_tables_has_no_times_of_its_own():
    with zipfile.ZipFile(io.BytesIO(written(Format.CSV, report()))) as found:
        assert {each.date_time for each in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert found.namelist() == [f"{name}.csv" for name in NAMES]


def test_oscal_says_what_the_report_says():
    made = {name: json.loads(data) for name, data in oscal_files(report())}
    [result] = made["assessment-results.json"]["assessment-results"]["results"]
    states = {each["target"]["target-id"]: each["target"]["status"] for each in result["findings"]}
    assert states == {
        "house_CC6.1_smt": {"state": "not-satisfied", "reason": "deviations"},
        "house_CC6.2_smt": {"state": "not-satisfied", "reason": "not_tested"},
        "house_A1.1_smt": {"state": "not-satisfied", "reason": "stale"},
    }
    evidence = [each for one in result["observations"] for each in one["relevant-evidence"]]
    assert f"urn:omega:log:example.org_log:record:{CHAIN}-17" in {each["href"] for each in evidence}
    said = {each["name"]: each["value"] for each in evidence[0]["props"]}
    assert (said["count"], said["sha256"]) == ("3", "ab" * 32)
    dates = [said[name][:19] for name in ("effective-from", "effective-to", "collected", "received")]
    assert dates == ["2025-10-02T08:00:00", "2026-09-30T17:00:00", "2026-09-30T17:00:09", "2026-10-01T00:00:05"]
    items = made["plan-of-action-and-milestones.json"]["plan-of-action-and-milestones"]["poam-items"]
    assert [each["title"] for each in items] == ["access-review/reviewed: deviations", "capacity/inspected: stale"]


def test_where_nothing_is_to_be_done_there_is_no_plan_of_action():
    made = report()
    good = {name: each for name, each in made.statements.items() if each.result.outcome is Outcome.EFFECTIVE}
    kept = tuple(replace(each, tests=tuple(t for t in each.tests if t.id in good)) for each in made.controls[:1])
    names = [name for name, _ in oscal_files(replace(made, statements=good, controls=kept))]
    assert "assessment-results.json" in names
    assert "plan-of-action-and-milestones.json" not in names


@pytest.mark.slow
def test_compliance_trestle_takes_every_document(tmp_path):
    if not TRESTLE.exists():
        missing("OSCAL", "`make .venv/oscal` installs compliance-trestle")
    for name, data in oscal_files(report(mapped=True)):
        (tmp_path / name).write_bytes(data)
    script = TRESTLE.parents[3] / "tests/reporting/validate_oscal.py"
    ended = subprocess.run([TRESTLE, script, tmp_path], capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert sorted(ended.stdout.split()) == [
        "assessment-plan",
        "assessment-results",
        "catalog",
        "catalog",
        "component-definition",
        "mapping-collection",
        "plan-of-action-and-milestones",
        "profile",
    ]
