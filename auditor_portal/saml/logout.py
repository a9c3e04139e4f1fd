"""Single logout, in both directions: ours asks the provider, or the provider asks us (saml-profiles 4.4).

By HTTP-Redirect, signed over the bytes of the query. Owns the messages; whose sessions end is not known here.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from app.audits.identity_provider import IdentityProvider
from auditor_portal.saml.authn_request import message_id
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.instants import instant_text, parse_instant
from auditor_portal.saml.names import ASSERTION_NS, PROTOCOL_NS, SAML, SAMLP, SKEW, SUCCESS
from auditor_portal.saml.prechecks import parse_message
from auditor_portal.saml.redirect_binding import REQUEST, RESPONSE, Redirected, redirect_url, verify_redirected
from auditor_portal.saml.service_provider import ServiceProvider

FRESH: Final = 300
"""Seconds that a logout message is taken for after it was issued, and a little more for the clocks."""

_NAMES: Final = {"samlp": PROTOCOL_NS, "saml": ASSERTION_NS}
_LONGEST: Final = 1_024
_MOST_SESSIONS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """A request of ours: its id, which the answer has to name, and where the browser is sent with it."""

    id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutOrder:
    """A provider's request to end sessions.

    Attributes:
        id: of the message; good once.
        issuer: entity id of the provider.
        name_id: whose sessions.
        session_indexes: which of them; none, and all.
        relay_state: to be given back with the answer.
        until: Unix seconds after which the message is refused anyway.
    """

    id: str
    issuer: str
    name_id: str = field(repr=False)
    session_indexes: tuple[str, ...] = field(repr=False)
    relay_state: str | None
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutAnswer:
    """A provider's answer to a request of ours: which one, and whether every session has ended there."""

    in_response_to: str
    complete: bool
    relay_state: str | None


def ask_logout(  # noqa: PLR0913 - who, where, which session
    provider: IdentityProvider,
    ours: ServiceProvider,
    *,
    name_id: str,
    name_id_format: str,
    session_index: str | None,
    relay_state: str,
    now: float,
    random: Callable[[int], str] = secrets.token_hex,
) -> LogoutRequest:
    """Return a signed request to end a person's session at the provider.

    Raises:
        SamlError: the provider has no place to log out at.
    """
    place = _place(provider)
    name = message_id(random)
    root = _message("LogoutRequest", name, place, ours, now)
    etree.SubElement(root, f"{SAML}NameID", Format=name_id_format).text = name_id
    if session_index is not None:
        etree.SubElement(root, f"{SAMLP}SessionIndex").text = session_index
    url = redirect_url(place, REQUEST, etree.tostring(root), relay_state, ours.keys.current)
    return LogoutRequest(id=name, url=url)


def answer_logout(
    provider: IdentityProvider,
    ours: ServiceProvider,
    order: LogoutOrder,
    *,
    now: float,
    random: Callable[[int], str] = secrets.token_hex,
) -> str:
    """Return where the browser is sent to say that the sessions have ended here.

    Raises:
        SamlError: the provider has no place to log out at.
    """
    place = _place(provider)
    root = _message("LogoutResponse", message_id(random), place, ours, now)
    root.set("InResponseTo", order.id)
    status = etree.SubElement(root, f"{SAMLP}Status")
    etree.SubElement(status, f"{SAMLP}StatusCode", Value=SUCCESS)
    return redirect_url(place, RESPONSE, etree.tostring(root), order.relay_state, ours.keys.current)


def verify_logout(
    query: str, *, provider: IdentityProvider, ours: ServiceProvider, now: float
) -> LogoutOrder | LogoutAnswer:
    """Return what a provider says about logging out: an order, or the answer to a request of ours.

    Args:
        query: as it came, still encoded.
        provider: of the firm whose address it was brought to.
        ours: who is meant.
        now: Unix seconds.

    Raises:
        SamlError: it is not signed by the provider, not meant for us, too old, or no such message.
    """
    found = verify_redirected(query, provider.certificates)
    kind = "LogoutRequest" if found.parameter == REQUEST else "LogoutResponse"
    root = parse_message(found.data, f"{SAMLP}{kind}")
    try:
        until = _check_meant_for(root, provider, ours, now)
        return _order(root, found, until) if found.parameter == REQUEST else _answer(root, found)
    except (ValueError, KeyError):
        raise SamlError(SamlCode.INCOMPLETE) from None


def _order(root: Any, found: Redirected, until: int) -> LogoutOrder:
    names = root.findall(f"{SAML}NameID")
    indexes = tuple(_short(each.text) for each in root.findall(f"{SAMLP}SessionIndex"))
    if len(names) != 1 or len(names[0]) or len(indexes) > _MOST_SESSIONS:
        raise SamlError(SamlCode.INCOMPLETE)
    return LogoutOrder(
        id=_short(root.attrib["ID"]),
        issuer=_issuer(root),
        name_id=_short(names[0].text),
        session_indexes=indexes,
        relay_state=found.relay_state,
        until=until,
    )


def _answer(root: Any, found: Redirected) -> LogoutAnswer:
    codes = [code.get("Value") for code in root.findall(f"{SAMLP}Status//{SAMLP}StatusCode")]
    return LogoutAnswer(
        in_response_to=_short(root.attrib["InResponseTo"]), complete=codes == [SUCCESS], relay_state=found.relay_state
    )


def _check_meant_for(root: Any, provider: IdentityProvider, ours: ServiceProvider, now: float) -> int:
    """Return when a message is over, if it is by this provider, for us, and now."""
    if _issuer(root) != provider.entity_id:
        raise SamlError(SamlCode.WRONG_ISSUER)
    if root.attrib["Destination"] != ours.slo_url:
        raise SamlError(SamlCode.WRONG_DESTINATION)
    issued = parse_instant(root.attrib["IssueInstant"])
    until = min([issued + FRESH, *([parse_instant(root.get("NotOnOrAfter"))] if root.get("NotOnOrAfter") else [])])
    if now >= until + SKEW:
        raise SamlError(SamlCode.EXPIRED)
    if now <= issued - SKEW:
        raise SamlError(SamlCode.NOT_YET_VALID)
    return until + SKEW


def _message(kind: str, name: str, place: str, ours: ServiceProvider, now: float) -> Any:
    root = etree.Element(
        f"{SAMLP}{kind}", nsmap=_NAMES, ID=name, Version="2.0", IssueInstant=instant_text(now), Destination=place
    )
    etree.SubElement(root, f"{SAML}Issuer").text = ours.entity_id
    return root


def _place(provider: IdentityProvider) -> str:
    if provider.slo_url is None:
        raise SamlError(SamlCode.NO_LOGOUT)
    return provider.slo_url


def _issuer(root: Any) -> str:
    found = root.findall(f"{SAML}Issuer")
    if len(found) != 1:
        raise SamlError(SamlCode.INCOMPLETE)
    return _short(found[0].text)


def _short(text: str | None) -> str:
    said = (text or "").strip()
    if not 0 < len(said) <= _LONGEST:
        raise ValueError("empty or too long")
    return said
