"""What persons read when something was refused: plain words in their language, and a way on.

Knows neither why policy denies something nor what was sent: of a form it names the field, by what is written beside it.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import render_template, request, url_for

from app.errors import Problem
from app.features.dsr.routes_intake import language
from app.features.dsr.texts import languages, texts

OF_PERSONS: Final = frozenset(
    {
        "dsr.front",
        "dsr.submit",
        "dsr.mine",
        "dsr.enter_code",
        "dsr.answer",
        "dsr.withdraw",
        "dsr.export",
        "dsr.certificate_as_pdf",
        "dsr.certificate_signed",
    }
)
"""The endpoints that persons meet, who know nothing of policies and have nowhere to sign in."""

_FIELD: Final = re.compile(r"`([a-z]{1,16})`")
_LABELS: Final = {"changes": "rectify", "value": "rectify"}
_WORDS: Final = {
    "conflict": "conflict",
    "malformed_request": "malformed",
    "not_found": "not_found",
    "request_too_large": "malformed",
    "too_many_requests": "too_many",
}


def page(found: Problem) -> str | None:
    """Return a problem as a person reads it, or nothing where it is none of theirs."""
    if request.endpoint not in OF_PERSONS:
        return None
    sent = request.form.get("language", "")
    wanted = sent if sent in languages() else language()
    words = texts(wanted)
    return render_template(
        "dsr/refused.html",
        t=words,
        lang=wanted,
        languages=languages(),
        text=words["refused"][_reason(found)],
        field=_field(words, found),
        place=url_for("dsr.front"),
    )


def _reason(found: Problem) -> str:
    if found.code == "denied":
        return "too_many" if request.endpoint == "dsr.submit" else "not_found"
    return _WORDS.get(found.code, "later")


def _field(words: Mapping[str, Any], found: Problem) -> str | None:
    """Return what is written beside the field that a problem names."""
    named = _FIELD.match(found.detail or "")
    label = words["intake"].get(_LABELS.get(named[1], named[1])) if named else None
    return label if isinstance(label, str) else None
