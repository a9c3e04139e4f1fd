"""What the person does by the secret link: looks, enters a code, answers, withdraws, takes things along."""

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.db import DatabaseUrlError
from app.errors import problem
from app.features.dsr import identity_code, keeping
from app.features.dsr.answering import (
    LONG_AGO,
    data,
    day,
    export_until,
    found,
    moment,
    one,
    present,
    said_or_none,
    text_of,
)
from app.features.dsr.certificate import certificate, certificate_pdf, signed
from app.features.dsr.clocks import Standing
from app.features.dsr.desk import desk, limit_address, limit_request
from app.features.dsr.feature import feature
from app.features.dsr.identity_code import Entered
from app.features.dsr.request import Request, State, Step
from app.features.dsr.running import receipts
from app.features.dsr.running.errors import RunError
from app.features.dsr.said import Message, written
from app.features.dsr.texts import languages, texts
from app.keys import KeyFileError
from app.objects import ObjectsError
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, seen_other, sent
from app.privacy.errors import PrivacyError

_CANCELLED_FROM: Final = frozenset({State.DUPLICATE, State.IDENTITY_UNVERIFIED, State.PENDING, State.REQUIRES_INPUT})


def _key() -> str:
    return request.args.get("key", "") if request.method == "GET" else text_of(sent(), "key")


def _mine(identifier: str) -> Resource:
    """Describe a request as whoever has a link meets it."""
    if request.method != "GET":
        limit_address(request.remote_addr or "", request.headers.getlist("x-forwarded-for"), data().of_address)
        limit_request(identifier, data().of_request)
    g.dsr_request = asked = one(identifier)
    until = export_until(asked, data().export_days)
    facts = {
        "linked": keeping.links(identifier, _key()),
        "state": asked.state.value,
        "export_until": LONG_AGO if until is None else moment(until),
        "steps": len(asked.steps),
    }
    return Resource(type="dsr_request", id=identifier, properties=facts)


def _what(what: str) -> Any:
    return lambda _: {"what": what}


@feature.route("/mine/<identifier>", action="collect", resource=_mine, context=_what("status"))
def mine(_permit: Permit, identifier: str) -> ResponseReturnValue:
    """Show how a request stands."""
    asked: Request = g.dsr_request
    wanted = request.args.get("lang", "")
    lang = wanted if wanted in languages() else asked.language
    now, said = present(), said_or_none(identifier, desk().vault)
    until = export_until(asked, data().export_days)
    return render_template(
        "dsr/status.html",
        t=texts(lang),
        lang=lang,
        languages=languages(),
        asked=asked,
        key=_key(),
        received=day(asked.received_at),
        due=day(asked.pace.due(now)),
        still=asked.pace.standing(now) is Standing.STILL,
        ended=None if asked.open else day(asked.steps[-1].at),
        ground=_last_code(asked, Step.DENY),
        extended=_last_code(asked, Step.EXTEND),
        messages=[] if said is None else said.messages,
        day=day,
        entered=request.args.get("code", ""),
        withdrawn=asked.state in _CANCELLED_FROM,
        export_until=None if until is None else day(until),
        export_over=until is not None and now > until,
    )


def _last_code(asked: Request, step: Step) -> str | None:
    return next((each.code for each in reversed(asked.steps) if each.step is step), None)


@feature.route("/mine/<identifier>/code", action="collect", resource=_mine, methods=("POST",), context=_what("code"))
def enter_code(permit: Permit, identifier: str) -> ResponseReturnValue:
    """Take the code that shows who the person is."""
    entered = text_of(sent(), "code")[:64]
    came = found(lambda: identity_code.enter(permit, identifier, desk().secret, entered, present()))
    return _back(identifier, {} if came is Entered.RIGHT else {"code": came.value})


@feature.route(
    "/mine/<identifier>/answer", action="collect", resource=_mine, methods=("POST",), context=_what("answer")
)
def answer(permit: Permit, identifier: str) -> ResponseReturnValue:
    """Take the answer to what the person was asked."""
    now = present()
    text = found(lambda: written(sent(), "answer"))
    move = keeping.Move(
        step=Step.ANSWER,
        code="",
        by="visitor",
        at=now,
        said=lambda said: said.asking(Message(asked=False, at=now, text=text)),
    )
    return _taken(permit, identifier, move)


@feature.route(
    "/mine/<identifier>/withdraw", action="collect", resource=_mine, methods=("POST",), context=_what("cancel")
)
def withdraw(permit: Permit, identifier: str) -> ResponseReturnValue:
    """Have the request be withdrawn."""
    return _taken(permit, identifier, keeping.Move(step=Step.CANCEL, code="", by="visitor", at=present()))


def _taken(permit: Permit, identifier: str, move: keeping.Move) -> ResponseReturnValue:
    found(lambda: keeping.take(permit, identifier, move, desk().vault, desk().runs))
    return _back(identifier, {})


def _back(identifier: str, more: Mapping[str, str]) -> ResponseReturnValue:
    return seen_other("dsr.mine", identifier=identifier, key=_key(), **more)


@feature.route("/mine/<identifier>/export", action="collect", resource=_mine, context=_what("export"))
def export(permit: Permit, identifier: str) -> ResponseReturnValue:
    """Hand over the archive, once that is on record as something that was seen of the person."""
    try:
        archive = desk().runs.export_of(identifier)
    except RunError as error:
        raise RefusedError(problem("not_found")) from error
    except (PrivacyError, ObjectsError, KeyFileError, DatabaseUrlError) as error:
        raise RefusedError(problem("data_unavailable")) from error
    desk().note(receipts.OPENED, receipts.opened(identifier, g.dsr_request.subject, permit.decision_id))
    return _file(archive, "application/zip", f"{identifier}.zip")


@feature.route("/mine/<identifier>/certificate.pdf", action="collect", resource=_mine, context=_what("certificate"))
def certificate_as_pdf(_permit: Permit, identifier: str) -> ResponseReturnValue:
    """Hand over the certificate."""
    made = certificate(g.dsr_request, desk().runs.progress(identifier), desk().signer)
    words = texts(g.dsr_request.language)
    return _file(certificate_pdf(made, words, g.dsr_request.language), "application/pdf", f"{identifier}.pdf")


@feature.route("/mine/<identifier>/certificate.txt", action="collect", resource=_mine, context=_what("certificate"))
def certificate_signed(_permit: Permit, identifier: str) -> ResponseReturnValue:
    """Hand over the statement that the log's key signs."""
    made = certificate(g.dsr_request, desk().runs.progress(identifier), desk().signer)
    return _file(signed(made, desk().signer), "text/plain; charset=utf-8", f"{identifier}.txt")


def _file(content: bytes, kind: str, name: str) -> Response:
    made = make_response(content)
    made.headers["content-type"] = kind
    made.headers["content-disposition"] = f'attachment; filename="{name}"'
    return made
