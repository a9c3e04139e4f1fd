"""The control plane: a Flask application for officers, every view of it behind the gate.

Owns what it is made of. Features bring the pages, `app/pages.py` what holds for all of them. Imported only
where it is served, because a decision needs none of it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any, Final

from flask import Flask, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app import sessions
from app.audits.errors import AuditsError
from app.blocking_pdp import BlockingPdp
from app.decision_plane.buckets import Buckets, Rate
from app.errors import problem
from app.features.ai_act import routes_incidents, routes_systems
from app.features.ai_act.feature import feature as ai_act
from app.features.ai_act.node_records import NoRecords
from app.features.ai_act.node_records import Records as Known
from app.features.ai_act.register import install as install_known
from app.features.dsr import desk as dsr_desk
from app.features.dsr import refusing, routes_intake, routes_mine, routes_queue
from app.features.dsr.feature import feature as dsr
from app.features.dsr.opening import Opened as Rights
from app.features.engagements import routes_engagements, routes_firms, routes_requests
from app.features.engagements.desk import Desk, Nowhere, Places
from app.features.engagements.desk import install as install_desk
from app.features.engagements.feature import feature as engagements
from app.features.frameworks import (
    declared,
    records,
    routes_catalogs,
    routes_controls,
    routes_coverage,
    routes_findings,
    routes_records,
    routes_steps,
    shelf,
)
from app.features.frameworks.feature import feature as frameworks
from app.features.frameworks.records import Records
from app.features.marketplace.billing import provider as payment
from app.features.marketplace.billing import (
    routes_coupons,
    routes_invoices,
    routes_plans,
    routes_usage,
    routes_webhooks,
)
from app.features.marketplace.catalogue import desk as catalogue_desk
from app.features.marketplace.catalogue import (
    routes_agents,
    routes_catalogue,
    routes_installs,
    routes_parties,
    routes_releases,
)
from app.features.marketplace.catalogue.examining import Examiner
from app.features.marketplace.catalogue.installing import Bought
from app.features.marketplace.errors import MarketplaceError
from app.features.marketplace.feature import feature as marketplace
from app.features.marketplace.fraud import desk as fraud_desk
from app.features.marketplace.fraud import routes_investigations
from app.features.marketplace.lifecycle import routes_appeals, routes_badges, routes_life, routes_reviews
from app.features.marketplace.lifecycle import routes_queue as routes_life_queue
from app.features.marketplace.lifecycle import routes_steps as routes_life_steps
from app.features.marketplace.lifecycle.desk import Desk as LifeDesk
from app.features.marketplace.lifecycle.desk import Trade
from app.features.marketplace.lifecycle.desk import install as install_life
from app.features.marketplace.lifecycle.trade import MarketTrade
from app.features.marketplace.sales import events as sales_events  # noqa: F401 - it takes the provider's events
from app.features.marketplace.sales import routes_finance, routes_orders
from app.features.marketplace.sales.till import Till
from app.features.marketplace.sales.till import install as install_till
from app.features.marketplace.supply import routes_signatures
from app.features.marketplace.supply.places import Places as Supply
from app.features.marketplace.supply.places import install as install_supply
from app.features.policies import routes_tree
from app.features.policies.changes import routes_changes
from app.features.policies.changes.board import Board
from app.features.policies.changes.board import install as install_board
from app.features.policies.drift import routes_drift
from app.features.policies.feature import feature as policies
from app.features.policies.library import InForce, Library
from app.features.policies.library import install as install_library
from app.features.policies.overrides import routes_overrides
from app.features.policies.results import routes_promotion, routes_results
from app.features.policies.results.promotions import Promotions
from app.features.policies.results.promotions import install as install_promotions
from app.features.policies.results.results import Results
from app.features.policies.results.results import install as install_results
from app.features.privacy import (
    redacting,
    routes_consents,
    routes_exports,
    routes_oversight,
    routes_redaction,
    routes_reveal,
)
from app.features.privacy.feature import feature as privacy
from app.features.privacy.office import Office
from app.features.privacy.office import install as install_office
from app.features.privacy.redacting import Redaction
from app.features.session import routes as routes_session
from app.features.session.entrance import Entrance, csrf_token, install, officer, subject
from app.features.session.feature import feature as session
from app.features.session.links import Links
from app.features.session.provider import Provider
from app.objects import Objects
from app.pages import SAFE, answer, reasons
from app.pages import install as install_pages
from app.pdp.enforce import Permit
from app.pdp.errors import DeniedError
from app.pdp.model import Entity
from app.pep import CONTROL, MAX_BODY, PUBLIC, Feature, Gate, RefusedError, limit_body, refuse_ungated, wants_page
from app.pep import install as install_gate
from app.service_caller import service_caller, service_subject
from frameworks.collection import Collection, shipped

FEATURES: Final[tuple[Feature, ...]] = (session, policies, frameworks, ai_act, engagements, privacy, dsr, marketplace)
"""Every feature there is."""

ROUTES: Final[tuple[ModuleType, ...]] = (
    routes_session,
    routes_tree,
    routes_changes,
    routes_overrides,
    routes_drift,
    routes_promotion,
    routes_results,
    routes_catalogs,
    routes_controls,
    routes_coverage,
    routes_findings,
    routes_records,
    routes_steps,
    routes_systems,
    routes_incidents,
    routes_engagements,
    routes_firms,
    routes_requests,
    routes_consents,
    routes_exports,
    routes_oversight,
    routes_intake,
    routes_mine,
    routes_queue,
    routes_redaction,
    routes_reveal,
    routes_plans,
    routes_coupons,
    routes_usage,
    routes_invoices,
    routes_webhooks,
    routes_catalogue,
    routes_parties,
    routes_agents,
    routes_releases,
    routes_installs,
    routes_signatures,
    routes_life,
    routes_life_steps,
    routes_orders,
    routes_finance,
    routes_badges,
    routes_reviews,
    routes_investigations,
    routes_life_queue,
    routes_appeals,
)
"""Every module that brings routes to one of them, by being imported."""

_OF_VISITORS: Final = frozenset(
    {"session.come_back", "dsr.mine", "dsr.export", "dsr.certificate_as_pdf", "dsr.certificate_signed"}
)  # nobody who is refused there has to sign in
_FOREIGN: Final = frozenset({"marketplace.receive_stripe"})  # each is signed by whoever sends it
_VISITORS: Final = Rate(per_second=5, burst=50)  # of all visitors together: each of their requests is a record


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What the application is handed.

    Attributes:
        pdp: decides.
        secret: what cookies and forms are signed with; the same for all processes that serve one host.
        public_url: the origin that people know; without one, cookies are for https alone.
        links: reads login links.
        results: what the tests of policies show.
        promotions: what gates would have denied.
        provider: the identity provider, if there is one.
        board: what change requests are made with; without one there are none.
        library: where policies are read; without one, those in force are all there is.
        collection: returns what frameworks and controls there are; unless it is given, those that are shipped.
        records: where records of the log are read; without it, none is shown.
        known: what is known of the log, for conformity files.
        audits: where evidence for auditors lies, and the log's index.
        office: what consents and the pages about personal data work with; without it, they know nobody.
        rights: what requests of data subjects are answered with; without it there are none.
        redaction: what texts are redacted with; without it, nobody has a key.
        payments: who moves money on the marketplace; unless one is given, it is booked as made outside.
        objects: where artifacts of the marketplace lie; without it there is no place for them.
        examiner: looks into releases; without it none is taken in.
        bought: tells which buyer has bought which agent; unless it is given, nobody has.
        supply: where the keys of the signing authority lie; without it there is none.
        till: what the marketplace sells with; without it nothing is sold.
        trade: who knows what was bought and installed on the marketplace.
        now: Unix seconds.
        ticks: seconds of a clock that only grows.
    """

    pdp: BlockingPdp
    secret: bytes = field(repr=False)
    public_url: str
    links: Links
    results: Results
    promotions: Promotions
    provider: Provider | None = None
    library: Library | None = None
    board: Board | None = None
    collection: Callable[[], Collection] = shipped
    records: Records | None = None
    known: Known = field(default_factory=NoRecords)
    audits: Places = field(default_factory=Nowhere)
    office: Office | None = None
    rights: Rights | None = None
    redaction: Redaction | None = None
    objects: Objects | None = None
    examiner: Examiner | None = None
    bought: Bought = lambda _session, _buyer, _agent: False
    supply: Supply | None = None
    till: Till | None = None
    payments: payment.Provider = field(default_factory=payment.Provider)
    trade: Trade = field(default_factory=MarketTrade)
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
        Entrance(
            links=control.links,
            provider=control.provider,
            secret=control.secret,
            secure=secure,
            now=control.now,
            note=lambda kind, body: control.pdp.note(kind, CONTROL, body),
        ),
    )
    install_library(app, control.library or InForce(lambda: control.pdp.policies.bundle))
    install_board(app, control.board)
    install_results(app, control.results)
    install_promotions(app, control.promotions)
    declared.install(app, lambda: control.collection().controls)
    shelf.install(app, control.collection, control.now)
    records.install(app, control.records)
    install_known(app, control.known)
    titles = partial(_titles, control.collection)
    install_desk(app, Desk(frameworks=titles, now=control.now, places=control.audits))
    install_office(app, control.office or Office(now=control.now))
    dsr_desk.install(app, _desk(control))
    redacting.install(app, control.redaction or Redaction(now=control.now, ticks=control.ticks))
    catalogue_desk.install(
        app,
        catalogue_desk.Desk(
            now=control.now,
            secret=control.secret,
            objects=control.objects,
            examiner=control.examiner,
            bought=control.bought,
        ),
    )
    install_supply(app, control.supply or Supply(now=control.now))
    install_till(app, control.till)
    install_life(app, LifeDesk(now=control.now, trade=control.trade))
    payment.install(app, payment.Till(provider=control.payments, now=control.now))
    fraud_desk.install(app, control.now)
    install_gate(
        app,
        Gate(
            pdp=control.pdp,
            subject=_subject,
            acted=partial(_acted, control.now),
            bundle=lambda: control.pdp.policies.bundle,
        ),
    )
    visitors = Buckets(control.ticks, 1)
    app.before_request(limit_body)
    install_pages(
        app,
        public_url=control.public_url,
        csrf_token=csrf_token,
        denied=_denied,
        foreign=_FOREIGN,
        proved=_by_token,
        plain=refusing.page,
    )
    app.register_error_handler(AuditsError, lambda error: answer(error.problem))
    app.register_error_handler(MarketplaceError, lambda error: answer(problem(error.problem, str(error))))
    app.before_request(partial(_refuse_flood, visitors))
    app.context_processor(partial(_shared, features))
    app.add_url_rule("/", "home", lambda: redirect(url_for("policies.tree")), provide_automatic_options=False)
    for feature in features:
        app.register_blueprint(feature.blueprint)
    refuse_ungated(app, control.pdp.policies.bundle.actions)
    return app


def _desk(control: Control) -> dsr_desk.Desk | None:
    if control.rights is None:
        return None
    return control.rights.desk(
        note=lambda kind, body: control.pdp.note(kind, CONTROL, body),
        secret=dsr_desk.code_key(control.secret),
        public_url=control.public_url,
        now=control.now,
        ticks=control.ticks,
    )


def _titles(collection: Callable[[], Collection]) -> dict[str, str]:
    return {name: catalog.title for name, catalog in sorted(collection().catalogs.items())}


def _by_token() -> bool:
    return service_caller() is not None


def _subject() -> Entity:
    caller = service_caller()
    return subject() if caller is None else service_subject(caller)


def _acted(now: Callable[[], float], permit: Permit) -> None:
    found = None if _by_token() else officer()
    if found is not None:
        sessions.saw(found, permit, now())


def _refuse_flood(visitors: Buckets) -> None:
    if request.endpoint in PUBLIC or _by_token() or officer() is not None:
        return  # the requests of services are counted where it is found out who they are
    if visitors.take("visitor", _VISITORS).wait:
        raise RefusedError(problem("too_many_requests"))


def _shared(features: tuple[Feature, ...]) -> dict[str, Any]:
    """Return what every page may use: who looks, the sections of the menu with their pages, and the one it is in."""
    sections: dict[str, dict[str, str]] = {}
    for feature in features:
        if feature.menu:
            sections.setdefault(feature.section, {}).update(feature.menu)
    here = next((feature.section for feature in features if feature.name == request.blueprint), None)
    return {"officer": officer(), "sections": sections, "here": here}


def _denied(error: DeniedError) -> ResponseReturnValue:
    if request.method in SAFE and wants_page() and officer() is None and request.endpoint not in _OF_VISITORS:
        return redirect(url_for("session.front", next=request.full_path.rstrip("?")), code=303)
    return answer(problem("denied"), reasons(error))
