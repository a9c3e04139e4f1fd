"""`@requires`: nothing runs that was not allowed."""

import asyncio

import pytest

from omega_client import ClientError, DeniedError, Entity, permitted_by, requires
from tests.omega_client.answering import FACTS, GROCER, Blocking, Looping, Planes, said
from tests.pdp.deciding import CHAIN


def about(name, *, ripe=True):
    return GROCER, Entity(type="fruit", id=name, properties=FACTS | {"ripe": ripe})


def selling(client, sold, about=about):
    @requires("shop.sell", client=client, about=about)
    def sell(name, *, ripe=True):  # noqa: ARG001 - `about` reads it
        """Sell it."""
        sold.append((name, permitted_by().decision_id))
        return len(sold)

    return sell


def selling_later(client, sold, about=about):
    @requires("shop.sell", client=client, about=about)
    async def sell(name, *, ripe=True):  # noqa: ARG001 - `about` reads it
        """Sell it."""
        await asyncio.sleep(0)
        sold.append((name, permitted_by().decision_id))
        return len(sold)

    return lambda *args, **kwargs: asyncio.run(sell(*args, **kwargs))


@pytest.fixture(params=[(Blocking, selling), (Looping, selling_later)], ids=["sync", "async"])
def seller(request, plane):
    """Return a way to make a function that sells, and what was sold."""
    kind, made = request.param
    sold = []
    return lambda **options: made(kind(Planes(plane)).client, sold, **options), sold


def test_what_is_allowed_runs_and_knows_by_which_decision(seller):
    sell, sold = seller[0](), seller[1]
    assert (sell("apple-1"), sell("apple-2")) == (1, 2)
    assert sold == [("apple-1", f"{CHAIN}-0"), ("apple-2", f"{CHAIN}-1")]


def test_what_is_denied_does_not_run(seller):
    with pytest.raises(DeniedError):
        seller[0]()("apple-1", ripe=False)
    assert seller[1] == []


def test_the_circumstances_may_be_told(seller):
    def gift(name):
        return (*about(name), {"gift": True})

    with pytest.raises(DeniedError, match="obligation_unsupported"):
        seller[0](about=gift)("apple-1")
    assert seller[1] == []


def test_what_raises_leaves_no_permit_behind(plane):
    @requires("shop.sell", client=Blocking(Planes(plane)).client, about=about)
    def sell(_name):
        raise RuntimeError(permitted_by().decision_id)

    with pytest.raises(RuntimeError, match=CHAIN):
        sell("apple-1")
    with pytest.raises(ClientError, match="no function"):
        permitted_by()


def test_a_function_stays_what_it_was():
    sell = selling(Blocking(said()[0]).client, [])
    assert (sell.__name__, sell.__doc__) == ("sell", "Sell it.")


def test_function_and_client_are_of_one_kind():
    def now(name):
        """Do nothing."""

    async def later(name):
        """Do nothing."""

    def piecemeal(name):
        yield name

    async def piecemeal_later(name):
        yield name

    blocking, looping = Blocking(said()[0]).client, Looping(said()[0]).client
    for client, functions in ((blocking, [later, piecemeal]), (looping, [now, piecemeal_later])):
        for function in functions:
            with pytest.raises(TypeError):
                requires("shop.sell", client=client, about=about)(function)
