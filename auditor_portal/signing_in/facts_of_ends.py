"""What policy is told of somebody whose sessions end: by their own hand, or by a message of the firm's provider."""

from dataclasses import dataclass
from typing import Any

from flask import g, request

from app.audits.firms import SLUG, auditor_id, find_firm
from app.audits.identity_provider import IdentityProvider, ProviderError
from app.audits.saml_tables import PendingRequest, SamlKind, was_used
from app.errors import problem
from app.pep import RefusedError, Resource
from auditor_portal.entrance import auditor
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.logout import LogoutAnswer, LogoutOrder, verify_logout
from auditor_portal.saml.receiving import expected
from auditor_portal.signing_in.desk import desk
from auditor_portal.signing_in.facts import NAME_ID, UNKNOWN, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A provider's order to end sessions, verified; whose it is, and whose."""

    firm: str
    provider: IdentityProvider
    order: LogoutOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A provider's answer to a request of ours, and that request."""

    request: PendingRequest
    complete: bool


def own_session() -> Resource:
    """Describe who ends the session that they have; a visitor, who has none, ends nothing."""
    found = auditor()
    facts = {"by": "auditor", "verified": False, "refusal": ""}
    if found is None:
        return Resource(type="firm", id=UNKNOWN, properties=facts)
    return Resource(type="auditor", id=found.id, properties=facts)


def told_by_provider(firm: str) -> Resource:
    """Describe what a provider says about logging out, as far as it was verified."""
    found = find_firm(firm) if SLUG.fullmatch(firm) else None
    if found is None:
        return _refused(UNKNOWN, Refusal.UNKNOWN_FIRM)
    here = desk()
    try:
        provider = IdentityProvider.from_json(found.idp)
        said = verify_logout(
            request.query_string.decode("ascii", "replace"),
            provider=provider,
            ours=here.ours(found.id),
            now=here.now(),
        )
        match said:
            case LogoutOrder():
                return _order(found.id, provider, said)
            case LogoutAnswer():
                return _answer(found.id, said)
    except ProviderError:
        return _refused(found.id, Refusal.PROVIDER_UNUSABLE)
    except SamlError as error:
        return _refused(found.id, error.code)


def told() -> Order | Ended:
    """Return what `told_by_provider` established for the request that is being answered.

    Raises:
        RefusedError: nothing, whatever policy permits.
    """
    found = g.get("signing_out")
    if not isinstance(found, (Order, Ended)):
        raise RefusedError(problem("login_refused"))
    return found


def _order(firm: str, provider: IdentityProvider, order: LogoutOrder) -> Resource:
    if not NAME_ID.fullmatch(order.name_id):
        return _refused(firm, Refusal.UNUSABLE_NAME)
    if was_used(order.issuer, order.id):
        raise SamlError(SamlCode.REPLAYED)
    g.signing_out = Order(firm=firm, provider=provider, order=order)
    return Resource(type="auditor", id=auditor_id(firm, order.name_id), properties=_facts(verified=True))


def _answer(firm: str, said: LogoutAnswer) -> Resource:
    request_ = expected(said.in_response_to, said.relay_state, SamlKind.LOGOUT, firm=firm, now=desk().now())
    g.signing_out = Ended(request=request_, complete=said.complete)
    return Resource(type="firm", id=firm, properties=_facts(verified=True))


def _refused(firm: str, refusal: str) -> Resource:
    return Resource(type="firm", id=firm, properties=_facts(verified=False, refusal=refusal))


def _facts(*, verified: bool, refusal: str = "") -> dict[str, Any]:
    return {"by": "provider", "verified": verified, "refusal": str(refusal)}
