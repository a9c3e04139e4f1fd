"""The control plane: a Flask application for officers, every view of it behind the gate.

Owns what holds for all pages: headers, errors, forms of other sites, sizes. Features bring the pages. Imported only
where it is served, because a decision needs none of it.
"""

import hmac
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from traceback import format_tb
from types import ModuleType
from typing import Any, Final

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app import sessions
from app.blocking_pdp import BlockingPdp
from app.decision_plane.buckets import Buckets, Rate
from app.errors import CODES, Problem, problem
from app.features.policies import routes_tree
from app.features.policies.changes import routes_changes
from app.features.policies.changes.board import Board
from app.features.policies.changes.board import install as install_board
from app.features.policies.drift import routes_drift
from app.features.policies.feature import feature as policies
from app.features.policies.library import InForce, Library
from app.features.policies.library import install as install_library
from app.features.policies.overrides import routes_overrides
from app.features.policies.results import routes_results
from app.features.policies.results.results import Results
from app.features.policies.results.results import install as install_results
from app.features.session import routes as routes_session
from app.features.session.entrance import Entrance, csrf_token, install, officer, subject
from app.features.session.feature import feature as session
from app.features.session.links import Links
from app.features.session.provider import Provider
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError, MalformedRequestError, PdpError
from app.pep import MAX_BODY, PUBLIC, Feature, Gate, RefusedError, refuse_ungated, wants_page
from app.pep import install as install_gate

_LOG = logging.getLogger(__name__)
FEATURES: Final[tuple[Feature, ...]] = (session, policies)
"""Every feature there is."""

ROUTES: Final[tuple[ModuleType, ...]] = (
    routes_session,
    routes_tree,
    routes_changes,
    routes_overrides,
    routes_drift,
    routes_results,
)
"""Every module that brings routes to one of them, by being imported."""

_SAFE: Final = frozenset({"GET", "HEAD"})
_OWN: Final = frozenset({"same-origin", "none"})
_VISITORS: Final = Rate(per_second=5, burst=50)  # of all visitors together: each of their requests is a record
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_YEAR: Final = 31_536_000
_STATUSES: Final = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What the application is handed.

    Attributes:
        pdp: decides.
        secret: what cookies and forms are signed with; the same for all processes that serve one host.
        public_url: the origin that people know; without one, cookies are for https alone.
        links: reads login links.
        results: what the tests of policies show.
        provider: the identity provider, if there is one.
        board: what change requests are made with; without one there are none.
        library: where policies are read; without one, those in force are all there is.
        now: Unix seconds.
        ticks: seconds of a clock that only grows.
    """

    pdp: BlockingPdp
    secret: bytes = field(repr=False)
    public_url: str
    links: Links
    results: Results
    provider: Provider | None = None
    library: Library | None = None
    board: Board | None = None
    now: Callable[[], float] = time.time
    ticks: Callable[[], float] = time.monotonic


def create_app(control: Control, features: tuple[Feature, ...] = FEATURES) -> Flask:
    """Return the application.

    Raises:
        UngatedError: it would answer something that no policy in force decides on.
    """
    app = Flask("app", template_folder="templates", static_folder="static")
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, MAX_FORM_MEMORY_SIZE=MAX_BODY, MAX_FORM_PARTS=1_000)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    secure = not control.public_url.startswith("http:")
    install(
        app,
        Entrance(links=control.links, provider=control.provider, secret=control.secret, secure=secure, now=control.now),
    )
    install_library(app, control.library or InForce(lambda: control.pdp.policies.bundle))
    install_board(app, control.board)
    install_results(app, control.results)
    install_gate(app, Gate(pdp=control.pdp, subject=subject, acted=partial(_acted, control.now)))
    visitors = Buckets(control.ticks, 1)
    app.before_request(partial(_refuse_foreign, control.public_url))
    app.before_request(partial(_refuse_flood, visitors))
    app.after_request(partial(_harden, secure=secure))
    menu = {endpoint: label for feature in features for endpoint, label in feature.menu.items()}
    app.context_processor(partial(_shared, menu))
    _register_errors(app)
    app.add_url_rule("/", "home", lambda: redirect(url_for("policies.tree")), provide_automatic_options=False)
    for feature in features:
        app.register_blueprint(feature.blueprint)
    refuse_ungated(app, control.pdp.policies.bundle.actions)
    return app


def _acted(now: Callable[[], float], permit: Permit) -> None:
    found = officer()
    if found is not None:
        sessions.saw(found, permit, now())


def _refuse_foreign(public_url: str) -> None:
    """Refuse what another site has a browser send (RFC 9110, section 9.2.1; Fetch Metadata; RFC 6454).

    Raises:
        RefusedError: it does.
    """
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = {public_url, request.host_url.rstrip("/")}
    if not (site in _OWN or (site is None and origin in ours)):
        raise RefusedError(problem("foreign_form"))
    if (token := csrf_token()) and not hmac.compare_digest(_shown().encode(), token.encode()):
        raise RefusedError(problem("foreign_form"))


def _shown() -> str:
    return request.headers.get("x-csrf-token") or request.form.get("csrf", "")


def _refuse_flood(visitors: Buckets) -> None:
    if request.endpoint in PUBLIC or officer() is not None:
        return
    if visitors.take("visitor", _VISITORS).wait:
        raise RefusedError(problem("too_many_requests"))


def _harden(answer: Response, *, secure: bool) -> Response:
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    if secure:
        answer.headers["strict-transport-security"] = f"max-age={_YEAR}"
    if request.endpoint != "static":
        answer.headers["cache-control"] = "no-store"
    return answer


def _shared(menu: Mapping[str, str]) -> dict[str, Any]:
    """Return what every page may use."""
    return {"csrf": _csrf, "officer": officer(), "menu": menu}


def _csrf() -> Markup:
    return Markup('<input type="hidden" name="csrf" value="{}">').format(csrf_token())


def _register_errors(app: Flask) -> None:
    app.register_error_handler(DeniedError, _denied)
    app.register_error_handler(RefusedError, lambda error: _answer(error.problem))
    app.register_error_handler(PdpError, _undecided)
    app.register_error_handler(RequestEntityTooLarge, lambda _: _answer(problem("request_too_large")))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _fault)


def _denied(error: DeniedError) -> ResponseReturnValue:
    if request.method in _SAFE and wants_page() and officer() is None and request.endpoint != "session.come_back":
        return redirect(url_for("session.front", next=request.full_path.rstrip("?")), code=303)
    found = problem("denied")
    gates = [
        {"id": each.id, "title": each.message, "severity": each.severity.value, "controls": list(each.controls)}
        for each in error.decision.violations
    ]
    reasons = [{"code": each.code, "path": each.path} for each in error.decision.diagnostics]
    return _answer(found, {"decision_id": error.decision_id, "gates": gates, "diagnostics": reasons})


def _undecided(error: PdpError) -> ResponseReturnValue:
    match error:
        case MalformedRequestError():
            return _answer(problem("malformed_request", f"{error.code}: {error.detail}"))
        case _:
            return _answer(problem(error.code if error.code in CODES else "internal"))


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is not None and error.code < 400:  # noqa: PLR2004 - a redirect of the router
        return error
    answer = _answer(problem(_STATUSES.get(error.code or 0, "malformed_request")))
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        answer.headers["allow"] = ", ".join(sorted(allowed))
    return answer


def _fault(error: Exception) -> ResponseReturnValue:
    """Say nothing of an error that nobody foresaw: its message may quote the request."""
    _LOG.error("request failed: %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
    return _answer(problem("internal"))


def _answer(found: Problem, more: dict[str, Any] | None = None) -> Response:
    """Return a problem as a page or as a document (RFC 9457), whichever is wanted."""
    if wants_page():
        answer = make_response(render_template("problem.html", problem=found, **(more or {})), found.status)
    else:
        answer = jsonify(found.document() | (more or {}))
        answer.status_code = found.status
        answer.content_type = "application/problem+json"
    if found.retry_after is not None:
        answer.headers["retry-after"] = str(found.retry_after)
    return answer
