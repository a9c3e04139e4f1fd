"""Pages and effects of signing in by a firm's identity provider: there, and back again."""

import re
from typing import Any, Final

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.audits import attempts, authenticators, saml_tables, sessions, totp
from app.audits.database import portal_data
from app.audits.firms import SLUG, Mfa
from app.audits.identity_provider import IdentityProvider, ProviderError
from app.audits.saml_tables import PendingRequest, SamlKind
from app.errors import problem
from app.pdp.enforce import Permit
from app.pep import RefusedError
from auditor_portal.engaged import circumstances
from auditor_portal.entrance import address
from auditor_portal.feature import feature
from auditor_portal.saml.authn_request import ask
from auditor_portal.saml.errors import SamlError
from auditor_portal.saml.metadata import metadata
from auditor_portal.saml.receiving import spend
from auditor_portal.saml.relay_state import own_place, relay_hash, relay_key
from auditor_portal.signing_in.desk import desk
from auditor_portal.signing_in.facts import Answer, answered, answering, deny, found_firm, leaving

_LONGEST_NAME: Final = 100
_ELSE: Final = re.compile(r"[^a-z0-9]+")
_METADATA: Final = "application/samlmetadata+xml"


@feature.public("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Ask which firm somebody is of, and show the way to its identity provider.

    Firms are not listed. Whatever is typed leads one step further, be it the name of a firm or not.
    """
    name = request.args.get("firm", "")[:_LONGEST_NAME]
    return render_template(
        "signing_in/sign_in.html", name=name, firm=_slug(name), place=own_place(request.args.get("next"))
    )


@feature.public("/saml/<firm>/metadata")
def describe(firm: str) -> ResponseReturnValue:
    """Say who we are to the provider of a firm. What is asked for may be no firm: that is said to nobody."""
    if not SLUG.fullmatch(firm):
        raise RefusedError(problem("not_found"))
    here = desk()
    return Response(metadata(here.ours(firm), here.now()), content_type=_METADATA)


@feature.route("/saml/<firm>/login", action="sign_in", resource=leaving, context=circumstances)
def leave_for_provider(permit: Permit, firm: str) -> ResponseReturnValue:
    """Send somebody to the identity provider of their firm, and remember that."""
    here, found = desk(), found_firm(firm)
    try:
        provider = IdentityProvider.from_json(found.idp)
    except ProviderError as error:
        raise RefusedError(problem("login_refused")) from error
    key, browser = relay_key(here.text), here.browser() or here.text(sessions.TOKEN_BYTES)
    asked = ask(
        provider,
        here.ours(found.id),
        classes=_classes(found.mfa),
        fresh=found.mfa.max_age_minutes is not None,
        relay_state=key,
        now=here.now(),
    )
    pending = PendingRequest(
        id=asked.id,
        kind=SamlKind.LOGIN,
        firm=found.id,
        created_at=int(here.now()),
        place=own_place(request.args.get("next")),
        address=address(),
        relay_hash=relay_hash(key),
        browser_hash=relay_hash(browser),
    )
    saml_tables.remember(permit, pending)
    answer = _response(redirect(asked.url, code=303))
    here.send_away(answer, browser)
    return answer


@feature.route("/saml/<firm>/acs", action="sign_in", resource=answering, methods=("POST",), context=circumstances)
def come_back(permit: Permit, firm: str) -> ResponseReturnValue:
    """Open a session for who comes back from the provider, or ask for a code first.

    The provider's answer is used up in the transaction in which the session begins; of two at once, one is refused.
    """
    del firm
    found = answered()
    asked = any(each.get("id") == "ask_for_code" for each in permit.decision.obligations)
    try:
        return _ask_for_code(permit, found) if asked else _let_in(permit, found)
    except SamlError as error:
        deny(permit.request.resource, error.code)


def _let_in(permit: Permit, found: Answer) -> ResponseReturnValue:
    here = desk()
    with portal_data.writing(permit) as writing:
        spend(writing, permit, found.received, here.now())
        token = sessions.begin(
            writing,
            permit,
            found.proved,
            agent=here.agent(),
            most=found.firm.max_sessions,
            now=here.now(),
            random=here.text,
        )
    answer = _response(redirect(found.received.request.place, code=303))
    here.let_in(answer, token)
    return answer


def _ask_for_code(permit: Permit, found: Answer) -> ResponseReturnValue:
    here, auditor = desk(), found.proved.auditor
    secret = None
    if authenticators.find(auditor).secret is None:
        made = here.random(totp.SECRET_BYTES)
        secret = totp.seal(made, key=here.key("totp"), auditor=auditor, random=here.random)
    with portal_data.writing(permit) as writing:
        spend(writing, permit, found.received, here.now())
        token = attempts.begin(
            writing,
            permit,
            found.proved,
            agent=here.agent(),
            place=found.received.request.place,
            secret=secret,
            now=here.now(),
            random=here.text,
        )
    answer = _response(redirect(url_for("auditor_portal.ask_for_code"), code=303))
    here.ask_for_code(answer, token)
    return answer


def _classes(rule: Mfa) -> tuple[str, ...]:
    """Return the classes to ask a provider for: where something else would do, it is not bound to them."""
    return () if rule.totp or rule.attribute else rule.accepted_classes


def _slug(name: str) -> str:
    """Return what a firm of this name is called in addresses; empty for no name."""
    return _ELSE.sub("-", name.casefold()).strip("-")[:32].strip("-")


def _response(answer: Any) -> Response:
    made: Response = make_response(answer)
    return made
