"""The form of a JSON Web Token: three parts, strict JSON, times and texts (RFC 7515, RFC 7519).

Owns reading one and what can be wrong with one. Trusts nobody: who signs, and for what, is known to those who verify.
A token is the secret of its caller: no error, repr or log of this module shows one.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NoReturn

from app.pdp.jwk import PublicKey, SignatureError

LONGEST_TOKEN: Final = 4_096
CLOCK_SKEW: Final = 5
"""Seconds by which the issuer's clock may be ahead of ours; a token's end is not stretched."""

_PARTS: Final = 3
_LONGEST_ID: Final = 256
_HEADER: Final = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})  # the last two are names of a key, and unused


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


class IdentityError(Exception):
    """Base of every error about who calls that is raised on purpose."""


class TokenError(IdentityError):
    """The token does not prove who calls. Codes from `wrong_audience` on mean that the signature holds."""

    def __init__(self, code: TokenCode) -> None:
        super().__init__(f"the token is refused: {code.value}")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """A token in its one form, which nobody has verified yet.

    Attributes:
        header: what the first part says.
        claims: what the second part says.
        signed: the bytes that the signature is over.
        signature: the third part.
    """

    header: dict[str, Any]
    claims: dict[str, Any] = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def verify_header(self, types: frozenset[str], absent: str | None = None) -> tuple[str, str]:
        """Return algorithm and key id, where the header says no more than which key, and a type out of `types`.

        A header without a type has the type `absent`. Nothing in it is followed: a token that brings a key, or says
        where one is, is refused.

        Raises:
            TokenError: it says something else.
        """
        kid, algorithm, kind = self.header.get("kid"), self.header.get("alg"), self.header.get("typ", absent)
        if self.header.keys() - _HEADER or not isinstance(kid, str) or not isinstance(algorithm, str):
            raise TokenError(TokenCode.MALFORMED)
        if not isinstance(kind, str) or kind.lower() not in types:
            raise TokenError(TokenCode.MALFORMED)
        return algorithm, kid

    def verify_signature(self, key: PublicKey | None, algorithm: str) -> PublicKey:
        """Return `key`, if it signed this by `algorithm`.

        Raises:
            TokenError: it did not, there is no key, or it is not for this algorithm.
        """
        if key is None:
            raise TokenError(TokenCode.UNKNOWN_KEY)
        try:
            key.verify_signature(algorithm, self.signed, self.signature)
        except SignatureError:
            raise TokenError(TokenCode.BAD_SIGNATURE) from None
        return key

    def time(self, name: str) -> int:
        """Return a claim that is a time in whole seconds.

        Raises:
            TokenError: it is none.
        """
        value = self.claims.get(name)
        if type(value) is not int or value < 0:
            raise TokenError(TokenCode.MALFORMED)
        return value

    def text(self, name: str) -> str:
        """Return a claim that is a text of 1 to 256 characters.

        Raises:
            TokenError: it is none.
        """
        value = self.claims.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
            raise TokenError(TokenCode.MALFORMED)
        return value

    def matching(self, name: str, form: re.Pattern[str]) -> str:
        """Return a claim that is a text of this form.

        Raises:
            TokenError: it is none.
        """
        value = self.claims.get(name)
        if not isinstance(value, str) or not form.fullmatch(value):
            raise TokenError(TokenCode.MALFORMED)
        return value


def parse_token(token: str) -> Unverified:
    """Return what a token says.

    Raises:
        TokenError: it has another form; never another exception.
    """
    parts = token.split(".") if len(token) <= LONGEST_TOKEN and token.isascii() else []
    if len(parts) != _PARTS:
        raise TokenError(TokenCode.MALFORMED)
    header, claims, signature = map(_decoded, parts)
    return Unverified(
        header=_json_object(header),
        claims=_json_object(claims),
        signed=token.rpartition(".")[0].encode("ascii"),
        signature=signature,
    )


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
