"""What persons read, by language: one data file, `texts.json`. Another language is another member of it.

Knows no page; tests hold that every language says everything.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

DEFAULT: Final = "en"


@cache
def languages() -> Mapping[str, Mapping[str, Any]]:
    """Return all texts by language, by the order of the file."""
    found: Mapping[str, Mapping[str, Any]] = json.loads(
        files("app.features.dsr").joinpath("texts.json").read_text("utf-8")
    )
    return found


def texts(language: str) -> Mapping[str, Any]:
    """Return the texts of a language, or those in English where there are none."""
    return languages().get(language, languages()[DEFAULT])
