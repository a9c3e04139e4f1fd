"""The portal as a Flask application: what it is handed, what it is made of, what it answers when policy denies.

Owns no page: packages here bring them, `ROUTES` names their modules.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from flask import Flask, redirect, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader

import app as product
from app.audits.activity import keep
from app.audits.errors import AuditsError
from app.decision_plane.buckets import Buckets, Rate
from app.errors import problem
from app.pages import SAFE, answer, reasons
from app.pages import install as install_pages
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.peer import neighbours
from app.pep import Decider, Gate, RefusedError, wants_page
from app.pep import install as install_gate
from auditor_portal import clock, entrance
from auditor_portal.deciding import PORTAL
from auditor_portal.engaged import own
from auditor_portal.engagement import routes_home, routes_requests
from auditor_portal.entrance import Entrance, Recogniser, address, auditor, csrf_token, subject
from auditor_portal.exporting import routes as exporting_routes
from auditor_portal.feature import feature
from auditor_portal.policies import routes as policies_routes
from auditor_portal.records import routes as records_routes
from auditor_portal.records import routes_record
from auditor_portal.signing_in import refusals, routes, routes_codes, routes_ends
from auditor_portal.signing_in.desk import Desk
from auditor_portal.signing_in.desk import install as install_desk
from auditor_portal.testing import routes_again, routes_controls, routes_runs, routes_samples
from auditor_portal.trail import routes as trail_routes
from auditor_portal.verifying import routes as verifying_routes

MAX_BODY: Final = 8 << 20
"""Bytes of a form that are taken: evidence is attached to requests."""

KEPT: Final = frozenset({"static", "shared"})
"""The endpoints of style sheets and scripts."""

PUBLIC: Final = KEPT | {"auditor_portal.sign_in", "auditor_portal.describe"}
"""The endpoints that ask nobody: how to sign in, who we are to identity providers. None changes or shows anything."""

FOREIGN: Final = frozenset({"auditor_portal.come_back"})
"""The endpoints to which identity providers send forms."""

ROUTES: Final[tuple[ModuleType, ...]] = (
    routes,
    routes_codes,
    routes_ends,
    routes_home,
    routes_requests,
    records_routes,
    routes_record,
    routes_controls,
    routes_runs,
    routes_again,
    routes_samples,
    exporting_routes,
    trail_routes,
    policies_routes,
    verifying_routes,
)
"""Every module that brings routes, by being imported."""

_VISITORS: Final = Rate(per_second=5, burst=50)  # of all visitors together: each of their requests is a record
_STRANGER: Final = Rate(per_second=2, burst=40)  # of one address, so that it leaves something to the others
_MOST_ADDRESSES: Final = 4_096
_SIGN_IN: Final = "auditor_portal.sign_in"
_PRODUCT: Final = Path(product.__file__).parent
_SHARED: Final = _PRODUCT / "static"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """What the application is handed.

    Attributes:
        pdp: decides.
        recogniser: says who sends a request.
        desk: where auditors sign in, which is then the recogniser as well; without one, nobody does.
        secret: what forms are signed with; the same for all processes that serve one host.
        public_url: the origin that auditors know.
        now: Unix seconds.
        ticks: seconds of a clock that only grows.
    """

    pdp: Decider
    recogniser: Recogniser
    secret: bytes = field(repr=False)
    public_url: str
    desk: Desk | None = None
    now: Callable[[], float] = time.time
    ticks: Callable[[], float] = time.monotonic


def create_app(portal: Portal) -> Flask:
    """Return the application."""
    app = Flask("auditor_portal", template_folder="templates", static_folder="static")
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, MAX_FORM_MEMORY_SIZE=256 << 10, MAX_FORM_PARTS=1_000)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.jinja_loader = _templates(app)
    here = portal.desk
    begun = here.begun if here else entrance.session_of_auditor
    entrance.install(app, Entrance(recogniser=portal.recogniser, secret=portal.secret, begun=begun))
    install_desk(app, here)
    clock.install(app, portal.now)
    install_gate(app, Gate(pdp=portal.pdp, subject=subject, caller=PORTAL, acted=partial(_acted, portal)))
    install_pages(
        app,
        public_url=portal.public_url,
        csrf_token=csrf_token,
        denied=_denied,
        foreign=FOREIGN,
        kept=KEPT,
    )
    app.register_error_handler(AuditsError, lambda error: answer(error.problem))
    strangers, visitors = Buckets(portal.ticks, _MOST_ADDRESSES), Buckets(portal.ticks, 1)
    app.before_request(lambda: _refuse_flood(strangers, visitors))
    app.context_processor(_shared)
    app.add_url_rule("/shared/<path:filename>", "shared", _style, provide_automatic_options=False)
    app.register_blueprint(feature.blueprint)
    return app


def _templates(app: Flask) -> ChoiceLoader:
    """Return where templates are: the portal's own, and of the control plane's those that both share."""
    shared = PrefixLoader({"shared": FileSystemLoader(_PRODUCT / "templates" / "shared")})
    return ChoiceLoader([FileSystemLoader(Path(app.root_path) / "templates"), shared])


def _acted(portal: Portal, permit: Permit) -> None:
    """Write down when somebody was last seen, and what they are shown."""
    if portal.desk is not None:
        portal.desk.acted(permit)
    keep(permit, int(portal.now()))


def _style(filename: str) -> ResponseReturnValue:
    """Return a file that the control plane's pages use too."""
    return send_from_directory(_SHARED, filename)


def _refuse_flood(strangers: Buckets, visitors: Buckets) -> None:
    if request.endpoint in KEPT or auditor() is not None:
        return
    if strangers.take(neighbours(address()), _STRANGER).wait or visitors.take("visitor", _VISITORS).wait:
        raise RefusedError(problem("too_many_requests"))


def _shared() -> dict[str, Any]:
    """Return what every page may use."""
    arguments = request.view_args or {}
    return {"auditor": auditor(), "menu": feature.menu, "engagement": arguments.get("engagement")}


def _denied(error: DeniedError) -> ResponseReturnValue:
    """Say why to who takes part in the engagement, and to anybody else nothing, not even that it is there."""
    if request.endpoint in refusals.ENDPOINTS:
        return refusals.denied(error)
    if auditor() is None and request.method in SAFE and wants_page():
        return redirect(url_for(_SIGN_IN, next=request.full_path.rstrip("?")), code=303)
    if own():
        return answer(problem("denied"), reasons(error))
    return answer(problem("not_found"), {"decision_id": error.decision_id})
