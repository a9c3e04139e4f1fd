"""By what a caller is known: a client of an identity provider, public keys, client certificates.

Owns the shape of these members of `data/callers.json`. Whether somebody has them is verified elsewhere.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.pdp.jwk import JwkError, PublicKey, parse_jwk

CREDENTIALS: Final = frozenset({"oauth", "keys", "certificates"})
"""Members of a caller that this module reads."""

_MOST: Final = 16
_OAUTH: Final = frozenset({"issuer", "client_id", "subject"})
_TEXT: Final = re.compile(r"[!-~](?:[ -~]{0,254}[!-~])?", re.ASCII)
_CERTIFICATE: Final = re.compile(r"sha256:[0-9a-f]{64}|uri:[!-~]{1,512}|dns:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*", re.ASCII)


class CredentialsError(ValueError):
    """They are misdescribed; the message says what is asked of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """A client of an identity provider outside.

    Attributes:
        issuer: `iss` of the provider's tokens.
        client_id: of the client there.
        subject: `sub` of a token that was given to the client itself, and not in the name of a person.
    """

    issuer: str
    client_id: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What proves that it is this caller, beside a token of our own.

    Attributes:
        oauth: the client that it is at an identity provider.
        keys: what it signs its assertions with, by `kid`.
        certificates: `sha256:<hex>`, `uri:<name>` or `dns:<name>`, any of which its certificate may have.
    """

    oauth: OAuthClient | None = None
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    certificates: frozenset[str] = frozenset()

    def each(self) -> Iterable[tuple[str, ...]]:
        """Return what no two callers may share."""
        if self.oauth is not None:
            yield ("client", self.oauth.issuer, self.oauth.client_id, self.oauth.subject)
        yield from (("key", key.thumbprint) for key in self.keys.values())
        yield from (("certificate", name) for name in self.certificates)


def parse_credentials(value: Mapping[str, Any]) -> Credentials:
    """Return the credentials among the members of a caller.

    Raises:
        CredentialsError: one of them is misdescribed.
    """
    return Credentials(
        oauth=_oauth(value["oauth"]) if "oauth" in value else None,
        keys=_keys(value["keys"]) if "keys" in value else {},
        certificates=_certificates(value["certificates"]) if "certificates" in value else frozenset(),
    )


def _oauth(value: Any) -> OAuthClient:
    if not isinstance(value, dict) or value.keys() | {"subject"} != _OAUTH:
        raise CredentialsError("`oauth` is {`issuer`, `client_id`}, and `subject` where that is another")
    if not all(isinstance(each, str) and _TEXT.fullmatch(each) for each in value.values()):
        raise CredentialsError("`oauth`: each is a text of at most 256 printable characters")
    return OAuthClient(**({"subject": value["client_id"]} | value))


def _keys(value: Any) -> Mapping[str, PublicKey]:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST:
        raise CredentialsError(f"`keys` lists 1 to {_MOST} public keys")
    try:
        keys = {key.kid: key for key in map(parse_jwk, value)}
    except JwkError as error:
        raise CredentialsError(f"`keys`: {error}") from None
    if len(keys) != len(value):
        raise CredentialsError("`keys`: two keys have one `kid`")
    return keys


def _certificates(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST:
        raise CredentialsError(f"`certificates` lists 1 to {_MOST} names")
    if not all(isinstance(each, str) and _CERTIFICATE.fullmatch(each) for each in value):
        raise CredentialsError("`certificates`: write `sha256:` and 64 hex digits, `uri:` or `dns:` and a name")
    return frozenset(value)
