"""Login links, for an installation without an identity provider: who has the node's keys vouches for an officer.

A link is a token for this purpose alone, signed with the node's token key, good for minutes and for one session.
"""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from app.features.session.identified import Identified, LoginCode, LoginError, groups_of, officer_id
from app.identity import ALGORITHM, key_id
from app.jwt_form import TokenError, parse_token
from app.pdp.jwk import parse_jwk

LONGEST: Final = 900
"""Seconds that a link is good for, at most."""

_AUDIENCE: Final = "omega-login"
_TYPE: Final = "omega-login+jwt"
_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Issues and reads login links of one node. `issuer` is the origin of its log; `now` returns Unix seconds."""

    key: Ed25519PrivateKey = field(repr=False)
    issuer: str
    now: Callable[[], float]
    random: Callable[[int], bytes]

    def issue(self, officer: str, groups: Sequence[str], lifetime: int) -> str:
        """Return the token of a link that signs `officer` in, as one in `groups`, for `lifetime` seconds.

        Raises:
            LoginError: a name is unusable.
        """
        issued = int(self.now())
        claims = {
            "iss": self.issuer,
            "aud": _AUDIENCE,
            "sub": officer_id(officer),
            "groups": [officer_id(group) for group in groups],
            "iat": issued,
            "exp": issued + min(lifetime, LONGEST),
            "jti": self.random(16).hex(),
        }
        header = {"alg": ALGORITHM, "kid": key_id(self.key.public_key()), "typ": _TYPE}
        return jwt.encode(header, claims, self._held(), algorithms=[ALGORITHM])

    def identified(self, token: str, known: frozenset[str]) -> Identified:
        """Return whom a link signs in.

        Raises:
            LoginError: it is none of this node's, or its time is over.
        """
        held = parse_jwk({**self._held().as_dict(private=False), "kid": key_id(self.key.public_key())})
        try:
            read = parse_token(token)
            algorithm, kid = read.verify_header(frozenset({_TYPE}))
            read.verify_signature(held if kid == held.kid else None, algorithm)
            issued, expires = read.time("iat"), read.time("exp")
            right = read.claims.get("iss") == self.issuer and read.claims.get("aud") == _AUDIENCE
            if not right or expires - issued > LONGEST or not issued <= self.now() < expires:
                raise LoginError(LoginCode.LINK_REFUSED)
            return Identified(
                officer=officer_id(read.claims.get("sub")),
                groups=groups_of(read.claims.get("groups"), known),
                second_factor=False,
                login=f"link {read.matching('jti', _ID)}",
                method="link",
            )
        except TokenError as error:
            raise LoginError(LoginCode.LINK_REFUSED) from error

    def _held(self) -> OKPKey:
        return OKPKey.import_key(
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": _base64(self.key.public_key().public_bytes_raw()),
                "d": _base64(self.key.private_bytes_raw()),
            }
        )


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
