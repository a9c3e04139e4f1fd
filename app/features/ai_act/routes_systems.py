"""Systems over HTTP: the register, a system with its class, its notices, its conformity file; and giving a class.

What an officer states of a system is a circumstance of the question, and stands sealed in its record.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.db import reading
from app.features.ai_act import contract_form, keeping, register, rows, shown
from app.features.ai_act.conformity import conformity_file, encode
from app.features.ai_act.feature import feature
from app.features.ai_act.gathering import gather
from app.features.ai_act.incident import moment
from app.features.ai_act.register import SYSTEM
from app.pdp.enforce import Permit
from app.pep import Resource, seen_other, sent, wants_page

_CLASSIFY = "ai_act.classify"
_KINDS = ("agent", "workflow")
_DAY, _YEAR = timedelta(days=1), timedelta(days=365)

# what is acted on


def _all() -> Resource:
    return register.looked_at("systems")


def _one(system: str) -> Resource:
    if not SYSTEM.fullmatch(system):
        raise register.malformed("system")
    register.found(lambda: keeping.history(system))
    return register.looked_at(f"systems/{system}")


def _classified() -> Resource:
    said = sent()
    system, kind = said.get("system"), said.get("kind")
    if not isinstance(system, str) or not SYSTEM.fullmatch(system):
        raise register.malformed("system")
    if kind not in _KINDS:
        raise register.malformed("kind")
    return Resource(type=str(kind), id=system, properties={})


def _described(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said of a system: an object of the contract's form, or the fields of the page's form."""
    schema = register.facts_of(_CLASSIFY)
    if request.is_json:
        return {name: said[name] for name in schema["properties"] if name in said}
    return contract_form.read(schema, said)


# pages


@feature.route("/systems", action="view", resource=_all)
def systems(_permit: Permit) -> ResponseReturnValue:
    """Show every system and its class."""
    with reading() as session:
        found = rows.newest_systems(session)
    if wants_page():
        form = contract_form.groups(register.facts_of(_CLASSIFY), {})
        return render_template("ai_act/systems.html", systems=found, form=form, moment=moment)
    texts = register.data().notices
    return jsonify(systems=[shown.system(each, texts) for each in found])


@feature.route("/systems/<system>", action="view", resource=_one)
def system(_permit: Permit, system: str) -> ResponseReturnValue:
    """Show one system: its class, why, what binds from when, its notices."""
    found, texts = register.found(lambda: keeping.history(system)), register.data().notices
    if wants_page():
        form = contract_form.groups(register.facts_of(_CLASSIFY), found[0].description)
        return render_template(
            "ai_act/system.html",
            system=found[0],
            history=found,
            notices=found[0].notices(texts),
            form=form,
            moment=moment,
        )
    return jsonify(shown.system(found[0], texts) | {"history": [each.decision_id for each in found]})


@feature.route("/systems/<system>/notices", action="view", resource=_one)
def notices(_permit: Permit, system: str) -> ResponseReturnValue:
    """Show what persons have to be told about a system (Article 50)."""
    found = register.found(lambda: keeping.history(system))[0]
    texts = found.notices(register.data().notices)
    if wants_page():
        return render_template("ai_act/notices.html", system=found, notices=texts)
    return jsonify(system=system, decision_id=found.decision_id, notices=[shown.notice(each) for each in texts])


@feature.route("/systems/<system>/conformity", action="view", resource=_one)
def conformity(_permit: Permit, system: str) -> ResponseReturnValue:
    """Show the conformity file of a system over the last year, or from the day `from` to the one before `to`."""
    last = _day("to", datetime.fromtimestamp(register.now(), UTC).date() + _DAY)
    first = _day("from", last - _YEAR)
    if first >= last:
        raise register.malformed("from")
    known = register.found(
        lambda: gather(system, first, last, bundle=register.bundle(), records=register.records(), now=register.now())
    )
    document = conformity_file(known)
    if wants_page():
        return render_template("ai_act/conformity.html", system=known.history[0], file=document)
    return Response(encode(document), content_type="application/json")


def _day(name: str, default: date) -> date:
    text = request.args.get(name)
    if text is None:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise register.malformed(name) from None


# effects


@feature.route("/systems", action="classify", resource=_classified, methods=("POST",), context=_described)
def classify(permit: Permit) -> ResponseReturnValue:
    """Keep the class that a system was given."""
    found = register.found(lambda: keeping.classify(permit, register.now()))
    if wants_page():
        return seen_other("ai_act.system", system=found.system)
    return jsonify(shown.system(found, register.data().notices)), 201
