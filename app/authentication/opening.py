"""Everything a worker has for finding out who calls, as the settings want it."""

import asyncio

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.authentication.authenticator import Authenticator, Presented
from app.authentication.key_source import KeySource
from app.authentication.outside import OutsideIssuer
from app.authentication.single_use import SingleUse
from app.authentication.token_grants import TokenGrants
from app.identity import OwnTokens, Verifier
from app.pdp.caller_directory import CallerDirectory
from app.pdp.enforce import Caller
from app.settings import Settings


class Authentication:
    """Finds callers, keeps the keys of identity providers fresh, gives tokens for assertions."""

    def __init__(self, settings: Settings, key: Ed25519PrivateKey) -> None:
        """Take tokens that `key` signed, and those of the providers in `settings`."""
        self._sources = [KeySource(issuer, place) for issuer, place in settings.idp_issuers.items()]
        audience = settings.idp_audience
        verifier = Verifier(
            OwnTokens(key.public_key(), issuer=settings.origin),
            *(OutsideIssuer(each.issuer, audience=audience, find_key=each.find) for each in self._sources),
        )
        for source in self._sources:
            source.removed = verifier.forget
        self._authenticator = Authenticator(verifier, proxies=settings.trusted_proxies)
        self._keeping: list[asyncio.Task[None]] = []
        self.tokens = TokenGrants(
            key,
            issuer=settings.origin,
            public_url=settings.public_url,
            used=SingleUse(settings.assertions),
        )

    async def start(self) -> None:
        """Read the keys that are on this machine, and go on reading all of them in the background."""
        for source in self._sources:
            if source.is_file:
                await source.refresh()
        self._keeping = [asyncio.create_task(source.keep()) for source in self._sources]

    def close(self) -> None:
        """Read no more."""
        for task in self._keeping:
            task.cancel()

    @property
    def alarms(self) -> tuple[str, ...]:
        """Return what somebody should look at."""
        return tuple(alarm for source in self._sources if (alarm := source.alarm) is not None)

    def authenticate(self, presented: Presented, directory: CallerDirectory, now: float) -> Caller:
        """See `Authenticator.authenticate`."""
        return self._authenticator.authenticate(presented, directory, now)
