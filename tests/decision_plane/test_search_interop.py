"""The search interoperability scenario of the AuthZEN working group: 60 subject, 18 resource and 120 action searches.

The users, the records and the rules are its facts; so is the table of who may do what, from which all answers follow.
"""

import asyncio
import json

import pytest

from app.pdp.bundle import load
from tests.decision_plane.asking import Plane
from tests.pdp.evaluating import ROOT

USERS = ["alice", "bob", "carol", "dan", "erin", "felix"]
ACTIONS = ["view", "edit", "delete"]
MAY = {  # by the first letters of users: view, edit, delete
    "101": ("abcd", "a", "a"),
    "102": ("abcd", "b", "b"),
    "103": ("abcd", "c", "c"),
    "104": ("adf", "d", "d"),
    "105": ("abcde", "e", "e"),
    "106": ("adf", "f", "f"),
    "107": ("ad", "a", "a"),
    "108": ("abcd", "b", "b"),
    "109": ("acdf", "c", "c"),
    "110": ("ad", "ad", "d"),
    "111": ("adef", "e", "e"),
    "112": ("abcdf", "f", "f"),
    "113": ("ad", "a", "a"),
    "114": ("abdf", "b", "b"),
    "115": ("acde", "cd", "c"),
    "116": ("abcd", "d", "d"),
    "117": ("abcde", "e", "e"),
    "118": ("adf", "f", "f"),
    "119": ("abcd", "a", "a"),
    "120": ("abdf", "b", "b"),
}


@pytest.fixture(scope="module")
def plane():
    return Plane(load(ROOT / "tests/interop/search", "r1"))


def may(user, action, record):
    return user[0] in MAY[record][ACTIONS.index(action)]


def user(name):
    return {"type": "user", "id": name}


def record(number):
    return {"type": "record", "id": number}


def searches():
    """Yield the kind of each search, its request, and the results it has to have."""
    for number in MAY:
        for name in ACTIONS:
            asked = {"subject": {"type": "user"}, "action": {"name": name}, "resource": record(number)}
            yield "subject", asked, [user(each) for each in USERS if may(each, name, number)]
        for each in USERS:
            found = [{"name": name} for name in sorted(ACTIONS) if may(each, name, number)]
            yield "action", {"subject": user(each), "resource": record(number)}, found
    for each in USERS:
        for name in ACTIONS:
            asked = {"subject": user(each), "action": {"name": name}, "resource": {"type": "record"}}
            yield "resource", asked, [record(number) for number in MAY if may(each, name, number)]


def test_every_search_of_the_scenario_finds_what_it_has_to(plane):
    async def run():
        answers = []
        for kind, asked, _ in searches():
            path = f"/access/v1/search/{kind}"
            answers.append(await plane.asking(json.dumps(asked).encode(), path=path))
        return answers

    expected = [(kind, asked, results) for kind, asked, results in searches()]
    assert len(expected) == 60 + 18 + 120
    for (kind, asked, results), answer in zip(expected, asyncio.run(run()), strict=True):
        assert answer.document["results"] == results, (kind, asked)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        pytest.param(
            "resource",
            {"subject": user("zoe"), "action": {"name": "view"}, "resource": {"type": "record"}},
            id="a user",
        ),
        pytest.param(
            "subject",
            {"subject": {"type": "user"}, "action": {"name": "own"}, "resource": record("101")},
            id="an action",
        ),
        pytest.param(
            "subject",
            {"subject": {"type": "user"}, "action": {"name": "view"}, "resource": record("99")},
            id="a record",
        ),
    ],
)
def test_what_the_scenario_does_not_know_has_no_results(plane, kind, asked):
    assert plane.ask(json.dumps(asked).encode(), path=f"/access/v1/search/{kind}").document["results"] == []
