"""What a release is made of is held against the snapshot that lies there now."""

import json

import pytest

from app.features.marketplace.inspection.advisories import packed, replace_file
from app.features.marketplace.inspection.advisory import advisory_of
from app.features.marketplace.lifecycle.advisor import SnapshotAdvisor
from app.features.marketplace.supply.artifacts import Artifacts
from app.objects import open_objects
from tests.features.marketplace.trading import release

NOW = 1_790_000_000
CRITICAL, HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
BILL = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "version": 1,
    "components": [
        {"type": "library", "name": "idna", "version": "3.6", "purl": "pkg:pypi/idna@3.6"},
        {"type": "library", "name": "httpx", "version": "0.28.1", "purl": "pkg:pypi/httpx@0.28.1"},
    ],
}


def known(name, package, severity):
    return advisory_of(
        {
            "id": name,
            "modified": "2026-09-01T00:00:00Z",
            "severity": [{"type": "CVSS_V3", "score": severity}],
            "affected": [{"package": {"ecosystem": "PyPI", "name": package}, "versions": ["3.6", "0.28.1"]}],
        }
    )


@pytest.fixture
def objects(tmp_path):
    return open_objects(str(tmp_path / "objects"))


@pytest.fixture
def snapshot(tmp_path):
    def keep(*advisories):
        replace_file(tmp_path / "advisories.gz", packed({each.id: each for each in advisories}, made_at=NOW))

    keep(known("PYSEC-2026-1", "idna", CRITICAL), known("PYSEC-2026-2", "httpx", HIGH))
    return keep


@pytest.fixture
def advisor(tmp_path, objects):
    return SnapshotAdvisor(tmp_path / "advisories.gz", objects)


@pytest.fixture
def made(objects):
    return release(files={"sbom": Artifacts(objects).put(json.dumps(BILL).encode())})


@pytest.mark.usefixtures("snapshot")
def test_what_is_critical_is_told(advisor, made):
    assert set(advisor.critical(made)) == {"PYSEC-2026-1"}


def test_another_snapshot_is_read_once_it_lies_there(advisor, snapshot, made):
    before = advisor.snapshot()
    snapshot(known("PYSEC-2026-3", "httpx", CRITICAL))
    assert advisor.snapshot() != before
    assert set(advisor.critical(made)) == {"PYSEC-2026-3"}


def test_without_a_snapshot_nothing_is_said(advisor, made):
    assert advisor.snapshot() == ""
    assert list(advisor.critical(made)) == []


def test_a_file_that_is_no_snapshot_is_none(advisor, tmp_path, made):
    (tmp_path / "advisories.gz").write_bytes(b"no snapshot")
    assert advisor.snapshot() == ""
    assert list(advisor.critical(made)) == []


@pytest.mark.usefixtures("snapshot")
def test_of_a_release_without_a_bill_nothing_is_known(advisor):
    assert list(advisor.critical(release())) == []
