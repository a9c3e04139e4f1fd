"""Advisories concern what their list names or a range contains, in one file whose age is known."""

import gzip
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.inspection.advisories import Advisories, packed, replace_file
from app.features.marketplace.inspection.advisory import advisory_of
from app.features.marketplace.inspection.advisory_export import load_export
from app.features.marketplace.inspection.bom import Component
from app.features.marketplace.inspection.errors import AdvisoryError
from app.features.marketplace.inspection.severity import Severity, severity_of
from tests.features.marketplace.inspection.making import NOW, advisories, advisory

PYPI = frozenset({"PyPI"})
V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"  # 9.8
V2 = "AV:N/AC:L/Au:N/C:P/I:P/A:P"  # 7.5
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N"  # 6.9


def part(events=(), versions=(), ecosystem="PyPI", name="idna", kind="ECOSYSTEM"):
    ranges = [{"type": kind, "events": [dict([each]) for each in events]}] if events else []
    return {"package": {"ecosystem": ecosystem, "name": name}, "versions": list(versions), "ranges": ranges}


def component(version, name="idna", ecosystem="PyPI"):
    return Component(ecosystem=ecosystem, name=name, version=version)


def hit(version, affected):
    found = advisories(advisory(affected=[affected])).of(component(version, ecosystem=affected["package"]["ecosystem"]))
    return [each.id for each in found] == ["PYSEC-2026-1"]


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ([("introduced", "0"), ("fixed", "3.7")], ["0.1", "3.6.9", "3.7rc1"], ["3.7", "3.7.post1", "4"]),
        (
            [("introduced", "2"), ("fixed", "2.5"), ("introduced", "3"), ("fixed", "3.1")],
            ["2", "2.4", "3.0"],
            ["1.9", "2.5", "2.9", "3.1"],
        ),
        ([("introduced", "1.0"), ("last_affected", "2.0")], ["1", "2.0", "2"], ["0.9", "2.0.1"]),
        ([("introduced", "0")], ["0", "99"], []),
        ([("fixed", "2"), ("introduced", "1")], ["1"], ["0.9", "2"]),
        ([("introduced", "0"), ("limit", "2")], ["1"], ["2"]),
        ([("introduced", "0"), ("limit", "*")], ["1"], []),
    ],
)
def test_a_range_contains_what_lies_between_its_events(events, inside, outside):
    assert all(hit(version, part(events)) for version in inside)
    assert not any(hit(version, part(events)) for version in outside)


def test_the_list_of_versions_says_it_too():
    affected = part([("introduced", "2"), ("fixed", "3")], versions=["1.0"])
    assert hit("1.0", affected)
    assert hit("1", affected)
    assert not hit("1.1", affected)


def test_what_cannot_be_compared_counts_as_concerned():
    assert hit("not a version", part([("introduced", "0"), ("fixed", "1")]))
    assert hit("5", part([("introduced", "0"), ("fixed", "who knows")]))
    assert not hit("", part([("introduced", "0")]))


def test_ranges_of_commits_say_nothing():
    assert not hit("1", part([("introduced", "0")], kind="GIT"))


def test_other_ecosystems_compare_by_semantic_versions():
    affected = part([("introduced", "0"), ("fixed", "1.10.0")], ecosystem="npm")
    assert hit("1.9.0", affected)
    assert not hit("1.10.0", affected)
    assert not hit("v1.10.1", affected)


def test_advisories_of_one_vulnerability_count_once_with_the_worst_known_severity():
    found = advisories(
        advisory("GHSA-1", aliases=["CVE-1"], severity=[{"type": "CVSS_V3", "score": V3}]),
        advisory("PYSEC-1", aliases=["CVE-1"]),
        advisory("PYSEC-2"),
        advisory("OTHER-1", package="other"),
    ).of(component("3.7"))
    assert [(each.id, each.severity) for each in found] == [("GHSA-1", "critical"), ("PYSEC-2", "unknown")]
    assert found[0].ids == ("CVE-1", "GHSA-1", "PYSEC-1")
    assert found[0].fixed == ("3.8",)


@pytest.mark.parametrize(
    ("stated", "severity"),
    [
        ([], Severity.UNKNOWN),
        ([{"type": "CVSS_V3", "score": V3}], Severity.CRITICAL),
        ([{"type": "CVSS_V2", "score": V2}], Severity.HIGH),
        ([{"type": "CVSS_V4", "score": V4}], Severity.MEDIUM),
        ([{"type": "CVSS_V3", "score": V3.replace("C:H/I:H/A:H", "C:N/I:N/A:N")}], Severity.NONE),
        ([{"type": "CVSS_V3", "score": V2}, {"type": "CVSS_V2", "score": V2}], Severity.HIGH),
        ([{"type": "CVSS_V3", "score": "9.8"}], Severity.UNKNOWN),
        ([{"type": "Ubuntu", "score": "high"}], Severity.UNKNOWN),
        (["high"], Severity.UNKNOWN),
        ([{"type": "CVSS_V3", "score": "C" * 9_999}], Severity.UNKNOWN),
    ],
)
def test_a_severity_is_the_rating_of_a_score_or_unknown(stated, severity):
    assert severity_of(stated) is severity


def kept(*stated):
    return {each["id"]: advisory_of(each) for each in stated}


def test_a_snapshot_gives_back_what_was_packed():
    stated = [
        advisory(severity=[{"type": "CVSS_V3", "score": V3}], aliases=["CVE-1"], summary="x" * 999),
        advisory("B"),
    ]
    data = packed(kept(*stated), made_at=NOW)
    read = Advisories.parse(data)
    assert (read.count, read.made_at, read.newest) == (2, NOW, 1_785_542_400)
    assert read.age_days(1_785_542_400 + 3 * 86_400 + 5) == 3
    assert {(each.id, each.severity) for each in read.of(component("3.7"))} == {
        ("PYSEC-2026-1", "critical"),
        ("B", "unknown"),
    }
    assert packed(kept(*reversed(stated)), made_at=NOW) == data


def test_a_component_of_an_ecosystem_without_advisories_is_not_covered():
    found = advisories(advisory())
    assert found.covers(component("3.7", "harmless"))
    assert not found.covers(component("", "idna"))
    assert not found.covers(component("1.0.0", "left-pad", "npm"))


HEAD = {"format": "omega-advisories-1", "made_at": 1, "newest": 1, "count": 1}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [{}],
        [HEAD],
        [HEAD | {"format": "other"}, advisory()],
        [HEAD | {"count": 2}, advisory()],
        [HEAD, {"id": "x"}],
        [HEAD, advisory() | {"id": "<script>"}],
        [HEAD, [1]],
    ],
)
def test_what_is_no_snapshot_is_refused(lines):
    with pytest.raises(AdvisoryError):
        Advisories.parse(gzip.compress("\n".join(map(json.dumps, lines)).encode()))


def test_a_snapshot_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr("app.features.marketplace.inspection.advisories.MAX_UNPACKED", 100)
    with pytest.raises(AdvisoryError) as refused:
        Advisories.parse(packed(kept(advisory()), made_at=NOW))
    assert refused.value.code == "too_large"


@given(st.binary(max_size=60))
def test_bytes_leak_no_other_error(data):
    for each in (data, gzip.compress(data)):
        with pytest.raises(AdvisoryError):
            Advisories.parse(each)


def test_no_snapshot_is_an_error_that_says_how_to_get_one(tmp_path):
    with pytest.raises(AdvisoryError, match="omega market advisories update"):
        Advisories.load(tmp_path / "none")


def test_a_file_is_replaced_whole(tmp_path):
    replace_file(tmp_path / "a" / "snapshot", b"1")
    replace_file(tmp_path / "a" / "snapshot", b"2")
    assert [each.read_bytes() for each in (tmp_path / "a").iterdir()] == [b"2"]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AdvisoryError):
        replace_file(tmp_path / "file" / "snapshot", b"1")


YAML = """id: PYSEC-2026-9
modified: 2026-08-01T00:00:00Z
affected:
- package: {ecosystem: PyPI, name: Idna}
  versions: ["1.0"]
"""


@pytest.fixture
def exported(tmp_path):
    """An export as a directory, made for tests."""
    (tmp_path / "vulns" / "idna").mkdir(parents=True)
    (tmp_path / "vulns" / "idna" / "one.yaml").write_text(YAML)
    (tmp_path / "vulns" / "two.json").write_text(json.dumps(advisory()))
    (tmp_path / "three.json").write_text(json.dumps(advisory("GONE", withdrawn="2026-01-01T00:00:00Z")))
    (tmp_path / "four.json").write_text(
        json.dumps(advisory("NPM", affected=[part([("introduced", "0")], ecosystem="npm")]))
    )
    (tmp_path / "README.md").write_text("no advisory")
    return tmp_path


def test_an_export_is_a_directory_a_zip_or_a_file(exported, tmp_path_factory):
    expected = {"PYSEC-2026-9", "PYSEC-2026-1"}
    assert load_export(exported, PYPI).keys() == expected
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        for each in exported.rglob("*.*"):
            opened.write(each, each.relative_to(exported))
    path = tmp_path_factory.mktemp("zip") / "all.zip"
    path.write_bytes(made.getvalue())
    assert load_export(path, PYPI).keys() == expected
    assert load_export(exported / "vulns" / "two.json", PYPI).keys() == {"PYSEC-2026-1"}
    assert load_export(exported, frozenset({"npm"})).keys() == {"NPM"}


def test_of_two_with_one_id_the_newer_is_taken(exported):
    (exported / "zz.json").write_text(json.dumps(advisory(modified="2026-09-01T00:00:00Z", summary="newer")))
    (exported / "zzz.json").write_text(json.dumps(advisory(modified="2026-08-15T00:00:00Z", summary="between")))
    assert load_export(exported, PYPI)["PYSEC-2026-1"].summary == "newer"


@pytest.mark.parametrize("text", ["", "[]", "a: &b [1]\nc: *b\n", "{", "id: 1", "!!python/object:os.system {}"])
def test_a_file_that_is_no_advisory_is_named(exported, text):
    (exported / "bad.yaml").write_text(text)
    with pytest.raises(AdvisoryError, match=r"bad\.yaml"):
        load_export(exported, PYPI)


def test_what_cannot_be_read_or_holds_nothing_is_refused(exported, monkeypatch):
    with pytest.raises(AdvisoryError):
        load_export(exported / "none", PYPI)
    with pytest.raises(AdvisoryError):
        load_export(exported, frozenset({"Go"}))
    monkeypatch.setattr("app.features.marketplace.inspection.advisory_export.MAX_FILE", 10)
    with pytest.raises(AdvisoryError) as refused:
        load_export(exported, PYPI)
    assert refused.value.code == "too_large"
