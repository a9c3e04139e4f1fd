"""The conformity file of a system: what the platform knows of it, place by place of the law, and what is missing. Pure.

Every statement names its source: a decision, a file of the policies in force, a setting, the index. What the platform
does not know is listed as missing, and never made up. The same `Known` gives the same bytes.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.features.ai_act import conformity_places as places
from app.features.ai_act.conformity_places import Place
from app.features.ai_act.incident import moment
from app.features.ai_act.statements import Known, Statement

_FORM: Final = "omega-conformity-file-1"
_NOT: Final = (
    "made by a program from records; no legal advice, no declaration of conformity; days marked unchecked have not "
    "been compared with the Official Journal"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    id: str
    law: str
    title: str
    places: tuple[Place, ...]


SECTIONS: Final = (
    _Section(
        id="technical_documentation", law="Art.11, Annex IV", title="Technical documentation", places=places.ANNEX_IV
    ),
    _Section(id="quality_management", law="Art.17", title="Quality management", places=places.ART_17),
    _Section(id="logs", law="Art.12, Art.19", title="Logs", places=places.LOGS),
    _Section(id="human_oversight", law="Art.14", title="Human oversight", places=places.OVERSIGHT),
    _Section(id="post_market", law="Art.72, Art.73", title="After the market", places=places.POST_MARKET),
)


def conformity_file(known: Known) -> dict[str, Any]:
    """Return the file as JSON values."""
    newest = known.history[0]
    sections = [_section(each, known) for each in SECTIONS]
    return {
        "form": _FORM,
        "what_this_is_not": _NOT,
        "system": {"id": known.system, "kind": newest.kind, "title": newest.title},
        "period": {"from": known.first.isoformat(), "to": known.last.isoformat(), "as_of": moment(known.as_of)},
        "classification": {
            "class": newest.risk,
            "high_risk_for": list(newest.high_for),
            "transparency_for": list(newest.told_for),
            "exempt_for": list(newest.exempt_for),
            "decision_id": newest.decision_id,
            "policy": {"bundle": newest.bundle, "revision": newest.revision},
        },
        "policy": {"bundle": known.bundle, "revision": known.revision},
        "sections": sections,
        "missing": [
            f"{place['place']}: {each}"
            for section in sections
            for place in section["places"]
            for each in place["missing"]
        ],
    }


def encode(document: Mapping[str, Any]) -> bytes:
    """Return a file's bytes: the same for the same document."""
    return (json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _section(section: _Section, known: Known) -> dict[str, Any]:
    return {
        "id": section.id,
        "law": section.law,
        "title": section.title,
        "places": [_place(each, known) for each in section.places],
    }


def _place(place: Place, known: Known) -> dict[str, Any]:
    stated: Iterable[Statement] = () if place.states is None else place.states(known)
    statements = [each.document() for each in stated]
    lacking = [place.lacks] if statements else [place.about]
    if statements and place.lacking is not None:
        lacking.append(place.lacking(known))
    return {
        "place": place.id,
        "about": place.about,
        "statements": statements,
        "missing": [each for each in lacking if each],
    }
