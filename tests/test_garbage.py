"""How often a process looks for garbage."""

import gc
from collections.abc import Iterator

import pytest

from app.garbage import collect_rarely


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_lives_at_the_start_is_never_looked_at_again() -> None:
    collect_rarely()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] > 256 * 60  # objects of 256 requests in flight


def test_garbage_that_refers_to_itself_is_still_found() -> None:
    class Knot:
        gone = 0

        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            Knot.gone += 1

    collect_rarely()
    for _ in range(2 * gc.get_threshold()[0]):
        Knot()
    assert Knot.gone
