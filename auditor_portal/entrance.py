"""Who sends the request that is being answered, and from where, as policies and pages see it.

Knows no sessions: whoever makes the application says how somebody is recognised.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from flask import Flask, current_app, g

from app.pdp.model import Entity

_EXTENSION: Final = "omega.auditor_portal.entrance"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """An auditor with a session.

    Attributes:
        id: `<firm>/<name id>`.
        firm: of the auditor.
        name: for people.
        second_factor: whether one was shown, here or at the firm's identity provider.
        mfa_class: the AuthnContext class that said so (SAML 2.0, section 2.7.2.2), or `totp`; empty without one.
        session: what identifies the session, and opens nothing.
    """

    id: str
    firm: str
    name: str
    second_factor: bool
    mfa_class: str
    session: str


class Recogniser(Protocol):
    """Says who sends the request that is being answered."""

    def auditor(self) -> SignedIn | None:
        """Return who has a session."""

    def address(self) -> str:
        """Return the address of who sends it, as text (RFC 5952), through no proxy but the configured ones."""


def session_of_auditor() -> str:
    """Return what identifies the session of the request that is being answered; empty without one."""
    found = auditor()
    return "" if found is None else found.session


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """How people are recognised, and what their forms are signed with.

    Attributes:
        recogniser: says who sends a request.
        secret: what forms are signed with.
        begun: returns what a form is bound to: the session, or a sign-in that has begun; empty without either.
    """

    recogniser: Recogniser
    secret: bytes = field(repr=False)
    begun: Callable[[], str] = session_of_auditor


def install(app: Flask, entrance: Entrance) -> None:
    """Have people enter `app` by `entrance`."""
    app.extensions[_EXTENSION] = entrance


def entrance() -> Entrance:
    """Return how people enter the application that answers."""
    found: Entrance = current_app.extensions[_EXTENSION]
    return found


def auditor() -> SignedIn | None:
    """Return who has a session, of whoever sends the request that is being answered."""
    if "auditor" not in g:
        g.auditor = entrance().recogniser.auditor()
    found: SignedIn | None = g.auditor
    return found


def subject() -> Entity:
    """Return who sends the request, as policies see them: an auditor, or a visitor."""
    found = auditor()
    if found is None:
        return Entity(type="visitor", id="visitor", properties={"firm": "", "second_factor": False, "mfa_class": ""})
    facts = {"firm": found.firm, "second_factor": found.second_factor, "mfa_class": found.mfa_class}
    return Entity(type="auditor", id=found.id, properties=facts)


def address() -> str:
    """Return where the request comes from."""
    return entrance().recogniser.address()


def csrf_token() -> str:
    """Return what a form of this session carries, so that no other site can send it; empty without a session."""
    here = entrance()
    begun = here.begun()
    return hmac.new(here.secret, b"csrf " + begun.encode(), "sha256").hexdigest() if begun else ""
