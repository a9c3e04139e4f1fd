"""What the tests of the policies in force show: made once beside everything else, kept, read by programs and people."""

import threading

import pytest

from app.features.policies.results.results import Results, State, keep, load
from app.jobs.leadership import FileLock
from app.pdp.bundle import load as load_bundle
from app.pdp.errors import BundleError
from app.pdp.model import Enforcement, Severity
from app.pdp.test_report import Coverage, GateCoverage, Kind, RuleCoverage, TestReport, TestResult
from app.promotion import Denied, Promotion
from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.gating import shipped
from tests.features.serving import served
from tests.pdp.shop import stocked

FILE = "rego/marketplace/publish.rego"


def result(name, **changes):
    good = {
        "file": "rego/marketplace/publish_test.rego",
        "line": 40,
        "name": name,
        "of": "marketplace.publish",
        "kind": Kind.REGO,
        "passed": True,
        "expected": "true",
        "actual": "true",
        "severity": Severity.CRITICAL,
        "error": "",
        "seconds": 0.001,
    }
    return TestResult(**good | changes)


def gate(name, *, passed, failed):
    return GateCoverage(
        action="marketplace.publish",
        gate=name,
        title="the signature is verified",
        severity=Severity.HIGH,
        enforcement=Enforcement.BLOCKING,
        file=FILE,
        line=20,
        passed=passed,
        failed=failed,
    )


def report(*, bad=False):
    """Return a report; a `bad` one has a failed test and a gate that no test sees fail."""
    failed = result("<b>late</b>", passed=False, actual="false", error="is false", severity=None, of="lib.clock")
    return TestReport(
        results=(result("signed"), *((failed,) if bad else ())),
        coverage={FILE: Coverage(covered=frozenset({20, 21}), missed=frozenset({22} if bad else ()))},
        rules=(RuleCoverage(package="marketplace.publish", rule="late", file=FILE, line=9, reached=True, held=None),),
        gates=(gate("signed", passed=3, failed=0 if bad else 2),),
    )


class Runs:
    """Counts what is run, and waits until it may end; `found` is a report or an error."""

    def __init__(self, found):
        self.found, self.count, self.may_end = found, 0, threading.Event()

    def __call__(self, bundle):  # noqa: ARG002
        self.count += 1
        assert self.may_end.wait(20)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def made(folder, found):
    """Return results that have come to their end for the shipped policies, and who ran."""
    runs = Runs(found)
    runs.may_end.set()
    results = Results(folder, runs)
    assert results.look(shipped()).state is State.RUNNING
    results.wait()
    return results, runs


def test_nobody_waits_and_tests_are_run_once(tmp_path):
    runs = Runs(report())
    results = Results(tmp_path, runs)
    results.wait()  # for nothing
    assert [results.look(shipped()).state for _ in range(3)] == [State.RUNNING] * 3
    runs.may_end.set()
    results.wait()
    outcome = results.look(shipped())
    assert (outcome.state, outcome.report, runs.count) == (State.DONE, report(), 1)
    after_a_start, again = Results(tmp_path, runs), results.look(shipped())
    assert (after_a_start.look(shipped()).report, again.report, runs.count) == (report(), report(), 1)


def test_another_process_of_the_node_runs_them(tmp_path):
    lock = FileLock(tmp_path / ".testing")
    assert lock.take()
    results, runs = made(tmp_path, report())
    assert (results.look(shipped()).state, runs.count) == (State.RUNNING, 0)
    results.wait()
    keep(tmp_path, shipped(), report())
    lock.release()
    assert (results.look(shipped()).state, runs.count) == (State.DONE, 0)


def test_what_another_process_kept_meanwhile_counts(tmp_path):
    runs = Runs(report())
    results = Results(tmp_path, runs)
    keep(tmp_path, shipped(), report())
    results._make(shipped())
    assert (results.look(shipped()).state, runs.count) == (State.DONE, 0)


def test_tests_that_do_not_end_are_not_tried_again(tmp_path):
    results, runs = made(tmp_path, BundleError("rego/a.rego:1:1: takes longer than 600 seconds"))
    assert (results.look(shipped()).state, runs.count) == (State.BROKEN, 1)
    assert "longer" in results.look(shipped()).error


def test_a_report_that_cannot_be_kept_is_shown_nevertheless(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("app.features.policies.results.results.keep", full)
    results, _ = made(tmp_path, report())
    assert (results.look(shipped()).report, load(tmp_path, shipped())) == (report(), None)


DAMAGED = {
    "no JSON": b"{",
    "no object": b"[]",
    "another engine": b'{"engine": "none", "report": {}}',
    "no report": b'{"engine": "ENGINE", "report": {}}',
    "a report that is none": b'{"engine": "ENGINE", "report": {"results": [1]}}',
    "a report without end": b"[" * 100_000,
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_report_counts_as_none(tmp_path, data):
    (tmp_path / f"{shipped().digest}.tests").write_bytes(data.replace(b"ENGINE", shipped().engine.encode()))
    assert load(tmp_path, shipped()) is None


@pytest.mark.slow
def test_real_tests_run_in_a_process_of_their_own(tmp_path):
    stocked(tmp_path / "policies")
    results, bundle = Results(tmp_path), load_bundle(tmp_path / "policies", "r1")
    assert results.look(bundle).state is State.RUNNING
    results.wait()
    found = results.look(bundle).report
    assert found.ok
    assert {each.gate for each in found.gates} == {"described", "ripe", "weighed"}
    assert load(tmp_path, bundle) == found


def test_programs_read_the_report(sqlite_url, tmp_path):
    results, _ = made(tmp_path, report(bad=True))
    with served(sqlite_url, results=results) as plane:
        found = plane.officer().json("/policies/tests").json
        assert (found["bundle"], found["state"], found["failed"]) == (shipped().digest, "done", 1)
        assert found["holes"] == [f"{FILE}:20: gate signed: no test shows that it can fail"]
        assert plane.visitor().json("/policies/tests").status_code == 403


def test_programs_read_that_there_is_no_report_yet(sqlite_url):
    with served(sqlite_url) as plane:
        found = plane.officer().json("/policies/tests").json
        assert (found["state"], "results" in found) == ("running", False)


PAGES = {
    "running": (None, ["The tests are being run"]),
    "broken": (BundleError("a.rego:1:1: too slow"), ["did not come to an end", "a.rego:1:1: too slow"]),
    "good": (report(), ["1 of 1", "Every gate was seen to pass and to fail", "marketplace.publish: 1 test"]),
    "bad": (report(bad=True), ["no test shows that it can fail", "&lt;b&gt;late&lt;/b&gt;", "never", "is false"]),
}


@pytest.mark.parametrize(("found", "words"), PAGES.values(), ids=PAGES)
def test_people_read_what_the_tests_show(sqlite_url, tmp_path, found, words):
    results = made(tmp_path, found)[0] if found else None
    with served(sqlite_url, results=results) as plane:
        page = plane.officer().get("/policies/tests").text
        assert [each for each in words if each not in page] == []


@pytest.mark.slow
def test_the_page_can_be_read_by_everybody(sqlite_url, tmp_path):
    results, _ = made(tmp_path, report(bad=True))
    with served(sqlite_url, results=results) as plane, on_a_port(plane.app) as url, chromium() as page:
        cookie = plane.officer().client.get_cookie("omega").value
        page.context.add_cookies([{"name": "omega", "value": cookie, "url": url}])
        page.goto(f"{url}/policies/tests")
        page.get_by_text("marketplace.publish: 1 test").click()
        assert barriers(page) == []
        shoot(page, "tests")
        plane.count = lambda *_: Promotion(
            action="a.b", gate="c", denied={"service": Denied(count=3, examples=["c-1"])}
        )
        page.goto(f"{url}/policies/promotion/marketplace.publish/covered")
        plane.promotions.wait()
        page.get_by_text("Look again").click()
        assert barriers(page) == []
        shoot(page, "promotion")
        page.set_viewport_size({"width": 360, "height": 800})
        assert not overflow(page)
        page.goto(f"{url}/policies/tests")
        assert not overflow(page)
