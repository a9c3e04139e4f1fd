"""What the pages of this feature work with: where evidence lies, the log's index, which frameworks there are, the time.

Opened when it is first wanted; a page that cannot have it says so.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from flask import Flask, current_app
from sqlalchemy import Engine

from app.db import DatabaseUrlError, open_engine
from app.errors import problem
from app.objects import Objects, ObjectsError, open_objects
from app.pep import RefusedError
from app.settings import Settings

_EXTENSION: Final = "omega.engagements"
_LOG: Final = logging.getLogger(__name__)


class Places(Protocol):
    """Where evidence lies, and the log's index."""

    def objects(self) -> Objects:
        """Return where evidence lies.

        Raises:
            ObjectsError: it cannot be reached.
        """

    def index(self) -> Engine:
        """Return the index.

        Raises:
            DatabaseUrlError: it cannot be opened, or there is none yet.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is worked with.

    Attributes:
        frameworks: returns the titles of the frameworks there are, by id.
        now: Unix seconds.
        places: where evidence lies, and the log's index.
    """

    frameworks: Callable[[], Mapping[str, str]]
    now: Callable[[], float]
    places: Places


class OfNode:
    """Where a node has them. For many threads: who is second opens again, which does no harm. `Places`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._index: Engine | None = None

    def objects(self) -> Objects:
        """See `Places`."""
        return open_objects(self._settings.objects)

    def index(self) -> Engine:
        """See `Places`."""
        given = self._settings
        if given.database is None and not given.index_file.exists():
            raise DatabaseUrlError("there is no index yet")
        if self._index is None:
            self._index = open_engine(given.index, durable=False)
        return self._index


class Nowhere:
    """For an application without a node. `Places`."""

    def objects(self) -> Objects:
        """See `Places`."""
        raise ObjectsError("there is no place for objects")

    def index(self) -> Engine:
        """See `Places`."""
        raise DatabaseUrlError("there is no index")


def install(app: Flask, desk: Desk) -> None:
    """Have the pages of `app` work with `desk`."""
    app.extensions[_EXTENSION] = desk


def frameworks() -> Mapping[str, str]:
    """Return the titles of the frameworks there are, by id."""
    return _desk().frameworks()


def now() -> int:
    """Return Unix seconds."""
    return int(_desk().now())


def objects() -> Objects:
    """Return where evidence lies.

    Raises:
        RefusedError: it cannot be reached (503).
    """
    try:
        return _desk().places.objects()
    except ObjectsError as error:
        raise unavailable(error) from error


def index() -> Engine:
    """Return the log's index.

    Raises:
        RefusedError: there is none now (503).
    """
    try:
        return _desk().places.index()
    except DatabaseUrlError as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> RefusedError:
    """Return the refusal of a page that cannot read what it shows; why stands in the log of the service."""
    _LOG.error("a page of audits cannot be shown: %s: %s", type(error).__name__, error)
    return RefusedError(problem("data_unavailable"))


def _desk() -> Desk:
    found: Desk = current_app.extensions[_EXTENSION]
    return found
