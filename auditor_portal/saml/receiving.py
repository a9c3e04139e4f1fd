"""What a browser brings to us, held against what we remember: the one way from a form to an assertion that counts.

Owns the order: what is asked of the text, which request it answers, who verified it, whether it was used. Reads the
portal's tables. `spend` alone writes to them, in the transaction in which a session begins.
"""

from dataclasses import dataclass

from sqlmodel import Session

from app.audits.identity_provider import IdentityProvider
from app.audits.saml_tables import (
    PendingRequest,
    SamlKind,
    UsedMessageError,
    find_request,
    use_message,
    use_request,
    was_used,
)
from app.pdp.enforce import Permit
from auditor_portal.saml.assertion import Assertion
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.names import SKEW
from auditor_portal.saml.relay_state import is_relay_key, relay_hash
from auditor_portal.saml.response import claimed_request, verify_response
from auditor_portal.saml.service_provider import ServiceProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer that counts, and the request that it answers. It was not spent yet."""

    assertion: Assertion
    request: PendingRequest


def receive(  # noqa: PLR0913 - what was brought, by whom, to whom, when
    text: str,
    relay_state: str | None,
    *,
    provider: IdentityProvider,
    ours: ServiceProvider,
    now: float,
    browser: str = "",
) -> Received:
    """Return what a firm's provider asserts in answer to an open request of ours.

    Args:
        text: the form's field `SAMLResponse`.
        relay_state: the form's field `RelayState`.
        provider: of the firm whose address it was brought to.
        ours: the portal, as that firm's provider knows it.
        now: Unix seconds.
        browser: the secret that the browser was given when it was sent off, if it was given one.

    Raises:
        SamlError: see there.
    """
    request = expected(claimed_request(text), relay_state, SamlKind.LOGIN, firm=ours.firm, now=now, browser=browser)
    assertion = verify_response(text, provider=provider, ours=ours, request_id=request.id, now=now)
    if was_used(assertion.issuer, assertion.id):
        raise SamlError(SamlCode.REPLAYED)
    return Received(assertion=assertion, request=request)


def expected(  # noqa: PLR0913 - see `receive`
    request_id: str | None, relay_state: str | None, kind: SamlKind, *, firm: str, now: float, browser: str = ""
) -> PendingRequest:
    """Return the open request of ours that an answer belongs to.

    Raises:
        SamlError: there is none; it was of another kind or firm; it is used or old; the answer comes without its
            RelayState, or with another browser.
    """
    request = find_request(request_id) if request_id else None
    if request is None or request.kind is not kind or request.firm != firm:
        raise SamlError(SamlCode.UNSOLICITED)
    if request.used:
        raise SamlError(SamlCode.REPLAYED)
    if not request.open_at(now):
        raise SamlError(SamlCode.REQUEST_EXPIRED)
    if not is_relay_key(relay_state, request.relay_hash):
        raise SamlError(SamlCode.WRONG_RELAY_STATE)
    if request.browser_hash and relay_hash(browser) != request.browser_hash:
        raise SamlError(SamlCode.OTHER_BROWSER)
    return request


def spend(session: Session, permit: Permit, received: Received, now: float) -> None:
    """Have an answer be used, in a transaction of `portal_data.writing(permit)`: both its request and its assertion.

    Raises:
        SamlError: somebody used it in the meantime.
    """
    try:
        use_request(session, received.request.id, now)
        use_message(
            session,
            permit,
            issuer=received.assertion.issuer,
            message_id=received.assertion.id,
            until=received.assertion.not_on_or_after + SKEW,
            now=now,
        )
    except UsedMessageError:
        raise SamlError(SamlCode.REPLAYED) from None
