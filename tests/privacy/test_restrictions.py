"""What policies are told of the marks by which persons restrict or object."""

import pytest

from app.db import reading
from app.privacy.restrictions import facts
from tests.features.gating import product
from tests.privacy.restricting import mark, release

ALICE, BOB = f"psn_{'a' * 32}", f"psn_{'b' * 32}"


@pytest.fixture(autouse=True)
def rows(sqlite_url):
    with product(sqlite_url):
        yield


def of(purpose, *subjects):
    with reading() as session:
        found = facts(session, subjects or (ALICE,), purpose)
    return [name for name, stands in sorted(found.items()) if stands]


def test_a_mark_stands_for_its_purpose_alone_until_it_is_released():
    mark(ALICE, "restrict", purposes=["training"])
    assert of("training") == ["restricted"]
    assert of("support") == []
    assert of("training", BOB) == []
    release()
    assert of("training") == []


def test_a_mark_for_everything_stands_for_each_purpose():
    mark(ALICE, "object")
    assert of("support") == ["objected"]
    mark(BOB, "restrict", purposes=["support"], request="dsr-2")
    assert of("support", ALICE, BOB) == ["objected", "restricted"]


def test_of_two_requests_one_is_released():
    mark(ALICE, "restrict", purposes=["support"])
    mark(ALICE, "restrict", purposes=["support"], request="dsr-2")
    release("dsr-2")
    assert of("support") == ["restricted"]
