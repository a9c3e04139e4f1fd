"""A statement lowers what it names, for its reason, until its time."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.inspection.bom import Component
from app.features.marketplace.inspection.errors import VexError
from app.features.marketplace.inspection.vex import LONGEST, lowering, parse_vex
from tests.features.marketplace.inspection.making import NOW, advisories, advisory

MADE = "2026-09-01T00:00:00Z"
IDNA = Component(ecosystem="PyPI", name="idna", version="3.7", purl="pkg:pypi/idna@3.7")
FOUND = advisories(advisory(aliases=["CVE-2026-1"])).of(IDNA)[0]


def open_vex(**changed):
    stated = {
        "vulnerability": {"name": "CVE-2026-1"},
        "products": [{"@id": "pkg:generic/agent", "subcomponents": [{"@id": "pkg:pypi/idna@3.7"}]}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        "impact_statement": "no names come from outside",
    }
    return {"@context": "https://openvex.dev/ns/v0.2.0", "statements": [stated | changed]}


def cyclone(**changed):
    analysis = {"state": "not_affected", "justification": "code_not_reachable", "lastUpdated": MADE}
    stated = {"id": "CVE-2026-1", "analysis": analysis | changed, "affects": [{"ref": "urn:cdx:x/1#pkg:pypi/idna@3.7"}]}
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": [stated]}


def read(document):
    return parse_vex(json.dumps(document).encode(), signer="security@example.com", at=NOW)


def test_a_statement_lowers_what_it_names_and_says_who_why_and_until():
    for document in (open_vex(), cyclone()):
        lowered = lowering(FOUND, read(document), NOW)
        assert lowered.who == "security@example.com"
        assert lowered.document()["until"] == lowered.until
    assert (
        lowering(FOUND, read(open_vex()), NOW).why == "vulnerable_code_not_in_execute_path: no names come from outside"
    )


def test_it_counts_until_its_time_and_no_longer():
    stated = read(open_vex())
    assert stated[0].until == NOW + LONGEST
    assert lowering(FOUND, stated, NOW + LONGEST - 1)
    assert lowering(FOUND, stated, NOW + LONGEST) is None
    assert read(cyclone())[0].until == 1_788_220_800 + LONGEST
    assert read(cyclone(lastUpdated="2099-01-01T00:00:00Z"))[0].until == NOW + LONGEST


@pytest.mark.parametrize(
    "document",
    [
        open_vex(status="under_investigation"),
        open_vex(status="affected"),
        open_vex(status="fixed"),
        open_vex(justification="trust me"),
        open_vex(justification=""),
        open_vex(vulnerability={"name": "CVE-2026-2"}),
        open_vex(products=[{"@id": "x", "subcomponents": [{"@id": "pkg:pypi/other@1"}]}]),
        cyclone(state="resolved"),
        cyclone(justification="because"),
    ],
)
def test_what_says_something_else_lowers_nothing(document):
    assert lowering(FOUND, read(document), NOW) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"bomFormat": "CycloneDX"},
        {"bomFormat": "CycloneDX", "vulnerabilities": [1]},
        {"@context": "https://openvex.dev/ns/v0.2.0"},
        open_vex(vulnerability=3),
        open_vex(timestamp="yesterday"),
        open_vex(products=3),
        cyclone(lastUpdated=3),
    ],
)
def test_what_is_no_statement_is_refused(document):
    with pytest.raises(VexError):
        read(document)


@given(st.binary(max_size=60))
def test_bytes_leak_no_other_error(data):
    with pytest.raises(VexError):
        parse_vex(data, signer="x", at=NOW)
