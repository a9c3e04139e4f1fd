"""`omega frameworks`."""

import pytest

OWN_CATALOG = """\
id: own
title: Our own
version: "1"
publisher: us
source: https://example.org/own
licence: ours
effective_from: "2026-01-01"
kind: rule
groups: {G: a group}
items:
  - {id: R1, group: G, summary: be kind}
  - {id: R2, group: G, summary: be clear}
"""
OWN_CONTROLS = """\
controls:
  - id: kindness
    title: people are kind
    owner: ciso
    severity: low
    frequency: day
    criteria: [own/R1]
    tests:
      - {id: kindness/looked, kind: inspection, title: a visit, every: year, stale_after: 400, instruction: visit}
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The directory that OMEGA_FRAMEWORKS names, empty."""
    for name in ("catalogs", "controls", "mappings", "texts"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("OMEGA_FRAMEWORKS", str(tmp_path))
    return tmp_path


@pytest.fixture
def own(place):
    """The same, with a catalog and a control."""
    (place / "catalogs/own.yaml").write_text(OWN_CATALOG)
    (place / "controls/own.yaml").write_text(OWN_CONTROLS)
    return place


def test_the_frameworks_are_listed(omega):
    ended = omega("frameworks", "list")

    assert (ended.code, ended.errors) == (0, "")
    assert any(line.split()[:2] == ["soc2", "61"] for line in ended.out.splitlines())


def test_they_are_listed_as_json(omega):
    [found] = [each for each in omega("frameworks", "list", "--json").json if each["id"] == "gdpr"]

    assert (found["items"], found["effective_from"]) == (45, "2018-05-25")
    assert "authorities" in found["scope"]


def test_the_items_of_one_are_shown_with_whose_words_they_are(omega):
    ended = omega("frameworks", "show", "eu-ai-act")

    assert ended.code == 0
    assert "licence: European Union law" in ended.out
    assert "to be checked: the dates of the Digital Omnibus" in ended.out
    assert any(line.startswith("Art.9 ") and "from 2027-12-02" in line for line in ended.out.splitlines())


def test_the_items_are_shown_as_json(omega):
    shown = omega("frameworks", "show", "eu-ai-act", "--json").json
    [found] = [each for each in shown["items"] if each["id"] == "Art.9"]

    assert (found["effective_from"], found["formerly"], found["unchecked"]) == ("2027-12-02", "2026-08-02", True)


def test_an_unknown_framework_is_refused_in_one_line(omega):
    ended = omega("frameworks", "show", "soc3")

    assert ended.code == 2
    assert ended.errors.startswith("omega: no framework `soc3`; there are ccpa, ")
    assert ended.errors.count("\n") == 1


@pytest.mark.parametrize("command", ["list", "controls", "coverage"])
def test_a_directory_with_a_file_that_is_no_catalog_is_refused(omega, place, command):
    (place / "catalogs/own.yaml").write_text("id: Own")
    ended = omega("frameworks", command)

    assert ended.code == 2
    assert ended.errors == "omega: own.yaml: `groups` is an object\n"


def test_licensed_text_stands_beside_our_summary(omega, place):
    (place / "texts/soc2.yaml").write_text("framework: soc2\ntexts: {CC6.1: the licensed words}\n")
    shown = omega("frameworks", "show", "soc2")
    found = omega("frameworks", "show", "soc2", "--json").json["items"]

    assert shown.out.endswith("\n\nCC6.1\nthe licensed words\n")
    assert {each["id"]: each["text"] for each in found if "text" in each} == {"CC6.1": "the licensed words"}


def test_licensed_text_of_another_framework_is_refused(omega, place):
    (place / "texts/hipaa.yaml").write_text("framework: soc2\ntexts: {}\n")
    ended = omega("frameworks", "show", "hipaa")

    assert (ended.code, ended.errors) == (2, "omega: hipaa.yaml: texts of `soc2`, and not of `hipaa`\n")


def test_the_coverage_of_every_framework_is_printed(omega):
    ended = omega("frameworks", "coverage")
    [row] = [line for line in ended.out.splitlines() if line.startswith("soc2")]

    assert ended.code == 0
    assert "61 (100 %)" in row
    assert "not known" in row


@pytest.mark.usefixtures("own")
def test_the_coverage_of_one_is_printed_by_group(omega):
    ended = omega("frameworks", "coverage", "--framework", "own")

    assert [" ".join(line.split()) for line in ended.out.splitlines()] == [
        "group items covered machine-tested fresh evidence title",
        "G 2 1 (50 %) 0 (0 %) not known a group",
        "all 2 1 (50 %) 0 (0 %) not known Our own",
    ]


@pytest.mark.usefixtures("own")
def test_coverage_is_printed_as_json(omega):
    counts = {"items": 2, "covered": 1, "machine": 0, "fresh": None}
    whole = {"framework": "own", **counts, "excluded": 0, "groups": {"G": counts}, "gaps": ["R2"]}

    assert whole in omega("frameworks", "coverage", "--json").json


@pytest.mark.usefixtures("own")
def test_gaps_are_listed_and_are_an_answer_of_no(omega):
    ended = omega("frameworks", "gaps", "--framework", "own")

    assert ended.code == 1
    assert ended.out.splitlines()[1].split() == ["own", "R2", "be", "clear"]
    assert omega("frameworks", "gaps", "--framework", "own", "--json").json == [
        {"framework": "own", "item": "R2", "summary": "be clear"}
    ]


def test_what_does_not_apply_is_no_gap(omega, own):
    said = "organisation: us\nframeworks:\n  own: [{item: R2, applicable: false, justification: nobody reads}]\n"
    (own / "organisation.yaml").write_text(said)
    gaps = omega("frameworks", "gaps", "--framework", "own")
    stated = omega("frameworks", "applicability", "--framework", "own", "--json").json
    nothing = said.replace("R2", "R1").replace("}]", "}, {item: R2, applicable: false, justification: none}]")
    (own / "organisation.yaml").write_text(nothing)
    empty = omega("frameworks", "coverage", "--framework", "own")

    assert (gaps.code, gaps.out) == (0, "no gap\n")
    assert stated["organisation"] == "us"
    assert [(each["item"], each["applicable"], each["controls"]) for each in stated["items"]] == [
        ("R1", True, ["kindness"]),
        ("R2", False, []),
    ]
    assert empty.out.splitlines()[-1].split() == ["all", "0", "0", "0", "not", "known", "Our", "own"]


def test_the_statement_of_applicability_is_printed(omega):
    ended = omega("frameworks", "applicability", "--framework", "iso27001")
    [row] = [line for line in ended.out.splitlines() if line.startswith("A.5.18 ")]

    assert row.split()[1] == "yes"
    assert "access-review" in row


def test_an_organisation_that_says_what_cannot_be_is_refused(omega, place):
    (place / "organisation.yaml").write_text("organisation: us\nframeworks: {soc3: []}\n")
    ended = omega("frameworks", "gaps")

    assert (ended.code, ended.errors) == (2, "omega: organisation.yaml: frameworks: no member `soc3`\n")


def test_controls_are_listed(omega):
    every = omega("frameworks", "controls")
    some = omega("frameworks", "controls", "--framework", "ccpa")
    [row] = [line for line in every.out.splitlines() if line.startswith("access-review ")]

    assert row.split()[1:5] == ["day", "security_officer", "machine,", "attestation"]
    assert 1 < len(some.out.splitlines()) < len(every.out.splitlines())


@pytest.mark.usefixtures("own")
def test_controls_are_listed_as_json(omega):
    [found] = omega("frameworks", "controls", "--framework", "own", "--json").json

    assert (found["id"], found["criteria"], found["rules"]) == ("kindness", ["own/R1"], [])
    assert found["tests"][0] == {
        "id": "kindness/looked",
        "kind": "inspection",
        "title": "a visit",
        "every": "year",
        "stale_after": 400,
        "instruction": "visit",
    }


def test_a_control_is_shown_with_its_criteria_rules_tests_and_what_they_relate_to(omega):
    ended = omega("frameworks", "control", "access-review")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]

    assert ended.code == 0
    assert any(line.startswith("iso27001/A.5.18 access rights are granted") for line in lines)
    assert any(line.startswith("rules: platform.keep_access/reviewed,") for line in lines)
    assert any(line.startswith("check each: body.result.failed lacks reviewed;") for line in lines)
    assert "by security_officer, countersigned by ciso" in lines
    assert any(line.startswith("soc2/CC6.2 intersects iso27001/A.5.16 ") for line in lines)


@pytest.mark.usefixtures("own")
def test_a_control_of_ones_own_is_shown(omega):
    ended = omega("frameworks", "control", "kindness")

    assert ended.out.endswith("\nkindness/looked\n  does   visit\n")
    assert omega("frameworks", "control", "kindness", "--json").json["related"] == []


def test_a_test_says_its_remedy(omega, own):
    seen = "kind: machine, title: t, every: day, stale_after: 2, population: {types: [search]}, check: {none: true}"
    with (own / "controls/own.yaml").open("a") as file:
        file.write(f"      - {{id: kindness/seen, {seen}, remediation: policies.heal}}\n")
    ended = omega("frameworks", "control", "kindness")

    assert ended.out.endswith("\n  remedy policies.heal\n")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("control", "charm"), "omega: no control `charm`; `omega frameworks controls` lists them\n"),
        (("coverage", "--framework", "soc3"), "omega: no framework `soc3`; there are ccpa, "),
        (("applicability", "--framework", "soc3"), "omega: no framework `soc3`; there are ccpa, "),
    ],
    ids=["no such control", "no such framework", "no such framework to state"],
)
def test_what_is_not_there_is_refused_in_one_line(omega, arguments, why):
    ended = omega("frameworks", *arguments)

    assert ended.code == 2
    assert ended.errors.startswith(why)
    assert ended.errors.count("\n") == 1


def test_controls_whose_criteria_no_catalog_has_are_refused(omega, own):
    (own / "catalogs/own.yaml").unlink()
    ended = omega("frameworks", "coverage")

    assert (ended.code, ended.errors.count("\n")) == (2, 1)
    assert "no framework `own`" in ended.errors
