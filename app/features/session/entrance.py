"""What signing in works with in one application, and the cookies it leaves. Knows no pages."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Flask, Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app import sessions
from app.features.session.identified import LoginCode, LoginError
from app.features.session.links import Links
from app.features.session.provider import Leaving, Provider
from app.pdp.model import Entity

_EXTENSION: Final = "omega.session"
_AWAY: Final = 600  # seconds that somebody may take to sign in at the provider
_HOME: Final = "/policies/"
_LONGEST_PLACE: Final = 1_024
_LONGEST_TOKEN: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """See the module.

    Attributes:
        links: reads login links.
        provider: the identity provider, if there is one.
        secret: what cookies are signed with.
        secure: people come here over https.
        now: Unix seconds.
        note: records that somebody did not get in, and why.
    """

    links: Links
    provider: Provider | None
    secret: bytes = field(repr=False)
    secure: bool
    now: Callable[[], float]
    note: Callable[[str, Mapping[str, Any]], None]

    @property
    def cookie(self) -> str:
        """Return the name of the cookie of a session; browsers hold `__Host-` to this host and to https."""
        return "__Host-omega" if self.secure else "omega"

    @property
    def away(self) -> str:
        """Return the name of the cookie of somebody who is at the provider."""
        return f"{self.cookie}-away"

    def leave(self, answer: Response, leaving: Leaving) -> None:
        """Have a browser take `leaving` along."""
        text = self._signed().dumps(leaving.document())
        answer.set_cookie(self.away, str(text), max_age=_AWAY, **self._flags())

    def come_back(self, state: str) -> Leaving:
        """Return what this browser took along when it left as `state`.

        Raises:
            LoginError: it did not leave from here, or too long ago.
        """
        try:
            document: Mapping[str, str] = self._signed().loads(request.cookies.get(self.away, ""), max_age=_AWAY)
        except BadSignature as error:
            raise LoginError(LoginCode.NOT_BEGUN) from error
        leaving = Leaving(**document)
        if not hmac.compare_digest(leaving.state.encode(), state.encode()):
            raise LoginError(LoginCode.NOT_BEGUN)
        return leaving

    def let_in(self, answer: Response, token: str) -> None:
        """Have a browser keep the secret of its session."""
        answer.set_cookie(self.cookie, token, max_age=sessions.LONGEST, **self._flags())
        answer.delete_cookie(self.away, **self._flags())

    def let_out(self, answer: Response) -> None:
        """Have a browser forget its session."""
        answer.delete_cookie(self.cookie, **self._flags())

    def _flags(self) -> dict[str, Any]:
        return {"path": "/", "secure": self.secure, "httponly": True, "samesite": "Lax"}

    def _signed(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret, salt="away", signer_kwargs={"digest_method": hashlib.sha256})


def install(app: Flask, entrance: Entrance) -> None:
    """Have people enter `app` by `entrance`."""
    app.extensions[_EXTENSION] = entrance


def entrance() -> Entrance:
    """Return how people enter the application that answers."""
    found: Entrance = current_app.extensions[_EXTENSION]
    return found


def officer() -> sessions.Officer | None:
    """Return who has a session, of whoever sends the request that is being answered."""
    if "officer" not in g:
        token = request.cookies.get(entrance().cookie, "")
        usable = token.isascii() and 0 < len(token) <= _LONGEST_TOKEN
        g.officer = sessions.find(token, entrance().now()) if usable else None
    found: sessions.Officer | None = g.officer
    return found


def subject() -> Entity:
    """Return who sends the request, as policies see them: an officer, or a visitor."""
    found = officer()
    if found is None:
        return Entity(type="visitor", id="visitor", properties={"groups": [], "second_factor": False})
    facts = {"groups": list(found.groups), "second_factor": found.second_factor}
    return Entity(type="officer", id=found.id, properties=facts)


def csrf_token() -> str:
    """Return what a form of this session carries, so that no other site can send it; empty without a session."""
    found = officer()
    if found is None:
        return ""
    return hmac.new(entrance().secret, b"csrf " + found.session.encode(), "sha256").hexdigest()


def leaving_for(place: str) -> Leaving:
    """Return what somebody takes along to the provider."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Leaving(state=state, nonce=nonce, verifier=verifier, place=own_place(place))


def own_place(place: str) -> str:
    """Return `place` if it is a path of ours, and else where everybody begins: nobody is led to another site."""
    plain = 0 < len(place) <= _LONGEST_PLACE and all("!" <= each <= "~" for each in place) and "\\" not in place
    return place if plain and place.startswith("/") and not place.startswith("//") else _HOME
