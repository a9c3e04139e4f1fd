"""Access tokens of an identity provider outside: JWT in the profile of RFC 9068.

Owns what such a token has to say. Which keys the provider has, and who its clients are here, is known elsewhere.
"""

import base64
import re
from collections.abc import Callable
from typing import Any, Final

from app.identity import Caller, Client
from app.jwt_form import TokenCode, TokenError, Unverified
from app.pdp.jwk import PublicKey
from app.remembered import Verified

LONGEST_LIFETIME: Final = 86_400

_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})  # RFC 9068, section 4
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class OutsideIssuer:
    """Verifies the tokens of one provider. An `app.identity.Issuer`."""

    def __init__(self, name: str, *, audience: str, find_key: Callable[[str], PublicKey | None]) -> None:
        """Trust tokens with `iss` `name` for `audience`, signed by the key that `find_key` has for their `kid`."""
        self.name = name
        self._audience, self._find_key = audience, find_key

    def verified(self, token: Unverified) -> Verified[Caller | Client]:
        """See `app.identity.Issuer`."""
        algorithm, kid = token.verify_header(_TYPES)
        token.verify_signature(self._find_key(kid), algorithm)
        audience = token.claims.get("aud")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise TokenError(TokenCode.WRONG_AUDIENCE)
        issued, expires = token.time("iat"), token.time("exp")
        if expires - issued > LONGEST_LIFETIME:
            raise TokenError(TokenCode.LIFETIME_TOO_LONG)
        token.text("jti")
        client = Client(
            issuer=self.name,
            client_id=token.text("client_id"),
            subject=token.text("sub"),
            certificate=_certificate(token.claims.get("cnf")),
        )
        not_before = token.time("nbf") if "nbf" in token.claims else issued
        return Verified(who=client, not_before=max(issued, not_before), expires=expires)


def _certificate(confirmation: Any) -> str | None:
    """Return the hash of the certificate that a token is bound to (RFC 8705, section 3.1); no other bond is known."""
    if confirmation is None:
        return None
    if not isinstance(confirmation, dict) or confirmation.keys() != {"x5t#S256"}:
        raise TokenError(TokenCode.MALFORMED)
    thumbprint = confirmation["x5t#S256"]
    if not isinstance(thumbprint, str) or not _THUMBPRINT.fullmatch(thumbprint):
        raise TokenError(TokenCode.MALFORMED)
    return base64.urlsafe_b64decode(thumbprint + "=").hex()
