"""The officers' queue with its clocks, one request with its history, and the steps that are taken there."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from flask import g, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.db import reading
from app.errors import problem
from app.features.dsr import identity_code, keeping, rows
from app.features.dsr.answering import data, document, found, moment, one, present, said_or_none, text_of
from app.features.dsr.clocks import Standing
from app.features.dsr.desk import desk
from app.features.dsr.feature import feature
from app.features.dsr.handling import handled, officers_step, possible
from app.features.dsr.letter import LetterKind
from app.features.dsr.letters import draft, posting
from app.features.dsr.request import DsrKind, Request, State, Step
from app.features.dsr.rows import RequestRow
from app.features.dsr.said import Message, is_address, written
from app.pdp.enforce import Permit
from app.pep import RefusedError, Resource, gate_of_request, seen_other, sent, wants_page
from app.privacy.erasure import Ground

_TONES: Final = {
    Standing.RUNNING: "",
    Standing.STILL: "none",
    Standing.SOON: "warn",
    Standing.OVERDUE: "bad",
    Standing.MET: "good",
    Standing.LATE: "bad",
}
_FILTERS: Final = ("open", "overdue", "soon", "ended")
_TOLD: Final = frozenset({Step.ASK, Step.DENY, Step.EXTEND})


def _queue() -> Resource:
    return Resource(type="dsr_queue", id="requests", properties={})


def _one(identifier: str) -> Resource:
    g.dsr_request = one(identifier)
    return Resource(type="dsr_request", id=identifier, properties={})


@feature.route("/requests", action="view", resource=_queue)
def queue(_permit: Permit) -> ResponseReturnValue:
    """Show the requests, those that are due first on top."""
    wanted, kind = request.args.get("show", "open"), request.args.get("kind", "")
    now = present()
    with reading() as session:
        listed = rows.requests(session, ended=wanted == "ended")
    shown = [document(each, now) for each in _chosen(listed, wanted, kind, now)]
    if not wants_page():
        return jsonify(requests=shown)
    return render_template(
        "dsr/queue.html",
        requests=shown,
        show=wanted if wanted in _FILTERS else "open",
        kind=kind,
        filters=_FILTERS,
        kinds=[each.value for each in DsrKind],
        tones=_TONES,
        at=moment(now),
    )


def _chosen(listed: list[Request], wanted: str, kind: str, now: int) -> list[Request]:
    chosen = [each for each in listed if kind in {"", each.kind.value}]
    if wanted in {Standing.OVERDUE, Standing.SOON}:
        chosen = [each for each in chosen if each.pace.standing(now) == wanted]
    return chosen if wanted == "ended" else sorted(chosen, key=lambda each: (each.pace.due(now), each.id))


@feature.route("/requests/<identifier>", action="view", resource=_one)
def request_shown(_permit: Permit, identifier: str) -> ResponseReturnValue:
    """Show one request: what the person says, its history, how far each store is, and what may be done next."""
    return _shown(g.dsr_request, identifier)


def _shown(asked: Request, identifier: str, code: str = "") -> ResponseReturnValue:
    work, law = desk(), data()
    shown = document(asked, present())
    progress = [_progress(each) for each in work.runs.progress(identifier)]
    held = sorted(work.vault.held(asked.subject)) if asked.subject else []
    if not wants_page():
        return jsonify(shown | {"progress": progress, "holds": held} | ({"identity_code": code} if code else {}))
    return render_template(
        "dsr/request.html",
        asked=shown,
        said=said_or_none(identifier, work.vault),
        progress=progress,
        held=held,
        possible=[each.value for each in possible(asked, law.second_person)],
        grounds=law.grounds_for(asked.kind.value, asked.law.value),
        law=asked.law.value,
        methods=law.methods,
        reasons=law.extension_reasons,
        erasure_grounds=[each.value for each in Ground if each is not Ground.REQUEST],
        extensible=asked.pace.extensible(present()),
        tones=_TONES,
        moment=moment,
        identity_code=code,
        mails=work.mails,
    )


def _progress(each: Any) -> dict[str, Any]:
    names = ("store", "step", "state", "count", "code", "reason", "left", "attempts", "receipt")
    return {name: getattr(each, name) for name in names}


def _handled(identifier: str) -> Resource:
    asked, law, vault = one(identifier), data(), desk().vault
    step = found(lambda: officers_step(asked, text_of(sent(), "step"), law.second_person))
    g.dsr_request, g.dsr_step = asked, step
    said, by = said_or_none(identifier, vault), gate_of_request().subject().id
    return found(lambda: handled(asked, said, vault, law.second_person, by, present()))


def _circumstances(said: Mapping[str, Any]) -> dict[str, Any]:
    return {"step": g.dsr_step.value, "code": text_of(said, "code").strip()}


@feature.route(
    "/requests/<identifier>/steps",
    action="handle",
    resource=_handled,
    methods=("POST",),
    context=_circumstances,
)
def handle(permit: Permit, identifier: str) -> ResponseReturnValue:
    """Take a step."""
    step, code, by = g.dsr_step, permit.request.context["code"], permit.request.subject.id
    if step is Step.ASK_IDENTITY and code == identity_code.METHOD:
        return _with_code(permit, identifier)
    move = keeping.Move(
        step=step,
        code=code,
        by=by,
        at=present(),
        said=_saying(step),
        original=_original(identifier, code) if step is Step.LINK else None,
    )
    _hold(identifier, step, code)
    taken = found(lambda: keeping.take(permit, identifier, move, desk().vault, desk().runs))
    with suppress(OSError):  # the job runs within a minute all the same
        desk().runs.wake()
    return _done(taken)


def _with_code(permit: Permit, identifier: str) -> ResponseReturnValue:
    """Send a fresh code to the address on file, which the officer names; without one, show it once for them to send."""
    to, now = found(lambda: written(sent(), "contact", needed=False)), present()
    if to and not (desk().mails and is_address(to)):
        raise RefusedError(problem("malformed_request", "`contact` is no e-mail address, or there is no mail server"))
    letter = partial(_letter, identifier, to) if to else None
    code = found(lambda: identity_code.issue(permit, identifier, desk().secret, now, letter=letter))
    return _done(one(identifier)) if to else make_response(_shown(one(identifier), identifier, code))


def _letter(identifier: str, to: str, code: str) -> keeping.Posting:
    """Return the letter with a code.

    Raises:
        UnknownRequestError, VaultError: whom it is about is not kept, or the key store fails.
    """
    work = desk()
    account = keeping.said(identifier, work.vault).id
    with reading() as session:
        row = session.get_one(RequestRow, identifier)
    return posting(draft(row, LetterKind.CODE, to, code, vault=work.vault, account=account, now=present()))


def _saying(step: Step) -> Any:
    """Return what the step adds to what is said with the request: words to the person, or who the person is."""
    said, now = sent(), present()
    if step is Step.VERIFY:
        account = found(lambda: written(said, "account", needed=False))
        return (lambda before: replace(before, id=account)) if account else None
    if step not in _TOLD:
        return None
    text = found(lambda: written(said, "message", needed=step is Step.ASK))
    return (lambda before: before.asking(Message(asked=True, at=now, text=text))) if text else None


def _original(identifier: str, code: str) -> str:
    """Return the request that is to stand for a duplicate.

    Raises:
        RefusedError: it is not an open one, of the same person, for the same thing.
    """
    mine, other = one(identifier), one(code)
    same = (mine.subject, mine.kind, mine.law) == (other.subject, other.kind, other.law)
    if not same or mine.id == other.id or not other.open or other.verified_at is None:
        raise RefusedError(problem("conflict", "it is no open request of the same person for the same thing"))
    if other.state is State.DUPLICATE:
        raise RefusedError(problem("conflict", "it is a duplicate itself"))
    return other.id


def _hold(identifier: str, step: Step, reason: str) -> None:
    """Set or release the legal hold on the person, before the step says so; either may be done again."""
    if step not in {Step.HOLD, Step.RELEASE}:
        return
    asked, work = g.dsr_request, desk()
    said = found(lambda: keeping.said(identifier, work.vault))
    person = (asked.tenant, asked.person_kind, said.id)
    change = work.vault.hold if step is Step.HOLD else work.vault.release
    found(lambda: change(person, reason, lambda draft: work.note(draft.type, draft.body)))


def _done(taken: Request) -> ResponseReturnValue:
    if wants_page():
        return seen_other("dsr.request_shown", identifier=taken.id)
    return jsonify(document(taken, present()))
