"""Findings are kept, found again, lowered and resolved; no clock is set back."""

import pytest

from app.db import reading, writing
from app.features.marketplace.errors import UnknownError
from app.features.marketplace.inspection import inspecting
from app.features.marketplace.inspection.finding import Finding, FindingClass
from app.features.marketplace.inspection.findings import findings_of, rescan, rows_of, snapshot_row
from app.features.marketplace.inspection.inspecting import inspect
from app.features.marketplace.inspection.rows import SnapshotRow
from app.features.marketplace.inspection.scanning import Scan, Scanned
from app.features.marketplace.inspection.vex import Statement
from app.features.marketplace.rows import ReleaseRow
from tests.features.marketplace.inspection.making import NOW, advisories, advisory, manifest, zipped
from tests.features.marketplace.trading import agent, keep, permit, release

DAY = 86_400
CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
SECRET = Finding(
    kind=FindingClass.SECRETS, source="detect-secrets", rule="AWS", severity="high", path="a.py", line=3, title="x"
)


@pytest.fixture
def kept(market_anywhere, monkeypatch):  # noqa: ARG001 - what it is kept in
    """A release on record as it was looked into; `idna 3.7` has a vulnerability whose severity nobody knows."""
    monkeypatch.setattr(inspecting, "scanned", lambda _artifact, _scan: Scanned(findings=(SECRET, SECRET)))
    known = advisories(advisory(aliases=["CVE-2026-1"]))
    found = inspect(zipped(), {}, manifest(), None, advisories=known, scan=Scan(rules={}), now=NOW)
    keep(agent(), release("1.2.0"))
    keep(*rows_of(found, "invoice-reader", "1.2.0", now=NOW, decision_id="made-by-a-test-1", days=7))
    keep(snapshot_row(known, now=NOW, decision_id="made-by-a-test-1"))


def again(known, now, **more):
    """Look at the release again, and keep what is different; return it."""
    with reading() as session:
        rows = rescan(session, session.get(ReleaseRow, ("invoice-reader", "1.2.0")), known, now, days=7, **more)
    with writing(permit(decision_id="made-by-a-test-2")) as session:
        for row in rows:
            row.decision_id = "made-by-a-test-2"
            session.merge(row)
    return [(row.rule, row.severity, row.first_seen, row.due_at, row.resolved_at) for row in rows]


def on_record():
    with reading() as session:
        return findings_of(session, "invoice-reader", "1.2.0")


@pytest.mark.usefixtures("kept")
def test_what_was_found_is_on_record():
    rows = {row.source: row for row in on_record()}
    assert rows.keys() == {"osv", "detect-secrets"}
    assert (rows["osv"].rule, rows["osv"].place, rows["osv"].due_at) == ("PYSEC-2026-1", "idna 3.7", None)
    assert (rows["detect-secrets"].kind, rows["detect-secrets"].place) == ("secrets", "a.py:3")
    with reading() as session:
        assert session.get(SnapshotRow, "ef" * 32).newest == NOW - 3 * DAY


@pytest.mark.usefixtures("kept")
def test_nothing_new_changes_nothing():
    assert again(advisories(advisory(aliases=["CVE-2026-1"])), NOW + DAY) == []


@pytest.mark.usefixtures("kept")
def test_the_clock_of_a_known_critical_runs_from_when_it_was_first_seen():
    worse = advisories(advisory(aliases=["CVE-2026-1"], severity=CRITICAL))
    assert again(worse, NOW + DAY) == [("PYSEC-2026-1", "critical", NOW, NOW + 7 * DAY, None)]
    assert again(worse, NOW + 2 * DAY) == []


@pytest.mark.usefixtures("kept")
def test_another_name_for_the_same_vulnerability_sets_no_clock_back():
    renamed = advisories(
        advisory("GHSA-1", aliases=["CVE-2026-1"], severity=CRITICAL), advisory(aliases=["CVE-2026-1"])
    )
    assert again(renamed, NOW + DAY) == [("PYSEC-2026-1", "critical", NOW, NOW + 7 * DAY, None)]
    only = advisories(advisory("CVE-2026-1", aliases=["PYSEC-2026-1"], severity=CRITICAL))
    assert again(only, NOW + 2 * DAY) == []


@pytest.mark.usefixtures("kept")
def test_a_new_vulnerability_is_first_seen_now():
    more = advisories(advisory(aliases=["CVE-2026-1"]), advisory("NEW", severity=CRITICAL))
    assert again(more, NOW + DAY) == [("NEW", "critical", NOW + DAY, NOW + 8 * DAY, None)]


@pytest.mark.usefixtures("kept")
def test_what_was_withdrawn_is_resolved_and_begins_anew_when_it_comes_back():
    assert again(advisories(), NOW + DAY) == [("PYSEC-2026-1", "unknown", NOW, None, NOW + DAY)]
    assert [row.resolved_at is None for row in on_record()] == [True, False]
    assert again(advisories(), NOW + 2 * DAY) == []
    back = again(advisories(advisory(severity=CRITICAL)), NOW + 3 * DAY)
    assert back == [("PYSEC-2026-1", "critical", NOW + 3 * DAY, NOW + 10 * DAY, None)]


@pytest.mark.usefixtures("kept")
def test_a_statement_stops_the_clock_until_it_counts_no_more():
    worse = advisories(advisory(aliases=["CVE-2026-1"], severity=CRITICAL))
    said = Statement(vulnerability="CVE-2026-1", products=frozenset(), who="s@x", why="y", until=NOW + 5 * DAY)
    assert again(worse, NOW + DAY, vex=[said]) == [("PYSEC-2026-1", "critical", NOW, None, None)]
    assert next(row for row in on_record() if row.source == "osv").vex["who"] == "s@x"
    assert again(worse, NOW + 4 * DAY) == []
    assert again(worse, NOW + 5 * DAY) == [("PYSEC-2026-1", "critical", NOW, NOW + 7 * DAY, None)]


@pytest.mark.usefixtures("market")
def test_of_a_release_whose_parts_are_not_on_record_nothing_is_said():
    keep(agent(), release("1.2.0"))
    with reading() as session, pytest.raises(UnknownError):
        rescan(session, session.get(ReleaseRow, ("invoice-reader", "1.2.0")), advisories(), NOW)
