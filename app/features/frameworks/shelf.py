"""What the pages of one application read that stands in files, thing by thing. And by which clock they go.

What was found out about controls stands elsewhere, in tables. What there is not is refused as not found.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

from flask import Flask, current_app

from app.errors import problem
from app.pep import RefusedError
from frameworks.catalog import Catalog, Item
from frameworks.collection import Collection
from frameworks.control import Control
from frameworks.control_test import ControlTest

_EXTENSION: Final = "omega.frameworks"
_Thing = TypeVar("_Thing")


def install(app: Flask, load: Callable[[], Collection], now: Callable[[], float]) -> None:
    """Have the pages of `app` read what `load` returns, which is asked for each page; `now` is in Unix seconds."""
    app.extensions[_EXTENSION] = (load, now)


def collection() -> Collection:
    """Return what the application that answers reads."""
    load: Callable[[], Collection] = current_app.extensions[_EXTENSION][0]
    return load()


def now() -> datetime:
    """Return the time by the clock of the application that answers."""
    clock: Callable[[], float] = current_app.extensions[_EXTENSION][1]
    return datetime.fromtimestamp(clock(), UTC)


def found(thing: _Thing | None) -> _Thing:
    """Return what was looked for.

    Raises:
        RefusedError: there is none; so do those that follow.
    """
    if thing is None:
        raise RefusedError(problem("not_found"))
    return thing


def catalog_of(framework: str) -> Catalog:
    """Return a framework."""
    return found(collection().catalogs.get(framework))


def item_of(framework: str, criterion: str) -> Item:
    """Return a criterion of a framework."""
    return found(catalog_of(framework).items.get(criterion))


def control_of(control: str) -> Control:
    """Return a control."""
    return found(collection().controls.get(control))


def test_of(test: str) -> ControlTest:
    """Return a test by its id, which begins with that of its control."""
    tests = control_of(test.partition("/")[0]).tests
    return found(next((each for each in tests if each.id == test), None))
