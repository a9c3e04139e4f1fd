"""What the pages of the catalogue work with: where artifacts lie, who looks into them, the time, a secret."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from flask import Flask, current_app

from app.errors import problem
from app.features.marketplace.catalogue.examining import Examiner
from app.features.marketplace.catalogue.installing import Bought
from app.objects import Objects
from app.pep import RefusedError

_EXTENSION: Final = "omega.marketplace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is worked with.

    Attributes:
        now: Unix seconds.
        secret: what install tokens are signed with.
        objects: where artifacts and what came with them lie; without a place nothing is uploaded.
        examiner: looks into releases; without one nothing is uploaded.
        bought: tells who has bought what; unless it is given, nobody has.
    """

    now: Callable[[], float]
    secret: bytes = field(repr=False)
    objects: Objects | None = None
    examiner: Examiner | None = None
    bought: Bought = lambda _session, _buyer, _agent: False


def install(app: Flask, desk: Desk) -> None:
    """Have the pages of `app` work with `desk`."""
    app.extensions[_EXTENSION] = desk


def desk() -> Desk:
    """Return what the application that answers works with."""
    found: Desk = current_app.extensions[_EXTENSION]
    return found


def now() -> int:
    """Return Unix seconds."""
    return int(desk().now())


def objects() -> Objects:
    """Return where artifacts lie.

    Raises:
        RefusedError: nowhere.
    """
    if (found := desk().objects) is None:
        raise RefusedError(problem("data_unavailable", "there is no place for artifacts"))
    return found


def examiner() -> Examiner:
    """Return who looks into releases.

    Raises:
        RefusedError: nobody does.
    """
    if (found := desk().examiner) is None:
        raise RefusedError(problem("control_unavailable", "nobody looks into releases here"))
    return found
