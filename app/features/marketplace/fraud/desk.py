"""What the pages about cases work with: the time."""

from collections.abc import Callable
from typing import Final

from flask import Flask, current_app

_EXTENSION: Final = "omega.marketplace.fraud"


def install(app: Flask, now: Callable[[], float]) -> None:
    """Have the pages of `app` know the time; `now` returns Unix seconds."""
    app.extensions[_EXTENSION] = now


def now() -> int:
    """Return Unix seconds."""
    return int(current_app.extensions[_EXTENSION]())
