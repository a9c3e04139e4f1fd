"""What a firm's provider is asked: sign this person in, in one of these ways, and freshly if that is asked.

Owns the AuthnRequest (saml-core 3.4.1) and its signed URL. Who remembers that it was asked is `app.audits.saml_tables`.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from app.audits.identity_provider import IdentityProvider
from auditor_portal.saml.instants import instant_text
from auditor_portal.saml.names import ASSERTION_NS, HTTP_POST, PROTOCOL_NS, SAML, SAMLP
from auditor_portal.saml.redirect_binding import REQUEST, redirect_url
from auditor_portal.saml.service_provider import ServiceProvider

_NAMES: Final = {"samlp": PROTOCOL_NS, "saml": ASSERTION_NS}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthnRequest:
    """A request to sign somebody in.

    Attributes:
        id: what the answer has to be in response to.
        url: where the browser is sent with it.
    """

    id: str
    url: str


def message_id(random: Callable[[int], str] = secrets.token_hex) -> str:
    """Return an id of 160 random bits, which is an `xs:ID`: it begins with no digit (saml-core 1.3.4)."""
    return f"_{random(20)}"


def ask(  # noqa: PLR0913 - what is asked
    provider: IdentityProvider,
    ours: ServiceProvider,
    *,
    classes: Sequence[str],
    fresh: bool,
    relay_state: str,
    now: float,
    random: Callable[[int], str] = secrets.token_hex,
) -> AuthnRequest:
    """Return a signed request.

    Args:
        provider: who is asked.
        ours: who asks.
        classes: AuthnContext classes, any of which will do; none, and the provider chooses.
        fresh: have the person show themselves again, whatever session they have there.
        relay_state: what the provider gives back beside its answer.
        now: Unix seconds.
        random: returns text of so many random bytes.
    """
    name = message_id(random)
    root = etree.Element(
        f"{SAMLP}AuthnRequest",
        nsmap=_NAMES,
        ID=name,
        Version="2.0",
        IssueInstant=instant_text(now),
        Destination=provider.sso_url,
        AssertionConsumerServiceURL=ours.acs_url,
        ProtocolBinding=HTTP_POST,
    )
    if fresh:
        root.set("ForceAuthn", "true")
    etree.SubElement(root, f"{SAML}Issuer").text = ours.entity_id
    etree.SubElement(root, f"{SAMLP}NameIDPolicy", AllowCreate="true")  # some refuse a request for a format
    if classes:
        wanted = etree.SubElement(root, f"{SAMLP}RequestedAuthnContext", Comparison="exact")
        for each in classes:
            etree.SubElement(wanted, f"{SAML}AuthnContextClassRef").text = each
    url = redirect_url(provider.sso_url, REQUEST, etree.tostring(root), relay_state, ours.keys.current)
    return AuthnRequest(id=name, url=url)
