"""Who calls: bearer tokens, our own issued and verified. JWT (RFC 7519) signed with Ed25519 (RFC 8037, RFC 9864).

Owns whom a token names, whoever issued it. Knows no HTTP, and what a caller may do is not decided here. A token is the
secret of its caller: no error, repr or log of this module shows one.
"""

import base64
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from app.jwt_form import LONGEST_TOKEN, IdentityError, TokenCode, TokenError, Unverified, parse_token
from app.pdp.jwk import PublicKey, parse_jwk
from app.remembered import Remembered, Verified

ALGORITHM: Final = "Ed25519"
"""The only algorithm. RFC 9864 deprecates `EdDSA`, the older name for the same signatures."""

AUDIENCE: Final = "omega"
LONGEST_LIFETIME: Final = 366 * 86_400

SCOPE: Final = "omega.caller"
"""The member of a request's ASGI scope that holds its `Caller`, where one plane has found out for another."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._:-]{0,63}", re.ASCII)
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_TOKEN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class ClaimError(IdentityError):
    """A token cannot be issued with this claim; the message says what is asked of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whom a verified token names: a service, never a person, as it stands in the log in clear text."""

    subject: str
    tenant: str
    token_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Whom a token of an outside issuer names; which caller that is, policy data say.

    Attributes:
        issuer: who vouches for it.
        client_id: its name there.
        subject: in whose name the token was given out: the client's own, or a person's.
        certificate: hex SHA-256 of the certificate that the token is bound to (RFC 8705), or None.
    """

    issuer: str
    client_id: str
    subject: str
    certificate: str | None = None


class Issuer(Protocol):
    """Verifies the tokens of one issuer."""

    @property
    def name(self) -> str:
        """Return the `iss` of its tokens."""

    def verified(self, token: Unverified) -> Verified[Caller | Client]:
        """Return what `token` says, whenever that holds.

        Raises:
            TokenError: it is not from this issuer, or not for us.
        """


def key_id(key: Ed25519PublicKey) -> str:
    """Return the `kid` of a key: its thumbprint (RFC 7638)."""
    return OKPKey.import_key(_jwk(key)).thumbprint()


def issue(  # noqa: PLR0913 - each claim is for the caller to state
    key: Ed25519PrivateKey,
    *,
    subject: str,
    tenant: str,
    issuer: str,
    lifetime: int,
    now: float,
    audience: str = AUDIENCE,
    random: Callable[[int], bytes] = os.urandom,
) -> str:
    """Return a token for the service `subject` in `tenant`, valid from `now` (Unix time) for `lifetime` seconds.

    Raises:
        ClaimError: a name has another form than the log admits, or `lifetime` is not 1 to `LONGEST_LIFETIME`.
    """
    if not _NAME.fullmatch(subject):
        raise ClaimError(
            f"`{subject}` is no name of a service: lower-case letters, digits, `.`, `_`, `:`, `-`; at most 64"
        )
    if not _TENANT.fullmatch(tenant):
        raise ClaimError(f"`{tenant}` is no tenant: lower-case letters, digits, `_`, `-`; at most 64")
    if not 0 < lifetime <= LONGEST_LIFETIME:
        raise ClaimError(f"a token lives 1 to {LONGEST_LIFETIME} seconds, not `{lifetime}`")
    issued = int(now)
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "tenant": tenant,
        "iat": issued,
        "nbf": issued,
        "exp": issued + lifetime,
        "jti": random(16).hex(),
    }
    header = {"alg": ALGORITHM, "kid": key_id(key.public_key()), "typ": "JWT"}
    token = jwt.encode(header, claims, OKPKey.import_key(_pem(key)), algorithms=[ALGORITHM])
    if len(token) > LONGEST_TOKEN:
        raise ClaimError("issuer and audience make the token longer than a verifier takes")
    return token


class OwnTokens:
    """Verifies the tokens that `issue` made. An `Issuer`."""

    def __init__(
        self,
        *keys: Ed25519PublicKey,
        issuer: str,
        audience: str = AUDIENCE,
        longest_lifetime: int = LONGEST_LIFETIME,
    ) -> None:
        """Trust tokens of `issuer` for `audience`, signed by one of `keys`, of at most `longest_lifetime` seconds."""
        self._keys: Final = {key_id(key): _public_key(key) for key in keys}
        self.name = issuer
        self._audience: Final = audience
        self._longest_lifetime: Final = longest_lifetime

    def verified(self, token: Unverified) -> Verified[Caller | Client]:
        """See `Issuer`."""
        kid = token.header.get("kid")
        if token.header != {"alg": ALGORITHM, "kid": kid, "typ": "JWT"} or not isinstance(kid, str):
            raise TokenError(TokenCode.MALFORMED)
        token.verify_signature(self._keys.get(kid), ALGORITHM)
        if token.claims.get("aud") != self._audience:
            raise TokenError(TokenCode.WRONG_AUDIENCE)
        issued, not_before, expires = map(token.time, ("iat", "nbf", "exp"))
        if expires - issued > self._longest_lifetime or expires - not_before > self._longest_lifetime:
            raise TokenError(TokenCode.LIFETIME_TOO_LONG)
        caller = Caller(
            subject=token.matching("sub", _NAME),
            tenant=token.matching("tenant", _TENANT),
            token_id=token.matching("jti", _TOKEN_ID),
        )
        return Verified(who=caller, not_before=max(issued, not_before), expires=expires)


class Verifier:
    """Verifies bearer tokens, and remembers those that held by their SHA-256 until they expire. For one thread."""

    def __init__(self, *issuers: Issuer, cached: int = 10_000) -> None:
        """Trust the tokens of `issuers`; remember at most `cached` of them."""
        self._issuers: Final = {issuer.name: issuer for issuer in issuers}
        self._remembered: Final = Remembered(self._verified, cached)

    def verify(self, token: str, now: float) -> Caller | Client:
        """Return whom `token` names at `now` (Unix time, seconds).

        Raises:
            TokenError: it names nobody; never another exception.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise TokenError(TokenCode.MALFORMED)
        return self._remembered.find(token.encode("ascii"), now)

    def forget(self) -> None:
        """Verify every token anew: a key that signed some is trusted no more."""
        self._remembered.forget()

    def _verified(self, token: bytes) -> Verified[Caller | Client]:
        parsed = parse_token(token.decode("ascii"))
        named = parsed.claims.get("iss")
        issuer = self._issuers.get(named) if isinstance(named, str) else None
        if issuer is None:
            raise TokenError(TokenCode.WRONG_ISSUER)
        return issuer.verified(parsed)


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_key(key: Ed25519PublicKey) -> PublicKey:
    return parse_jwk(_jwk(key) | {"kid": key_id(key)})


def _jwk(key: Ed25519PublicKey) -> dict[str, str | list[str]]:
    x = base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode("ascii")
    return {"kty": "OKP", "crv": "Ed25519", "x": x}
