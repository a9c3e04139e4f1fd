"""Who calls: bearer tokens, issued and verified. JWT (RFC 7519) signed with Ed25519 (RFC 8037, RFC 9864).

Knows no HTTP, and what a caller may do is not decided here. A token is the secret of its caller: no error,
repr or log of this module shows one.
"""

import base64
import hashlib
import json
import os
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NoReturn

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OKPKey

ALGORITHM: Final = "Ed25519"
"""The only algorithm. RFC 9864 deprecates `EdDSA`, the older name for the same signatures."""

AUDIENCE: Final = "omega"
LONGEST_TOKEN: Final = 4_096
LONGEST_LIFETIME: Final = 366 * 86_400
CLOCK_SKEW: Final = 5
"""Seconds by which the issuer's clock may be ahead of ours; a token's end is not stretched."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_TOKEN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_PARTS: Final = 3


class IdentityError(Exception):
    """Base of every error this module raises on purpose."""


class ClaimError(IdentityError):
    """A token cannot be issued with this claim; the message says what is asked of it."""


class TokenCode(StrEnum):
    """Why a token is refused."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    LIFETIME_TOO_LONG = "lifetime_too_long"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"


class TokenError(IdentityError):
    """The token does not prove who calls. Codes from `wrong_issuer` on mean that the signature holds."""

    def __init__(self, code: TokenCode) -> None:
        super().__init__(f"the token is refused: {code.value}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whom a verified token names: a service, never a person, as it stands in the log in clear text."""

    subject: str
    tenant: str
    token_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verified:
    caller: Caller
    not_before: int
    expires: int


def key_id(key: Ed25519PublicKey) -> str:
    """Return the `kid` of a key: its thumbprint (RFC 7638)."""
    return _public_jwk(key).thumbprint()


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
        raise ClaimError(f"`{subject}` is no name of a service: lower-case letters, digits, `.`, `_`, `-`; at most 64")
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


class Verifier:
    """Verifies bearer tokens, and remembers those that held by their SHA-256 until they expire. For one thread."""

    def __init__(
        self,
        *keys: Ed25519PublicKey,
        issuer: str,
        audience: str = AUDIENCE,
        longest_lifetime: int = LONGEST_LIFETIME,
        cached: int = 10_000,
    ) -> None:
        """Trust tokens of `issuer` for `audience` signed by one of `keys` that live at most `longest_lifetime` seconds.

        At most `cached` tokens are remembered.
        """
        self._keys: Final = {key_id(key): _public_jwk(key) for key in keys}
        self._issuer: Final = issuer
        self._audience: Final = audience
        self._longest_lifetime: Final = longest_lifetime
        self._cached: Final = cached
        self._cache: Final[OrderedDict[bytes, _Verified]] = OrderedDict()

    def verify(self, token: str, now: float) -> Caller:
        """Return whom `token` names at `now` (Unix time, seconds).

        Raises:
            TokenError: it names nobody; never another exception.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise TokenError(TokenCode.MALFORMED)
        digest = hashlib.sha256(token.encode("ascii")).digest()
        verified = self._cache.get(digest)
        if verified is None:
            verified = self._claims(self._payload(token))
            self._cache[digest] = verified
            if len(self._cache) > self._cached:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(digest)
        if verified.not_before - CLOCK_SKEW <= now < verified.expires:
            return verified.caller
        if now < verified.expires:
            raise TokenError(TokenCode.NOT_YET_VALID)
        del self._cache[digest]
        raise TokenError(TokenCode.EXPIRED)

    def _payload(self, token: str) -> dict[str, Any]:
        """Return the claims of a token in its one form, once its signature holds."""
        parts = token.split(".")
        if len(parts) != _PARTS:
            raise TokenError(TokenCode.MALFORMED)
        header, payload = (_json_object(_decoded(part)) for part in parts[:2])
        _decoded(parts[2])
        kid = header.get("kid")
        if header != {"alg": ALGORITHM, "kid": kid, "typ": "JWT"} or not isinstance(kid, str):
            raise TokenError(TokenCode.MALFORMED)
        key = self._keys.get(kid)
        if key is None:
            raise TokenError(TokenCode.UNKNOWN_KEY)
        try:
            jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
        except BadSignatureError:
            raise TokenError(TokenCode.BAD_SIGNATURE) from None
        except (JoseError, ValueError):
            raise TokenError(TokenCode.MALFORMED) from None
        return payload

    def _claims(self, claims: dict[str, Any]) -> _Verified:
        """Return what the signed `claims` say, whenever that holds."""
        if claims.get("iss") != self._issuer:
            raise TokenError(TokenCode.WRONG_ISSUER)
        if claims.get("aud") != self._audience:
            raise TokenError(TokenCode.WRONG_AUDIENCE)
        issued, not_before, expires = (_time(claims.get(name)) for name in ("iat", "nbf", "exp"))
        if expires - issued > self._longest_lifetime or expires - not_before > self._longest_lifetime:
            raise TokenError(TokenCode.LIFETIME_TOO_LONG)
        return _Verified(
            caller=Caller(
                subject=_matching(_NAME, claims.get("sub")),
                tenant=_matching(_TENANT, claims.get("tenant")),
                token_id=_matching(_TOKEN_ID, claims.get("jti")),
            ),
            not_before=max(issued, not_before),
            expires=expires,
        )


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public_jwk(key: Ed25519PublicKey) -> OKPKey:
    x = base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode("ascii")
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})


def _decoded(part: str) -> bytes:
    """Return the bytes of base64url without padding (RFC 7515, section 2) in its one canonical form."""
    try:
        decoded = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise TokenError(TokenCode.MALFORMED) from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode("ascii") != part:
        raise TokenError(TokenCode.MALFORMED)
    return decoded


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            text.decode("utf-8"), object_pairs_hook=_unique, parse_float=_refused, parse_constant=_refused
        )
    except (ValueError, RecursionError):
        raise TokenError(TokenCode.MALFORMED) from None
    if not isinstance(found, dict):
        raise TokenError(TokenCode.MALFORMED)
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refused(_number: str) -> NoReturn:
    raise ValueError("a number is not an integer")


def _time(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TokenError(TokenCode.MALFORMED)
    return value


def _matching(form: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise TokenError(TokenCode.MALFORMED)
    return value
