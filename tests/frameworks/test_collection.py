"""What is shipped and what is one's own, read together."""

import pytest

from frameworks import collection
from frameworks.errors import FrameworksError

CATALOG = """
id: house-rules
title: Our house rules
version: "3"
publisher: Example Ltd
source: https://example.org/house-rules
licence: ours
effective_from: "2026-01-01"
kind: rule
groups: {G1: releases}
items:
  - {id: R1, group: G1, summary: two persons agree before a release}
  - {id: R2, group: G1, summary: a release can be built again}
"""
CONTROL = """
controls:
  - id: two-persons
    title: two persons agree
    owner: ciso
    severity: high
    frequency: event
    criteria: [house-rules/R1, soc2/CC8.1]
    tests:
      - {id: two-persons/agreed, kind: inspection, title: releases, every: year, stale_after: 400, instruction: look}
"""
MAPPING = """
from: house-rules
to: soc2
source: our own comparison
relations:
  - {from: R1, to: CC8.1, relation: subset, rationale: a release is a change}
"""
TEXTS = """
framework: house-rules
texts: {R1: "No release without two persons."}
"""
ORGANISATION = """
organisation: Example Ltd
frameworks:
  house-rules:
    - {item: R2, applicable: false, justification: nothing is built}
"""
FILES = {
    "catalogs/house-rules.yaml": CATALOG,
    "controls/releases.yaml": CONTROL,
    "mappings/house-rules--soc2.yaml": MAPPING,
    "texts/house-rules.yaml": TEXTS,
    "organisation.yaml": ORGANISATION,
}


def written(directory, **change):
    for name, text in (FILES | change).items():
        if text is not None:
            path = directory / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    return directory


def test_what_is_ones_own_stands_beside_what_is_shipped(tmp_path):
    ours, found = collection.shipped(), collection.load(written(tmp_path))
    assert list(found.catalogs) == [*ours.catalogs, "house-rules"]
    assert found.controls.keys() - ours.controls.keys() == {"two-persons"}
    assert found.crosswalks.keys() - ours.crosswalks.keys() == {"house-rules--soc2"}
    assert found.texts == {"house-rules": {"R1": "No release without two persons."}}
    assert found.organisation.name == "Example Ltd"
    assert found.criteria["house-rules"] == ("house-rules/R1",)
    assert len(found.criteria["soc2"]) == 61


def test_without_a_directory_there_is_what_is_shipped(tmp_path):
    assert collection.load() is collection.shipped()
    assert collection.load(tmp_path) == collection.shipped()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"catalogs/house-rules.yaml": CATALOG.replace("house-rules", "soc2", 1)},
            "`soc2` is shipped; what is your own",
        ),
        (
            {"controls/releases.yaml": CONTROL.replace("two-persons", "access-review")},
            "`access-review` is shipped; what",
        ),
        ({"controls/releases.yaml": CONTROL.replace("R1", "R9")}, "releases.yaml: `two-persons`: `house-rules` has no"),
        ({"texts/soc9.yaml": TEXTS}, "soc9.yaml: the name of a file of texts is that of its framework"),
        ({"texts/house-rules.yaml": "nothing"}, "house-rules.yaml: an object is wanted"),
        ({"organisation.yaml": "[]"}, "organisation.yaml: an object is wanted"),
        ({"mappings/other.yaml": MAPPING}, "other.yaml: the name of a mapping of these frameworks is"),
    ],
    ids=[
        "a shipped framework",
        "a shipped control",
        "no such item",
        "no such text",
        "no texts",
        "no statement",
        "a name",
    ],
)
def test_what_is_not_as_its_place_says_is_refused(tmp_path, change, message):
    with pytest.raises(FrameworksError) as caught:
        collection.load(written(tmp_path, **change))
    assert str(caught.value).startswith(message)


def test_a_directory_that_is_none(tmp_path):
    with pytest.raises(FrameworksError, match="`nowhere` is no directory"):
        collection.load(tmp_path / "nowhere")
