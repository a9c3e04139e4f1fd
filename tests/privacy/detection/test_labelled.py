"""The floors of what is found; the held-out part shares neither templates nor names with the other."""

import pytest

from app.privacy.detection import names
from tests.privacy.detection import labelled
from tests.privacy.detection.labelled_scores import scored


def test_the_sets_are_large_enough_and_a_third_is_held_out():
    sizes = {part: sum(len(each.spans) for each in labelled.examples(part)) for part in labelled.ROUNDS}
    assert sum(sizes.values()) >= 2_000
    assert sizes["held_out"] * 3 >= sum(sizes.values()) * 0.99


def test_the_parts_share_no_name_and_no_template():
    given = {part: labelled.given(part) for part in labelled.ROUNDS}
    words = {
        part: {word for by_locale in each["names"].values() for list_ in by_locale.values() for word in list_}
        for part, each in given.items()
    }
    assert not words["tuning"] & words["held_out"]
    templates = {part: {str(one["template"]) for one in each["templates"]} for part, each in given.items()}
    assert not templates["tuning"] & templates["held_out"]


def test_every_span_lies_in_its_text():
    for example in labelled.examples("held_out"):
        for span in example.spans:
            assert 0 <= span.start < span.end <= len(labelled.at(example.value, span.path))


@pytest.mark.slow
@pytest.mark.parametrize("part", labelled.ROUNDS)
def test_identifiers_are_found(lane, part):
    scores = scored(part, lane, names=False)
    assert scores.recall() >= 0.99
    assert min(scores.recall(kind) for kind in scores.put) >= 0.97
    assert scores.precision() >= 0.97


@pytest.mark.slow
def test_names_are_found():
    scores = scored("held_out", names.load(), names=True)
    assert scores.recall("PERSON") >= 0.90
    assert scores.recall() >= 0.90
    assert scores.precision() >= 0.85
