"""The page's modules, the package's verifier and the stand-alone files say the same of every vector, log, paper."""

import json
from pathlib import Path

import pytest

import auditor_portal
from tests.auditor_portal.verifying import dropped_cases, log_cases, paper_cases, small_cases, zip_cases
from tests.auditor_portal.verifying.log_cases import encoded
from tests.browser import chromium, on_a_port

pytestmark = pytest.mark.slow

STATIC = Path(auditor_portal.__file__).parent / "static"
HARNESS = Path(__file__).with_name("harness.mjs")
SCRIPT, DOCUMENT = "text/javascript", "application/json"


def serving(tables):
    """A WSGI application that has the modules, the harness and the tables."""
    data = json.dumps(tables).encode()

    def answer(environ, start):
        path = environ["PATH_INFO"]
        if path == "/tables":
            kind, body = DOCUMENT, data
        elif path == "/harness.mjs":
            kind, body = SCRIPT, HARNESS.read_bytes()
        elif path.startswith("/static/"):
            kind, body = SCRIPT, (STATIC / path.removeprefix("/static/")).read_bytes()
        else:
            kind, body = "text/html", b"<!doctype html><title>tables</title>"
        start("200 OK", [("content-type", kind), ("content-length", str(len(body)))])
        return [body]

    return answer


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Every table: names, what is asked, and what must be said."""
    directory = tmp_path_factory.mktemp("cases")
    tables = {name: list(make()) for name, make in small_cases.ALL.items()}
    tables["logs"] = [
        (case.name, log_cases.as_json(case), report) for case, report in log_cases.cases(directory / "journal")
    ]
    tables["dropped"] = list(dropped_cases.cases())
    tables["zips"] = [
        (name, {"data": encoded(data), "limits": limits}, "malformed" if members is None else members)
        for name, data, limits, members in zip_cases.cases()
    ]
    return tables, paper_cases.cases(directory)


@pytest.fixture(scope="module")
def said(asked):
    """What the modules say of each, in a browser."""
    tables, papers = asked
    sent = {name: [given for _, given, _ in cases] for name, cases in tables.items()}
    key = encoded(paper_cases.KEY_LINE.encode())
    sent["papers"] = [
        {"files": files, "key": key, "changes": [changes for _, changes, _ in cases]} for files, cases in papers
    ]
    with on_a_port(serving(sent)) as url, chromium() as page:
        page.goto(url)
        return page.evaluate("async () => (await import('/harness.mjs')).answers('/tables')")


@pytest.mark.parametrize("table", [*small_cases.ALL, "logs", "zips", "dropped"])
def test_the_modules_agree(asked, said, table):
    cases = asked[0][table]
    wrong = [(name, want, got) for (name, _, want), got in zip(cases, said[table], strict=True) if want != got]
    assert wrong == []


def test_the_modules_agree_on_workpapers(asked, said):
    cases = [case for _, cases in asked[1] for case in cases]
    answers = [answer for answers in said["papers"] for answer in answers]
    wrong = [(name, want, got) for (name, _, want), got in zip(cases, answers, strict=True) if want != got]
    assert wrong == []
    assert {want[0] for _, _, want in cases if isinstance(want, list)} >= {
        "malformed-manifest", "unexpected-file", "missing-file", "wrong-file", "bad-signature", "malformed-note",
        "wrong-population", "wrong-sample", "bad-proof", "wrong-record",
    }  # fmt: skip


def test_every_code_of_a_log_is_met(asked):
    codes = {report["finding"]["code"] for _, _, report in asked[0]["logs"] if report["finding"]}
    assert len(codes) == 28  # those of tests/evidence/test_verify_evidence_file.py
