"""The catalogs are complete, and a file that is none is refused by name."""

import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.bundle import load as load_bundle
from app.pdp.metadata import parse_rules
from frameworks import catalog
from frameworks.errors import CatalogError, FrameworksError

SHIPPED = catalog.load()

GOOD = """\
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
"""


@pytest.mark.parametrize(
    ("framework", "items"),
    [("soc2", 61), ("iso27001", 123), ("pci-dss", 250), ("nist-ai-rmf", 72), ("hipaa", 66), ("gdpr", 45)],
)
def test_a_catalog_has_every_item(framework, items):
    assert len(SHIPPED[framework].items) == items


@pytest.mark.parametrize(
    ("framework", "wanted"),
    [
        (
            "soc2",
            {"CC1": 5, "CC2": 3, "CC3": 4, "CC4": 2, "CC5": 3, "CC6": 8, "CC7": 5, "CC8": 1, "CC9": 2}
            | {"A1": 3, "C1": 2, "PI1": 5}
            | {"P1": 1, "P2": 1, "P3": 2, "P4": 3, "P5": 2, "P6": 7, "P7": 1, "P8": 1},
        ),
        (
            "iso27001",
            {"A.5": 37, "A.6": 8, "A.7": 14, "A.8": 34} | {"4": 4, "5": 3, "6": 5, "7": 7, "8": 3, "9": 6, "10": 2},
        ),
        (
            "pci-dss",
            dict(zip(map(str, range(1, 13)), [19, 11, 29, 6, 13, 19, 12, 29, 27, 27, 21, 37], strict=True)),
        ),
    ],
)
def test_each_group_has_as_many_items_as_the_framework_gives_it(framework, wanted):
    assert Counter(each.group for each in SHIPPED[framework].items.values()) == wanted


def test_the_security_rule_has_its_standards_and_specifications():
    kinds = Counter(
        each.kind for each in SHIPPED["hipaa"].items.values() if each.group in {"164.308", "164.310", "164.312"}
    )
    standards = [each for each in SHIPPED["hipaa"].items.values() if each.kind == "standard"]

    assert (kinds["required"], kinds["addressable"], len(standards)) == (14, 22, 22)


def test_what_is_proposed_is_a_profile_and_not_an_item():
    assert SHIPPED["hipaa"].profiles["nprm-2025"].status == "proposed"


def test_dates_that_nobody_compared_with_the_official_journal_say_so():
    act = SHIPPED["eu-ai-act"]
    moved = [each for each in act.items.values() if each.formerly]

    assert moved
    assert all(each.unchecked for each in moved)
    assert act.check
    assert not act.items["Art.9"].binds(date(2026, 11, 23))
    assert act.items["Art.5"].binds(date(2026, 11, 23))


@pytest.mark.parametrize("framework", SHIPPED.values(), ids=lambda each: each.id)
def test_no_group_is_empty(framework):
    assert {each.group for each in framework.items.values()} == framework.groups.keys()


def test_every_control_that_a_shipped_rule_names_is_in_a_catalog():
    bundle = load_bundle(Path("policies"), "test")
    named = {
        control
        for file, source in bundle.modules.items()
        for rule in parse_rules(file, source).values()
        for control in rule.controls
    }

    assert named
    assert {each for each in named if each.split("/")[1] not in SHIPPED[each.split("/")[0]].items} == set()


def test_a_framework_of_ones_own_is_one_file_more(tmp_path):
    (tmp_path / "own.yaml").write_text(GOOD)

    assert catalog.load(tmp_path)["own"].items["R1"].summary == "be kind"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("id: own", "id: Own"), "own.yaml: `id` has not its form"),
        (("title: Our own\n", ""), "own.yaml: `title` is a line of text, at most 400 characters"),
        (("https:", "http:"), "own.yaml: `source` has not its form"),
        (("2026-01-01", "2026-02-30"), "own.yaml: `effective_from` is no day"),
        (("{G: a group}", "[]"), "own.yaml: `groups` is an object"),
        (("group: G", "group: H"), "own.yaml: items `R1`: no group `H`"),
        (("summary: be kind", "text: be kind"), "own.yaml: items: no member `text`"),
        (("{id: R1, group: G, summary: be kind}", "5"), "own.yaml: items: an object is wanted"),
        (("be kind}", "be kind, check: 1}"), "own.yaml: items `R1`: `check` is true or left out"),
        (("items:\n", "things:\n"), "own.yaml: no member `things`"),
        (("  - {id: R1, group: G, summary: be kind}\n", ""), "own.yaml: `items` is a list of 1 to 2000 entries"),
        (("items:\n", "items:\n  - {id: R1, group: G, summary: again}\n"), "own.yaml: `R1` stands twice"),
        (("id: own", "id: own\nid: own"), "own.yaml:2:1: this name stands twice"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_what_is_no_catalog_is_refused_by_name(change, why):
    with pytest.raises(CatalogError) as refused:
        catalog.parse("own.yaml", GOOD.replace(*change))

    assert str(refused.value) == why


def test_two_files_with_one_id_are_refused(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)

    with pytest.raises(CatalogError, match=r"b\.yaml: another file has the id `own`"):
        catalog.load(tmp_path)


@pytest.mark.parametrize(
    ("data", "why"), [(b"\xff", "no UTF-8"), (b"#" * ((1 << 20) + 1), "more than")], ids=["bytes", "size"]
)
def test_a_file_that_is_no_text_is_refused(tmp_path, data, why):
    (tmp_path / "a.yaml").write_bytes(data)

    with pytest.raises(CatalogError, match=why):
        catalog.load(tmp_path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "a.yaml").mkdir()

    with pytest.raises(CatalogError, match="Is a directory"):
        catalog.load(tmp_path)


def test_profiles_are_read():
    text = GOOD + (
        "profiles:\n  - {id: p, title: t, status: adopted, source: 'https://example.org', summary: s, required: all}\n"
    )

    assert catalog.parse("own.yaml", text).profiles["p"].status == "adopted"


@given(st.text(max_size=200) | st.text(max_size=20).map(lambda each: GOOD.replace("be kind", each)))
def test_a_text_is_a_catalog_or_is_refused(text):
    with suppress(FrameworksError):
        catalog.parse("own.yaml", text)


def test_the_package_is_importable_alone():
    code = "import sys, frameworks.catalog; print([n for n in sys.modules if n.split('.')[0] in {'app', 'evidence'}])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"
