"""The three numbers of each framework are those that are published, and count what they say."""

import json
from pathlib import Path

import pytest

from frameworks import catalog, control
from frameworks.applicability import Organisation, Stated
from frameworks.coverage import coverage
from frameworks.results import Outcome

CATALOGS = catalog.load()
CONTROLS = control.load()
EXPECTED = json.loads((Path(__file__).parent / "coverage.json").read_text())

CATALOG = """\
id: own
title: Our own
version: "1"
publisher: us
source: https://example.org/own
licence: ours
effective_from: "2026-01-01"
kind: rule
groups: {G: a group, H: another}
items:
  - {id: R1, group: G, summary: be kind}
  - {id: R2, group: G, summary: be clear}
  - {id: R3, group: H, summary: be brief}
  - {id: R4, group: H, summary: be there}
"""
STATED = "kind: attestation, title: t, every: quarter, stale_after: 100, role: ciso, statement: s"
SEEN = "kind: machine, title: t, every: day, stale_after: 2, population: {types: [search]}, check: {none: true}"
LOOKED = "kind: inspection, title: t, every: year, stale_after: 400, instruction: look"
CONTROL = (
    "  - {{id: {id}, title: t, owner: ciso, severity: low, frequency: day, criteria: [{criteria}], tests: [{tests}]}}\n"
)


@pytest.fixture(scope="module")
def own():
    return catalog.parse("own.yaml", CATALOG)


@pytest.fixture(scope="module")
def controls():
    rows = [
        ("a", "own/R1, own/R2", [f"{{id: a/seen, {SEEN}}}", f"{{id: a/looked, {LOOKED}}}"]),
        ("b", "own/R2, soc2/CC1.1", [f"{{id: b/stated, {STATED}}}"]),
        ("c", "own/R3", [f"{{id: c/looked, {LOOKED}}}"]),
    ]
    text = "controls:\n" + "".join(
        CONTROL.format(id=name, criteria=criteria, tests=", ".join(tests)) for name, criteria, tests in rows
    )
    return control.parse("own.yaml", text)


@pytest.mark.parametrize("framework", CATALOGS)
def test_the_published_table_is_what_the_files_come_to(framework):
    found = coverage(CATALOGS[framework], CONTROLS.values())
    numbers = {"items": found.total.items, "covered": found.total.covered, "machine": found.total.machine}

    assert numbers | {"gaps": [each.id for each in found.gaps]} == EXPECTED[framework]


def test_the_table_has_every_framework():
    assert EXPECTED.keys() == CATALOGS.keys()


def test_every_criterion_of_soc_2_has_a_control_and_most_common_criteria_a_machine_test():
    found = coverage(CATALOGS["soc2"], CONTROLS.values())
    common = [each for name, each in found.groups.items() if name.startswith("CC")]

    assert (found.total.covered, found.total.items) == (61, 61)
    assert sum(each.items for each in common) == 33
    assert sum(each.machine for each in common) >= 0.7 * 33


def test_the_page_shows_the_table():
    page = Path("docs/frameworks.md").read_text()

    for framework, found in EXPECTED.items():
        shares = [f"{found[name]} ({100 * found[name] // found['items']} %)" for name in ("covered", "machine")]
        assert f"| `{framework}` | {found['items']} | {' | '.join(shares)} |" in page


def test_covered_machine_tested_and_gaps_are_counted(own, controls):
    found = coverage(own, controls)

    assert (found.total.items, found.total.covered, found.total.machine, found.total.fresh) == (4, 3, 2, None)
    assert (found.groups["H"].items, found.groups["H"].covered, found.groups["H"].machine) == (2, 1, 0)
    assert [each.id for each in found.gaps] == ["R4"]


@pytest.mark.parametrize(
    ("outcomes", "fresh"),
    [
        ({}, 0),
        ({"a/seen": Outcome.EFFECTIVE}, 2),
        ({"a/seen": Outcome.DEVIATIONS}, 2),
        ({"a/seen": Outcome.DID_NOT_OCCUR}, 2),
        ({"a/seen": Outcome.STALE}, 0),
        ({"a/seen": Outcome.STALE, "b/stated": Outcome.EFFECTIVE}, 1),
        ({"a/looked": Outcome.EFFECTIVE}, 0),
        ({"c/looked": Outcome.EFFECTIVE}, 1),
        ({"c/looked": Outcome.NOT_TESTED}, 0),
    ],
    ids=[
        "no result",
        "a result",
        "a deviation is evidence",
        "nothing happened is evidence",
        "too old",
        "another control of the item is fresh",
        "an inspection does not stand for the machine",
        "an inspection where there is nothing else",
        "an inspection that was not made",
    ],
)
def test_evidence_is_fresh_where_a_control_has_all_of_it(own, controls, outcomes, fresh):
    assert coverage(own, controls, outcomes).total.fresh == fresh


def test_what_does_not_apply_is_not_counted(own, controls):
    stated = {"own": {"R4": Stated(applicable=False, justification="nobody is there")}}
    found = coverage(own, controls, organisation=Organisation(name="us", stated=stated))

    assert (found.total.items, found.excluded, found.gaps) == (3, 1, ())
