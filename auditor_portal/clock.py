"""The time by which the portal's pages go."""

from collections.abc import Callable
from typing import Final

from flask import Flask, current_app

_EXTENSION: Final = "omega.auditor_portal.clock"


def install(app: Flask, now: Callable[[], float]) -> None:
    """Have the pages of `app` go by `now`, which returns Unix seconds."""
    app.extensions[_EXTENSION] = now


def now() -> int:
    """Return Unix seconds, of the application that answers."""
    found: Callable[[], float] = current_app.extensions[_EXTENSION]
    return int(found())
