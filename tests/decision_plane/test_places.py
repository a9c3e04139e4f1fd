"""Places that tenants share: however many some take, there is one for who has none."""

from contextlib import ExitStack, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decision_plane.http import ProblemError
from app.decision_plane.places import Places
from tests.decision_plane.asking import JSON, body


def held(places, *tenants):
    """Return how many places each tenant gets that takes as many as it can, one after the other."""
    with ExitStack() as taken:
        found = []
        for tenant in tenants:
            before = places.free
            fill(taken, places, tenant)
            found.append(before - places.free)
    return found


def fill(taken, places, tenant):
    """Take places until there is none for this tenant."""
    with suppress(ProblemError):
        while True:
            taken.enter_context(places.taken(tenant))


@pytest.mark.parametrize(
    ("number", "tenants", "expected"),
    [
        pytest.param(1_024, ["a"], [768], id="alone it gets three quarters"),
        pytest.param(1_024, ["a", "b"], [768, 192], id="who comes later gets as much of the rest"),
        pytest.param(1_024, ["a", "a"], [768, 0], id="who has its share gets no more"),
        pytest.param(8, ["a", "b", "c"], [6, 2, 0], id="few places end"),
        pytest.param(1, ["a", "b"], [1, 0], id="one place is one place"),
    ],
)
def test_how_many_places_a_tenant_gets(number, tenants, expected):
    places = Places(number)
    assert held(places, *tenants) == expected
    assert (places.free, places._held) == (number, {})


@given(number=st.integers(4, 2_000))
def test_one_tenant_never_takes_the_last_place(number):
    places = Places(number)
    with ExitStack() as taken:
        fill(taken, places, "hog")
        with places.taken("another"):
            assert places.free >= 0


def test_requests_of_one_tenant_leave_places_to_the_others(plane):
    with ExitStack() as taken:
        for _ in range(6):
            taken.enter_context(plane.app._by._places.taken("default"))
        assert plane.ask(body()).code == "overloaded"
        assert plane.ask(body(), headers=[(b"authorization", b"Bearer another"), JSON]).status == 200
    assert plane.ask(body()).status == 200


def test_many_places_at_once_are_as_many_one_after_the_other():
    places = Places(8)
    with places.taken("a", places.alone), pytest.raises(ProblemError), places.taken("a"):
        pass
    with pytest.raises(ProblemError), places.taken("a", places.alone + 1):
        pass
    with pytest.raises(ProblemError), places.taken("a", 9):
        pass
    with places.taken("a", 0):
        assert (places.alone, places.free) == (6, 8)
