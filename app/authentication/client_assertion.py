"""Assertions that clients sign to get a token: `private_key_jwt` (RFC 7521, RFC 7523).

Owns what such an assertion has to say. That each is used once is seen to elsewhere.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from app.jwt_form import CLOCK_SKEW, IdentityError, TokenCode, TokenError, Unverified, parse_token
from app.pdp.caller_directory import CallerDirectory, Known
from app.pdp.jwk import PublicKey

LONGEST_LIFETIME: Final = 300
"""Seconds from `iat`, or from now, to `exp`: so long is remembered that an assertion was used."""

_TYPES: Final = frozenset({"jwt", "client-authentication+jwt"})


class AssertionRefusedError(IdentityError):
    """The assertion proves nothing. `caller` is whose key signed it, None where that is not shown."""

    def __init__(self, code: TokenCode, caller: Known | None) -> None:
        super().__init__(f"the assertion is refused: {code.value}")
        self.code, self.caller = code, caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """An assertion that holds.

    Attributes:
        caller: who signed it.
        client_id: its name as a client.
        key: thumbprint of the key it was signed with.
        use: hex hash of its id: what can be used once.
        expires: when it ends, Unix time in seconds.
    """

    caller: Known
    client_id: str
    key: str
    use: str
    expires: int


def verified_assertion(text: str, directory: CallerDirectory, audiences: frozenset[str], now: float) -> Assertion:
    """Return what the assertion `text` says at `now` (Unix time), signed by a caller in `directory`.

    Its `aud` has to be one of `audiences`, and nothing beside: an assertion for somebody else too could be theirs.

    Raises:
        AssertionRefusedError: it proves nothing.
    """
    caller = None
    try:
        token = parse_token(text)
        caller, key = _signer(token, directory)
        expires = _expires(token, audiences, now)
        use = f"{caller.tenant}/{caller.subject}\n{token.text('jti')}".encode("utf-8", "surrogatepass")
    except TokenError as error:
        raise AssertionRefusedError(error.code, caller) from None
    return Assertion(
        caller=caller,
        client_id=token.text("iss"),
        key=key.thumbprint,
        use=hashlib.sha256(use).hexdigest(),
        expires=expires,
    )


def _signer(token: Unverified, directory: CallerDirectory) -> tuple[Known, PublicKey]:
    """Return who signed `token`, and with which of the keys that are registered for the name in it."""
    name = token.text("iss")
    algorithm, kid = token.verify_header(_TYPES, absent="jwt")
    signer = directory.signers.get(name)
    if signer is None:
        raise TokenError(TokenCode.UNKNOWN_KEY)
    return signer.known, token.verify_signature(signer.keys.get(kid), algorithm)


def _expires(token: Unverified, audiences: frozenset[str], now: float) -> int:
    """Return when a token ends that a client signed for us."""
    if token.text("sub") != token.text("iss"):
        raise TokenError(TokenCode.MALFORMED)
    if _only(token.claims.get("aud")) not in audiences:
        raise TokenError(TokenCode.WRONG_AUDIENCE)
    expires = token.time("exp")
    begins = max((token.time(name) for name in ("iat", "nbf") if name in token.claims), default=int(now))
    if expires - begins > LONGEST_LIFETIME:
        raise TokenError(TokenCode.LIFETIME_TOO_LONG)
    if begins - CLOCK_SKEW > now:
        raise TokenError(TokenCode.NOT_YET_VALID)
    if expires <= now:
        raise TokenError(TokenCode.EXPIRED)
    return expires


def _only(audience: Any) -> str | None:
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    return audience if isinstance(audience, str) else None
