"""Populations and checks in plain words."""

import pytest

from app.features.frameworks import in_words
from frameworks import checks, control, population

DECISIONS = {"types": ["decision"]}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (DECISIONS, "records of the type decision"),
        ({"types": ["a", "b", "c"]}, "records of the type a, b or c"),
        ({"actions": ["x.y"]}, "records of any type about x.y"),
        (
            DECISIONS
            | {"where": [{"path": "body.result.allow", "equals": True}, {"path": "tenant", "in": ["a", "b"]}]},
            "records of the type decision, where body.result.allow is true and tenant is one of a or b",
        ),
        ({"configuration": "keys"}, "what runs now: keys"),
        (
            {"configuration": "store", "where": [{"path": "level", "at_least": 3}]},
            "what runs now: store, where level is at least 3",
        ),
    ],
)
def test_a_population(document, words):
    assert in_words.population(population.parse("file", document)) == words


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"differs": None}, "p is there and is not null"),
        ({"equals": ""}, "p is an empty text"),
        ({"equals": False}, "p is false"),
        ({"has": "x"}, "p has x"),
        ({"lacks": "x"}, "p does not have x"),
        ({"exists": True}, "p is there"),
        ({"exists": False}, "p is not there"),
        ({"empty": True}, "p is empty or not there"),
        ({"empty": False}, "p is not empty"),
        ({"at_most": 5}, "p is at most 5"),
        ({"same_as": "q"}, "p is the same as q"),
        ({"other_than": "q"}, "p is another than q"),
    ],
)
def test_a_condition(condition, words):
    assert in_words.check(checks.parse("file", {"each": [{"path": "p"} | condition]})) == f"in each of them {words}"


TOGETHER = "what belongs together has one k, there j"
OF_THEM = f"records of the type decision; {TOGETHER}"
LINK = {"by": DECISIONS, "key": "k", "by_key": "j", "within": "72h"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"none": True}, "there is none of them: each is a deviation"),
        (
            {"followed": LINK},
            f"each is followed within 3d by at least 1 of: records of the type decision; {TOGETHER}",
        ),
        (
            {"preceded": LINK | {"at_least": 2, "distinct": "who", "other_than": "me"}},
            f"each was preceded within 3d by at least 2 with different who, none of them its own me, of: {OF_THEM}",
        ),
        ({"at_least_every": "90m"}, "no more than 90m pass without one"),
        (
            {"unbroken": True},
            "no number is missing in any chain, and each record names the hash of the one before it",
        ),
        ({"at_most": 3}, "there are at most 3 of them"),
        (
            {"at_most": 3, "per": "tenant", "within": "1d"},
            "there are at most 3 of them for each value of tenant in any 1d",
        ),
    ],
)
def test_a_check(document, words):
    assert in_words.check(checks.parse("file", document)) == words


def test_every_shipped_test_can_be_said_in_words():
    for each in control.load().values():
        for test in each.tests:
            assert test.population is None or in_words.population(test.population)
            assert test.check is None or in_words.check(test.check)
