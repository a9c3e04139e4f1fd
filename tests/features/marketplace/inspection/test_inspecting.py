"""A release is looked into as a whole: facts for policy, sentences for people."""

import json
from pathlib import Path

import pytest

from app.features.marketplace.inspection import inspecting
from app.features.marketplace.inspection.bom import parse_bom
from app.features.marketplace.inspection.errors import ArchiveError
from app.features.marketplace.inspection.finding import Finding, FindingClass
from app.features.marketplace.inspection.inspecting import Sent, bom_bytes, inspect
from app.features.marketplace.inspection.observed import Observed
from app.features.marketplace.inspection.scanning import Scan, Scanned
from app.features.marketplace.inspection.vex import Statement
from tests.features.marketplace.inspection.making import (
    FILES,
    NOW,
    advisories,
    advisory,
    bom,
    coverage,
    digest,
    manifest,
    zipped,
)

ARTIFACT = zipped()
GOOD = {Sent.SBOM: bom(ARTIFACT), Sent.COVERAGE: coverage([1] * 4 + [0], rate="0.8")}
CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
SCAN = Scan(rules={}, denied_licences=frozenset({"BSD-3-Clause"}))
LOOSE = Scan(rules={})


@pytest.fixture(autouse=True)
def looked(monkeypatch):
    """Have scanners find what a test says; they have tests of their own."""
    found = []
    seen = Observed(hosts={"api.example.com": "invoice_reader/agent.py"})
    monkeypatch.setattr(inspecting, "scanned", lambda _artifact, _scan: Scanned(findings=tuple(found), observed=seen))
    return found, seen


def look(artifact=ARTIFACT, files=GOOD, *, of=None, previous=None, known=(), **more):
    made = {"advisories": advisories(*known), "scan": LOOSE, "now": NOW}
    return inspect(artifact, files, of or manifest(), previous, **made | more)


def test_a_release_with_nothing_wrong_has_nothing_to_tell():
    found = look(known=[advisory(package="other")])
    assert found.missing() == []
    assert found.problems() == []
    assert found.digest == digest(ARTIFACT)
    assert found.facts() == {
        "sbom": {"format": "cyclonedx", "valid": True, "complete": True, "generated": False, "components": 2},
        "tests": {"coverage_percent": 80.0},
        "vulnerabilities": dict.fromkeys(("critical", "high", "medium", "low", "unknown", "unchecked", "lowered"), 0),
        "findings": dict.fromkeys((kind.value for kind in FindingClass), 0),
        "licences": {"unlicensed": 0, "unknown": 0, "denied": 0},
        "capabilities": {"undeclared": 0},
        "contract": {"breaking": 0},
        "training_data": {"provenance_declared": True},
        "privacy": {"gdpr_declared": True, "ccpa_declared": True},
        "documentation": {"complete": True},
        "advisories": {"age_days": 3},
    }


def test_what_is_missing_is_said():
    bare = manifest(
        documentation={"readme": "README.md", "changelog": "NEWS.md"},
        training_data={"trained": True, "sources": []},
        privacy={},
    )
    said = " ".join(look(files={}, of=bare).missing())
    for each in ("coverage", "bill of materials", "the changelog", "support", "limitations", "trained", "gdpr", "ccpa"):
        assert each in said


def test_vulnerabilities_are_counted_by_severity_and_unknown_stays_unknown():
    found = look(
        known=[advisory(severity=CRITICAL), advisory("B", package="httpx", affected=versions("httpx", "0.28.1"))]
    )
    counted = found.facts()["vulnerabilities"]
    assert (counted["critical"], counted["unknown"], counted["high"]) == (1, 1, 0)
    assert "idna 3.7 has PYSEC-2026-1 (severity: critical); mended in 3.8." in found.problems()
    assert "httpx 0.28.1 has B (severity: unknown)." in found.problems()


def versions(name, *listed):
    return [{"package": {"ecosystem": "PyPI", "name": name}, "versions": list(listed)}]


def test_a_statement_lowers_a_vulnerability_and_stays_with_it():
    said = Statement(vulnerability="PYSEC-2026-1", products=frozenset(), who="s@example.com", why="x", until=NOW + 1)
    found = look(known=[advisory(severity=CRITICAL)], vex=[said])
    assert (found.facts()["vulnerabilities"]["critical"], found.facts()["vulnerabilities"]["lowered"]) == (0, 1)
    assert found.vulnerabilities[0][1] is said
    assert found.open() == ()


def test_a_dependency_that_the_bill_leaves_out_is_looked_up_all_the_same():
    found = look(files=GOOD | {Sent.SBOM: bom(ARTIFACT, [("httpx", "0.28.1")])}, known=[advisory(severity=CRITICAL)])
    assert found.facts()["vulnerabilities"]["critical"] == 1
    assert found.facts()["sbom"]["complete"] is False


def test_components_that_no_advisory_could_be_about_are_counted():
    part = {"type": "library", "name": "left-pad", "version": "1.0.0", "purl": "pkg:npm/left-pad@1.0.0"}
    listed = json.loads(bom(ARTIFACT))["components"]
    found = look(files={Sent.SBOM: bom(ARTIFACT, components=[*listed, part])}, known=[advisory(package="other")])
    assert found.facts()["vulnerabilities"]["unchecked"] == 1
    assert found.unchecked[0].name == "left-pad"


def test_licences_are_held_against_policy_data():
    assert look(scan=SCAN).facts()["licences"]["denied"] == 2
    assert "A licence that is not permitted is stated of httpx, idna." in look(scan=SCAN).problems()
    bare = look(files={})
    assert bare.facts()["licences"]["unlicensed"] == 2
    assert look(of=manifest(licence="Proprietary-Foo")).facts()["licences"]["unknown"] == 1


def test_a_licence_in_the_artifact_itself_counts():
    inner = b"Metadata-Version: 2.4\nName: idna\nVersion: 3.7\nLicense-Expression: BSD-3-Clause\n"
    artifact = zipped(FILES | {"idna-3.7.dist-info/METADATA": inner})
    assert look(artifact, {}).licences.unlicensed == ("httpx",)


def test_findings_are_counted_by_class_and_told(looked):
    looked[0].append(
        Finding(
            kind=FindingClass.PROMPT_INJECTION,
            source="yara",
            rule="overrides_instructions",
            severity="high",
            path="a.md",
            line=2,
            title="text that wants earlier instructions forgotten",
        )
    )
    found = look()
    assert found.facts()["findings"]["prompt_injection"] == 1
    assert "in `a.md`, line 2 (prompt_injection, yara: overrides_instructions)" in found.problems()[0]


def test_what_is_used_and_not_declared_is_counted_and_told(looked):
    looked[1].hosts["drop.example.net"] = "a.py"
    looked[1].programs["subprocess"] = "a.py"
    found = look()
    assert found.facts()["capabilities"]["undeclared"] == 2
    assert "Not declared: `a.py` names the host `drop.example.net`." in found.problems()


@pytest.mark.parametrize(("hits", "percent"), [([1] * 7_999 + [0] * 2_001, 79.99), ([1] * 8_000 + [0] * 2_000, 80.0)])
def test_a_header_that_lies_is_told_and_changes_no_fact(hits, percent):
    found = look(files=GOOD | {Sent.COVERAGE: coverage(hits, rate="0.99")})
    assert found.facts()["tests"]["coverage_percent"] == percent
    assert found.problems() == [f"The report states 99.0 % of itself; its lines give {percent} %."]


def test_a_report_that_cannot_be_read_is_no_coverage():
    found = look(files=GOOD | {Sent.COVERAGE: b"<html>"})
    assert found.facts()["tests"]["coverage_percent"] == 0
    assert "cannot be used" in found.problems()[0]


def test_what_breaks_since_the_release_before_is_counted():
    found = look(previous=manifest(capabilities__hosts=[]))
    assert found.facts()["contract"]["breaking"] == 1
    assert found.problems() == ["It asks for a new host: `api.example.com`."]


def test_many_problems_of_one_kind_are_cut():
    known = [advisory(f"X-{number}") for number in range(25)]
    assert look(known=known).problems()[-1] == "There are 5 more of these."


def test_the_bill_that_is_kept_is_the_one_that_came_or_was_made():
    assert json.loads(bom_bytes(look())) == json.loads(GOOD[Sent.SBOM])
    assert parse_bom(bom_bytes(look(files={}))).subject == digest(ARTIFACT)


def test_an_artifact_that_cannot_be_opened_safely_is_refused():
    with pytest.raises(ArchiveError):
        look(zipped({"../evil.py": b""}))


def test_a_lock_file_may_come_beside_the_artifact():
    bare = zipped({name: data for name, data in FILES.items() if name != "requirements.txt"})
    assert {each.name for each in look(bare, {Sent.LOCK: FILES["requirements.txt"]}).bom.components} == {
        "httpx",
        "idna",
    }
    toml = b'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "h11"\nversion = "0.16"\n'
    assert {each.name for each in look(bare, {Sent.LOCK: toml}).bom.components} == {"h11"}
    poetry = b'# @generated by Poetry\n[[package]]\nname = "attrs"\nversion = "26.1"\n'
    assert {each.name for each in look(bare, {Sent.LOCK: poetry}).bom.components} == {"attrs"}


def test_the_docs_name_every_class_of_finding():
    page = Path(__file__).parents[4].joinpath("docs/marketplace.md").read_text("utf-8")
    assert [kind for kind in FindingClass if f"`{kind}`" not in page] == []
