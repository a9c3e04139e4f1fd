"""What holds for all pages of an application: headers, forms of other sites, errors as pages or as documents.

Knows neither who signs in nor what a feature shows; the control plane and the auditor portal say so.
"""

import hmac
import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial
from traceback import format_tb
from typing import Any, Final

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app.errors import CODES, Problem, problem
from app.pdp.errors import DeniedError, MalformedRequestError, PdpError
from app.pdp.model import Enforcement
from app.pep import RefusedError, wants_page

SAFE: Final = frozenset({"GET", "HEAD"})
"""The methods that change nothing (RFC 9110, section 9.2.1)."""

_LOG = logging.getLogger(__name__)
_OWN: Final = frozenset({"same-origin", "none"})
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""What every answer has, page or not."""

_PLAIN: Final = "omega.plain_pages"
_YEAR: Final = 31_536_000
_STATUSES: Final = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}


def install(  # noqa: PLR0913 - what an application says of itself
    app: Flask,
    *,
    public_url: str,
    csrf_token: Callable[[], str],
    denied: Callable[[DeniedError], ResponseReturnValue],
    foreign: Collection[str] = (),
    proved: Callable[[], bool] | None = None,
    kept: Collection[str] = ("static",),
    plain: Callable[[Problem], str | None] = lambda _: None,
) -> None:
    """Have `app` answer as all pages do.

    Args:
        app: the application.
        public_url: the origin that people know; without one, they come over https.
        csrf_token: returns what forms of this session carry; empty without a session.
        denied: answers what policy denies.
        foreign: the endpoints to which other sites may send forms, as an identity provider does.
        proved: tells whether a request has shown who sends it as no browser does by itself, by a token; without it,
            nobody has any.
        kept: the endpoints of which browsers may keep the answers.
        plain: makes the page of a problem for those who know nothing of policies; nothing for everybody else.
    """
    app.extensions[_PLAIN] = plain
    app.before_request(partial(_refuse_foreign, public_url, csrf_token, frozenset(foreign), proved))
    app.after_request(partial(_harden, hsts(public_url), frozenset(kept)))
    app.context_processor(lambda: {"csrf": partial(_csrf, csrf_token)})
    app.register_error_handler(DeniedError, denied)
    app.register_error_handler(RefusedError, lambda error: answer(error.problem))
    app.register_error_handler(PdpError, _undecided)
    app.register_error_handler(RequestEntityTooLarge, lambda _: answer(problem("request_too_large")))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


def answer(found: Problem, more: dict[str, Any] | None = None) -> Response:
    """Return a problem as a page or as a document (RFC 9457), whichever is wanted."""
    if wants_page():
        page = current_app.extensions[_PLAIN](found)
        made = make_response(page or render_template("problem.html", problem=found, **(more or {})), found.status)
    else:
        made = jsonify(found.document() | (more or {}))
        made.status_code = found.status
        made.content_type = "application/problem+json"
    if found.retry_after is not None:
        made.headers["retry-after"] = str(found.retry_after)
    return made


def reasons(error: DeniedError) -> dict[str, Any]:
    """Return why policy denied something, for whoever may know it."""
    set_aside = {each.gate for each in error.decision.overrides}
    denied: list[dict[str, Any]] = []
    reported: list[dict[str, Any]] = []  # what has failed, and was not the reason
    for each in error.decision.violations:
        denies = each.enforcement is Enforcement.BLOCKING and each.id not in set_aside
        gate = {"id": each.id, "title": each.message, "severity": each.severity.value, "controls": list(each.controls)}
        (denied if denies else reported).append(gate)
    diagnostics = [{"code": each.code, "path": each.path} for each in error.decision.diagnostics]
    return {"decision_id": error.decision_id, "gates": denied, "reported": reported, "diagnostics": diagnostics}


def _refuse_foreign(
    public_url: str, csrf_token: Callable[[], str], foreign: frozenset[str], proved: Callable[[], bool] | None
) -> None:
    """Refuse what another site has a browser send (RFC 9110, section 9.2.1; Fetch Metadata; RFC 6454).

    Raises:
        RefusedError: it does. What no browser sends, and nobody who has signed in, lacks the token of a service.
    """
    if request.method in SAFE or request.endpoint in foreign or (proved is not None and proved()):
        return
    site, origin, token = request.headers.get("sec-fetch-site"), request.headers.get("origin"), csrf_token()
    if proved is not None and site is origin is None and not token:
        raise RefusedError(problem("unauthenticated"))
    ours = {public_url, request.host_url.rstrip("/")}
    if not (site in _OWN or (site is None and origin in ours)):
        raise RefusedError(problem("foreign_form"))
    if token and not hmac.compare_digest(_shown().encode(), token.encode()):
        raise RefusedError(problem("foreign_form"))


def _shown() -> str:
    return request.headers.get("x-csrf-token") or request.form.get("csrf", "")


def hsts(public_url: str) -> dict[str, str]:
    """Return the header that keeps people on https (RFC 6797), unless they come over http, on a laptop."""
    return {} if public_url.startswith("http:") else {"strict-transport-security": f"max-age={_YEAR}"}


def _harden(secured: Mapping[str, str], kept: frozenset[str], made: Response) -> Response:
    for name, value in HEADERS.items():
        made.headers.setdefault(name, value)
    made.headers.update(secured)
    if request.endpoint not in kept:
        made.headers["cache-control"] = "no-store"
    return made


def _csrf(csrf_token: Callable[[], str]) -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(csrf_token())


def _undecided(error: PdpError) -> ResponseReturnValue:
    match error:
        case MalformedRequestError():
            return answer(problem("malformed_request", f"{error.code}: {error.detail}"))
        case _:
            return answer(problem(error.code if error.code in CODES else "internal"))


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is not None and error.code < 400:  # noqa: PLR2004 - a redirect of the router
        return error
    made = answer(problem(_STATUSES.get(error.code or 0, "malformed_request")))
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        made.headers["allow"] = ", ".join(sorted(allowed))
    return made


def _fault(error: Exception) -> ResponseReturnValue:
    """Say nothing of an error that nobody foresaw: its message may quote the request."""
    _LOG.error("request failed: %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
    return answer(problem("internal"))
