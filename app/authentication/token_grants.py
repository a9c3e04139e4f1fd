"""Tokens of our own for clients that sign for themselves: what `POST /oauth2/token` gives.

Owns how long they live, and that an assertion gets one of them and no more. Knows no HTTP.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app import identity
from app.authentication.client_assertion import Assertion, verified_assertion
from app.authentication.single_use import SingleUse
from app.jwt_form import IdentityError
from app.pdp.caller_directory import CallerDirectory

LIFETIME: Final = 600
"""Seconds that a token lives."""


class ReplayedError(IdentityError):
    """The assertion was used before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A token, and what the record says of it."""

    token: str = field(repr=False)
    token_id: str
    expires: int


class TokenGrants:
    """Gives tokens for assertions."""

    def __init__(  # noqa: PLR0913 - what it is handed
        self,
        key: Ed25519PrivateKey,
        *,
        issuer: str,
        public_url: str | None,
        used: SingleUse,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Sign with `key` as `issuer`; take assertions for `public_url` or its token endpoint, without one none."""
        self._key, self._issuer, self._used = key, issuer, used
        self._audiences = frozenset({public_url, f"{public_url}/oauth2/token"} if public_url else ())
        self._clock, self._random = clock, random

    def verified(self, assertion: str, directory: CallerDirectory) -> Assertion:
        """Return what `assertion` says.

        Raises:
            AssertionRefusedError: it proves nothing.
        """
        return verified_assertion(assertion, directory, self._audiences, self._clock())

    async def grant(self, assertion: Assertion) -> Granted:
        """Return a token for the caller that signed `assertion`.

        Raises:
            ReplayedError: it got one before.
            SingleUseError: it cannot be told whether it did.
        """
        now = self._clock()
        owner = f"{assertion.caller.tenant}/{assertion.caller.subject}"
        take = partial(self._used.take, owner, assertion.use, expires=assertion.expires, now=now)
        if not await asyncio.to_thread(take):
            raise ReplayedError("the assertion was used before")
        drawn = self._random(16)
        token = identity.issue(
            self._key,
            subject=assertion.caller.subject,
            tenant=assertion.caller.tenant,
            issuer=self._issuer,
            lifetime=LIFETIME,
            now=now,
            random=lambda _: drawn,
        )
        return Granted(token=token, token_id=drawn.hex(), expires=int(now) + LIFETIME)
