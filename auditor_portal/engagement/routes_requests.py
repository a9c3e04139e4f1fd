"""Requests as auditors see them: the list, one with its thread and evidence; and what auditors do about them."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.audits import entered, files, request_list, shown, threads
from app.audits.firms import auditors_of
from app.audits.request import Side, State, Thread, state_of
from app.audits.threads import Speaker
from app.errors import problem
from app.objects import ObjectsError, open_objects
from app.pdp.enforce import Permit
from app.pep import RefusedError, seen_other, sent, wants_page
from auditor_portal.clock import now
from auditor_portal.engaged import circumstances, engaged, engagement_now, written
from auditor_portal.feature import feature
from auditor_portal.product import product

_LIST: Final = "/e/<engagement>/requests"
_ONE: Final = f"{_LIST}/<int:number>"
_MESSAGE: Final = 4_000  # characters


# the circumstances


def _saying(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the circumstances of what a form says; its digest binds it to the record."""
    return circumstances(said) | {"sha256": files.digest_of(said)}


def _bringing(said: Mapping[str, Any]) -> dict[str, Any]:
    return circumstances(said) | {"sha256": files.digest(_list())}


def _list() -> bytes:
    """Return the list that was sent, as far as one may be long, and one byte more."""
    found = request.files.get("list")
    if found is None:
        raise RefusedError(problem("malformed_request", "`list` is a file"))
    found.stream.seek(0)
    return found.stream.read(request_list.MAX_BYTES + 1)


# pages


@feature.route(_LIST, action="view", resource=engaged("requests"), context=circumstances)
def requests(_permit: Permit, engagement: str) -> ResponseReturnValue:
    """Show what is asked for: all of it, or what is in one state."""
    said, today = request.args.get("state"), shown.day(now())
    state = state_of(said) if said else None
    every = threads.requests_of(engagement)
    found = [shown.request(each, today) for each in every if state in {None, each.state}]
    if not wants_page():
        return jsonify(requests=found, tally=shown.tally(every, today))
    return render_template(
        "engagement/requests.html",
        requests=found,
        tally=shown.tally(every, today),
        state=state and state.value,
        states=[each.value for each in State],
        longest=request_list.LONGEST,
    )


@feature.route(f"{_LIST}/template.csv", action="view", resource=engaged("requests"), context=circumstances)
def request_template(_permit: Permit, engagement: str) -> ResponseReturnValue:  # noqa: ARG001 - policy has decided on it
    """Hand out a list with one request as an example."""
    kept = {"content-disposition": files.disposition("requests.csv")}
    return Response(request_list.TEMPLATE, content_type="text/csv; charset=utf-8", headers=kept)


@feature.route(_ONE, action="view", resource=engaged("request", id="number"), context=circumstances)
def one_request(_permit: Permit, engagement: str, number: int) -> ResponseReturnValue:
    """Show a request with all that was said and given, and what may be done about it."""
    found = shown.thread(_thread(engagement, number), Side.AUDITOR, shown.day(now()))
    if not wants_page():
        return jsonify(found)
    names = {each.id: each.name for each in auditors_of(engagement_now().firm)}
    return render_template("engagement/request.html", found=found, names=names, longest=_MESSAGE)


@feature.route(
    f"{_ONE}/evidence/<int:file>", action="view", resource=engaged("evidence", id="number"), context=circumstances
)
def request_evidence(_permit: Permit, engagement: str, number: int, file: int) -> ResponseReturnValue:
    """Hand out a file, to be kept and not shown."""
    found = threads.find_evidence(engagement, number, file)
    if found is None:
        raise RefusedError(problem("not_found"))
    try:
        data = files.load(open_objects(product().settings.objects), found)
    except (ObjectsError, files.DamagedFileError) as error:
        raise RefusedError(problem("data_unavailable")) from error
    return Response(data, headers={**files.HEADERS, "content-disposition": files.disposition(found.name)})


# effects


@feature.route(_LIST, action="write", resource=written("request"), methods=("POST",), context=_saying)
def add_request(permit: Permit, engagement: str) -> ResponseReturnValue:
    """Ask for something."""
    asked = request_list.asked({name: each for name, each in sent().items() if isinstance(each, str)})
    (number,) = threads.add(_speaker(permit), engagement, (asked,))
    return _done(engagement, number, 201)


@feature.route(f"{_LIST}/import", action="write", resource=written("request"), methods=("POST",), context=_bringing)
def import_requests(permit: Permit, engagement: str) -> ResponseReturnValue:
    """Ask for everything on a list."""
    numbers = threads.add(_speaker(permit), engagement, request_list.parse(_list()))
    if wants_page():
        return seen_other("auditor_portal.requests", engagement=engagement)
    return jsonify(numbers=numbers), 201


@feature.route(
    f"{_ONE}/messages", action="write", resource=written("message", id="number"), methods=("POST",), context=_saying
)
def add_message(permit: Permit, engagement: str, number: int) -> ResponseReturnValue:
    """Say something about a request."""
    text = entered.text("text", sent().get("text", ""), longest=_MESSAGE, lines=True, needed=True)
    threads.say(_speaker(permit), engagement, number, text)
    return _done(engagement, number, 201)


@feature.route(
    f"{_ONE}/status", action="write", resource=written("status", id="number"), methods=("POST",), context=_saying
)
def move_request(permit: Permit, engagement: str, number: int) -> ResponseReturnValue:
    """Accept what was given, return it, or withdraw the request."""
    said = sent()
    text = entered.text("text", said.get("text", ""), longest=_MESSAGE, lines=True)
    threads.say(_speaker(permit), engagement, number, text, state_of(said.get("state")))
    return _done(engagement, number, 200)


def _speaker(permit: Permit) -> Speaker:
    return Speaker(permit=permit, side=Side.AUDITOR, at=now())


def _thread(engagement: str, number: int) -> Thread:
    found = threads.find_thread(engagement, number)
    if found is None:
        raise RefusedError(problem("not_found"))
    return found


def _done(engagement: str, number: int, status: int) -> ResponseReturnValue:
    if wants_page():
        return seen_other("auditor_portal.one_request", engagement=engagement, number=number)
    return jsonify(shown.thread(_thread(engagement, number), Side.AUDITOR, shown.day(now()))), status
