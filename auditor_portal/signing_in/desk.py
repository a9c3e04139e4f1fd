"""What signing in works with in one application: our keys, our cookies, and who is behind them.

Knows no pages and no policy. A cookie holds a random secret; what it stands for is looked up with every request.
"""

import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, Response, current_app, g, request

from app.addresses import Networks
from app.audits import attempts, sessions
from app.audits.attempts import Attempt
from app.audits.saml_tables import LIFETIME
from app.audits.sessions import AuditorSession
from app.errors import problem
from app.pdp.enforce import Permit
from app.peer import client_address
from app.pep import RefusedError
from auditor_portal.entrance import SignedIn
from auditor_portal.saml.keys import SamlKeys
from auditor_portal.saml.service_provider import ServiceProvider

_EXTENSION: Final = "omega.auditor_portal.signing_in"
_LONGEST_TOKEN: Final = 128
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """See the module. It is the portal's `Recogniser`.

    Attributes:
        saml: the keys that sign our messages, and decipher.
        origin: of the portal, as auditors know it; where it is plain http, cookies are for plain http.
        secret: of the portal, from which the keys for what lies in its tables are derived.
        proxies: the networks of those whose X-Forwarded-For is believed.
        now: Unix seconds.
        text: returns text of so many random bytes.
        random: returns so many random bytes.
    """

    saml: SamlKeys = field(repr=False)
    origin: str
    secret: bytes = field(repr=False)
    proxies: Networks = ()
    now: Callable[[], float]
    text: Callable[[int], str] = secrets.token_urlsafe
    random: Callable[[int], bytes] = os.urandom

    @property
    def secure(self) -> bool:
        """Return whether people come here over https."""
        return not self.origin.startswith("http:")

    @property
    def cookie(self) -> str:
        """Return the name of a session's cookie; browsers hold `__Host-` to this host and to https (RFC 6265bis)."""
        return "__Host-omega-audit" if self.secure else "omega-audit"

    @property
    def attempt_cookie(self) -> str:
        """Return the name of the cookie of somebody who was asked for a code."""
        return f"{self.cookie}-code"

    @property
    def away_cookie(self) -> str:
        """Return the name of the cookie of somebody who is at the identity provider."""
        return f"{self.cookie}-away"

    def ours(self, firm: str) -> ServiceProvider:
        """Return the portal as the provider of `firm`, a slug, knows it."""
        return ServiceProvider(portal=self.origin, firm=firm, keys=self.saml)

    def key(self, purpose: str) -> bytes:
        """Return the key for one purpose: HKDF of the portal's secret (RFC 5869)."""
        derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=f"omega audit {purpose}".encode())
        return derived.derive(self.secret)

    def agent(self) -> str:
        """Return the keyed hash of what the browser says of itself: a session is good for that browser alone."""
        said = request.headers.get("user-agent", "")
        return hmac.new(self.key("agent"), said.encode("utf-8", "surrogateescape"), "sha256").hexdigest()

    def session(self) -> AuditorSession | None:
        """Return the session of the request that is being answered."""
        if "audit_session" not in g:
            token = self._sent(self.cookie)
            g.audit_session = sessions.find(token, self.agent(), self.now()) if token else None
        found: AuditorSession | None = g.audit_session
        return found

    def attempt(self) -> Attempt | None:
        """Return the attempt of the request that is being answered."""
        if "audit_attempt" not in g:
            token = self._sent(self.attempt_cookie)
            g.audit_attempt = attempts.find(token, self.agent(), self.now()) if token else None
        found: Attempt | None = g.audit_attempt
        return found

    def auditor(self) -> SignedIn | None:
        """See `Recogniser`."""
        found = self.session()
        if found is None:
            return None
        return SignedIn(
            id=found.id,
            firm=found.firm,
            name=found.name,
            second_factor=found.second_factor,
            mfa_class=found.mfa_class,
            session=found.session,
        )

    def address(self) -> str:
        """See `Recogniser`."""
        return client_address(request.remote_addr or "", request.headers.getlist("x-forwarded-for"), self.proxies)

    def begun(self) -> str:
        """Return what names the session or the attempt of the request, for the forms of its pages; or nothing."""
        session = self.session()
        if session is not None:
            return session.session
        attempt = self.attempt()
        return "" if attempt is None else attempt.id

    def acted(self, permit: Permit) -> None:
        """Write down that whoever has a session did what `permit` allows."""
        found = self.session()
        if found is not None:
            sessions.saw(found, permit, self.now())

    def browser(self) -> str:
        """Return the secret that this browser was given when it was sent to a provider; or nothing."""
        return self._sent(self.away_cookie)

    def send_away(self, answer: Response, browser: str) -> None:
        """Have a browser keep the secret by which its return is known.

        The provider has it come back by a form of another site, with which no cookie is sent but one that says so; and
        that, browsers take over https alone (RFC 6265bis, section 5.7).
        """
        flags = self._flags() | {"samesite": "None" if self.secure else "Lax"}
        answer.set_cookie(self.away_cookie, browser, max_age=LIFETIME, **flags)

    def let_in(self, answer: Response, token: str) -> None:
        """Have a browser keep the secret of its session, and forget what led to it."""
        answer.set_cookie(self.cookie, token, max_age=sessions.LONGEST, **self._flags())
        for name in (self.attempt_cookie, self.away_cookie):
            answer.delete_cookie(name, **self._flags())

    def ask_for_code(self, answer: Response, token: str) -> None:
        """Have a browser keep the secret of its attempt, and forget any session."""
        answer.set_cookie(self.attempt_cookie, token, max_age=attempts.LONGEST, **self._flags())
        for name in (self.cookie, self.away_cookie):
            answer.delete_cookie(name, **self._flags())

    def forget(self) -> None:
        """Take the request that is being answered for a visitor's: its session has ended."""
        g.audit_session = g.audit_attempt = g.auditor = None

    def let_out(self, answer: Response) -> None:
        """Have a browser forget everything."""
        for name in (self.cookie, self.attempt_cookie, self.away_cookie):
            answer.delete_cookie(name, **self._flags())

    def _sent(self, name: str) -> str:
        """Return a cookie that may be one of ours, or nothing."""
        token = request.cookies.get(name, "")
        return token if token.isascii() and len(token) <= _LONGEST_TOKEN else ""

    def _flags(self) -> dict[str, Any]:
        return {"path": "/", "secure": self.secure, "httponly": True, "samesite": "Lax"}


def install(app: Flask, desk: Desk | None) -> None:
    """Have people sign in to `app` at `desk`; without one, nobody does."""
    app.extensions[_EXTENSION] = desk


def desk() -> Desk:
    """Return the desk of the application that answers.

    Raises:
        RefusedError: it has none.
    """
    found: Desk | None = current_app.extensions[_EXTENSION]
    if found is None:
        raise RefusedError(problem("not_found"))
    return found
