"""The code of an authenticator: asked for, given, and the authenticator itself at the first sign-in."""

import logging
from typing import Any, Final

from flask import Response, make_response, redirect, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.audits import attempts, authenticators, sessions, totp
from app.audits.authenticators import TriedMeanwhileError
from app.audits.database import portal_data
from app.audits.totp import CodeRefusedError, SecretError
from app.errors import problem
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pep import RefusedError, sent
from auditor_portal.engaged import circumstances
from auditor_portal.feature import feature
from auditor_portal.signing_in.desk import desk
from auditor_portal.signing_in.facts import Refusal, Trying, coded, decide, deny, tried, trying
from auditor_portal.signing_in.qr_code import qr_code

_LOG = logging.getLogger(__name__)
_ISSUER: Final = "Omega auditor portal"
_LONGEST_CODE: Final = 16
_DENIED: Final = 403


@feature.route("/sign-in/code", action="sign_in", resource=trying, context=circumstances)
def ask_for_code(_: Permit) -> ResponseReturnValue:
    """Ask for a code; who has no authenticator yet is told the secret of one."""
    return _page(tried())


@feature.route("/sign-in/code", action="sign_in", resource=trying, methods=("POST",), context=circumstances)
def give_code(permit: Permit) -> ResponseReturnValue:
    """Take a code. It counts as wrong until it turns out to be right, so that many at once are no more than a few."""
    found, here = tried(), desk()
    auditor = found.attempt.proved.auditor
    try:
        authenticators.count_try(permit, auditor, found.known, here.now())
    except TriedMeanwhileError:
        deny(coded(found, right=False), Refusal.TRIED_MEANWHILE)
    try:
        step = totp.verify_code(_secret(found), _typed(), now=here.now(), used=found.known.used)
    except CodeRefusedError:
        return _wrong(found)
    try:
        token = _begin(decide(coded(found, right=True)), found, step)
    except CodeRefusedError:
        deny(coded(found, right=False), Refusal.CODE_USED)
    answer: Response = make_response(redirect(found.attempt.place, code=303))
    here.let_in(answer, token)
    return answer


def _wrong(found: Trying) -> ResponseReturnValue:
    """Have it on record that a code was wrong, and ask again."""
    try:
        deny(coded(found, right=False))
    except DeniedError as error:
        left = totp.TRIES - found.known.tries.failures - 1
        return _page(found, decision_id=error.decision_id, left=max(left, 0)), _DENIED


def _begin(permit: Permit, found: Trying, step: int) -> str:
    """Use up code and attempt, open the session, and return the secret for its cookie.

    Raises:
        CodeRefusedError: one of them was used in the meantime.
    """
    here, proved = desk(), found.attempt.proved
    enrolled = found.attempt.secret if found.known.secret is None else None
    with portal_data.writing(permit) as writing:
        fresh = authenticators.accept(writing, proved.auditor, step, enrolled=enrolled)
        if not fresh or not attempts.close(writing, found.attempt):
            raise CodeRefusedError("the code, or the attempt, was used")
        return sessions.begin(
            writing,
            permit,
            sessions.by_code(proved),
            agent=here.agent(),
            most=found.firm.max_sessions,
            now=here.now(),
            random=here.text,
        )


def _secret(found: Trying) -> bytes:
    """Return the secret whose codes count: the auditor's, or the one that this attempt was told.

    Raises:
        RefusedError: it was kept under another key of the portal; an officer has it forgotten.
    """
    kept = found.known.secret or found.attempt.secret
    try:
        return totp.unseal(kept or "", key=desk().key("totp"), auditor=found.attempt.proved.auditor)
    except SecretError as error:
        _LOG.error("an authenticator's secret cannot be opened: it was kept under another key of the portal")
        raise RefusedError(problem("login_refused")) from error


def _typed() -> str:
    """Return the code that was typed; people put spaces in it."""
    code = sent().get("code")
    return code.replace(" ", "")[:_LONGEST_CODE] if isinstance(code, str) else ""


def _page(found: Trying, **more: Any) -> str:
    told = _told(found) if found.known.secret is None else {}
    return render_template("signing_in/code.html", firm=found.firm.name, **told, **more)


def _told(found: Trying) -> dict[str, Any]:
    """Return what an authenticator has to be told."""
    secret = _secret(found)
    link = totp.link(secret, issuer=_ISSUER, account=found.attempt.proved.auditor)
    return {"secret": totp.spelled(secret), "link": link, "code": Markup(qr_code(link))}  # noqa: S704 - drawn here
