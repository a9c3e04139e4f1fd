"""Requests as officers answer them: the list, one with its thread, evidence; imports of lists that auditors sent."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.audits import entered, files, request_list, shown, threads
from app.audits.firms import auditors_of
from app.audits.request import Evidence, Side, State, Thread, state_of
from app.audits.threads import Speaker
from app.errors import problem
from app.features.engagements import given
from app.features.engagements.desk import now, objects, unavailable
from app.features.engagements.feature import feature
from app.features.engagements.routes_engagements import found, seen
from app.objects import ObjectsError
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, seen_other, sent, wants_page
from evidence.form import time_text

_LIST: Final = "/e/<engagement>/requests"
_ONE: Final = f"{_LIST}/<int:number>"
_MESSAGE: Final = 4_000  # characters
_FORM: Final = 64 << 10  # bytes of a form beside its file


# what is acted on, and the circumstances


def _answered(kind: str) -> Callable[..., Resource]:
    """Return the resource function of what the entity says to its auditors."""

    def resource(*, engagement: str, number: int | None = None) -> Resource:
        it = found(engagement)
        state = "none" if number is None else _thread(engagement, number).request.state.value
        thing = {"kind": kind, "id": "" if number is None else str(number), "state": state}
        facts = {"state": it.state.value, "ends": f"{it.ends[:19]}Z", "object": thing}
        return Resource(type="engagement", id=it.id, properties=facts)

    return resource


def _saying(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"sha256": files.digest_of(said)}


def _bringing(name: str, most: int) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda _: {"sha256": files.digest(_file(name, most))}


def _file(name: str, most: int) -> bytes:
    """Return the file that was sent, as far as one may be long, and one byte more."""
    brought = request.files.get(name)
    if brought is None:
        raise RefusedError(problem("malformed_request", f"`{name}` is a file"))
    brought.stream.seek(0)
    return brought.stream.read(most + 1)


def _thread(engagement: str, number: int) -> Thread:
    thread = threads.find_thread(engagement, number)
    if thread is None:
        raise RefusedError(problem("not_found"))
    return thread


# pages


@feature.route(_LIST, action="view", resource=seen)
def requests(_permit: Permit, engagement: str) -> ResponseReturnValue:
    """Show what is asked for: all of it, or what is in one state."""
    said, today = request.args.get("state"), shown.day(now())
    state = state_of(said) if said else None
    every = threads.requests_of(engagement)
    listed = [shown.request(each, today) for each in every if state in {None, each.state}]
    if not wants_page():
        return jsonify(requests=listed, tally=shown.tally(every, today))
    return render_template(
        "engagements/requests.html",
        engagement=engagement,
        requests=listed,
        tally=shown.tally(every, today),
        state=state and state.value,
        states=[each.value for each in State],
        longest=request_list.LONGEST,
    )


@feature.route(f"{_LIST}/template.csv", action="view", resource=seen)
def request_template(_permit: Permit, engagement: str) -> ResponseReturnValue:  # noqa: ARG001 - policy has decided on it
    """Hand out a list with one request as an example."""
    kept = {"content-disposition": files.disposition("requests.csv")}
    return Response(request_list.TEMPLATE, content_type="text/csv; charset=utf-8", headers=kept)


@feature.route(_ONE, action="view", resource=seen)
def one_request(_permit: Permit, engagement: str, number: int) -> ResponseReturnValue:
    """Show a request with all that was said and given, and what may be done about it."""
    document = shown.thread(_thread(engagement, number), Side.ENTITY, shown.day(now()))
    if not wants_page():
        return jsonify(document)
    names = {each.id: each.name for each in auditors_of(found(engagement).firm)}
    return render_template(
        "engagements/request.html",
        engagement=engagement,
        found=document,
        names=names,
        longest=_MESSAGE,
        largest=files.MAX_FILE >> 20,
    )


@feature.route(f"{_ONE}/evidence/<int:file>", action="view", resource=seen)
def request_evidence(_permit: Permit, engagement: str, number: int, file: int) -> ResponseReturnValue:
    """Hand out a file, to be kept and not shown."""
    it = threads.find_evidence(engagement, number, file)
    if it is None:
        raise RefusedError(problem("not_found"))
    try:
        data = files.load(objects(), it)
    except (ObjectsError, files.DamagedFileError) as error:
        raise unavailable(error) from error
    return Response(data, headers={**files.HEADERS, "content-disposition": files.disposition(it.name)})


# effects


@feature.route(_LIST, action="answer", resource=_answered("request"), methods=("POST",), context=_saying)
def add_request(permit: Permit, engagement: str) -> ResponseReturnValue:
    """Add a request that auditors made elsewhere."""
    asked = request_list.asked({name: each for name, each in sent().items() if isinstance(each, str)})
    (number,) = threads.add(_speaker(permit), engagement, (asked,))
    return _done(engagement, number, 201)


@feature.route(
    f"{_LIST}/import",
    action="answer",
    resource=_answered("request"),
    methods=("POST",),
    context=_bringing("list", request_list.MAX_BYTES),
)
def import_requests(permit: Permit, engagement: str) -> ResponseReturnValue:
    """Add every request of a list."""
    asked = request_list.parse(_file("list", request_list.MAX_BYTES))
    numbers = threads.add(_speaker(permit), engagement, asked)
    if wants_page():
        return seen_other("engagements.requests", engagement=engagement)
    return jsonify(numbers=numbers), 201


@feature.route(f"{_ONE}/messages", action="answer", resource=_answered("message"), methods=("POST",), context=_saying)
def add_message(permit: Permit, engagement: str, number: int) -> ResponseReturnValue:
    """Say something about a request."""
    text = entered.text("text", sent().get("text", ""), longest=_MESSAGE, lines=True, needed=True)
    threads.say(_speaker(permit), engagement, number, text)
    return _done(engagement, number, 201)


@feature.route(f"{_ONE}/status", action="answer", resource=_answered("status"), methods=("POST",), context=_saying)
def move_request(permit: Permit, engagement: str, number: int) -> ResponseReturnValue:
    """Say that what was asked for is here."""
    said = sent()
    text = entered.text("text", said.get("text", ""), longest=_MESSAGE, lines=True)
    threads.say(_speaker(permit), engagement, number, text, state_of(said.get("state")))
    return _done(engagement, number, 200)


@feature.route(
    f"{_ONE}/evidence",
    action="answer",
    resource=_answered("evidence"),
    methods=("POST",),
    context=_bringing("file", files.MAX_FILE),
    largest=files.MAX_FILE + _FORM,
)
def attach_evidence(permit: Permit, engagement: str, number: int) -> ResponseReturnValue:
    """Attach a file to a request, with where it comes from."""
    data = _file("file", files.MAX_FILE)
    received = time_text(datetime.fromtimestamp(now(), UTC))
    provenance, name = given.provenance(sent(), received), files.file_name(request.files["file"].filename)
    try:
        key = files.keep(objects(), engagement, data)
    except ObjectsError as error:
        raise unavailable(error) from error
    described = Evidence(
        number=0,
        name=name,
        size=len(data),
        sha256=files.digest(data),
        key=key,
        provenance=provenance,
        by=permit.request.subject.id,
        at=now(),
        decision_id=permit.decision_id,
    )
    threads.attach(_speaker(permit), engagement, number, described)
    return _done(engagement, number, 201)


def _speaker(permit: Permit) -> Speaker:
    return Speaker(permit=permit, side=Side.ENTITY, at=now())


def _done(engagement: str, number: int, status: int) -> ResponseReturnValue:
    if wants_page():
        return seen_other("engagements.one_request", engagement=engagement, number=number)
    return jsonify(shown.thread(_thread(engagement, number), Side.ENTITY, shown.day(now()))), status
