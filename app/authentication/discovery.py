"""Where an identity provider has its keys, by its own word: RFC 8414 and OpenID Connect Discovery 1.0.

Owns which documents are asked for and what is taken from one. Nothing but the place of the keys is, and only from a
document that names exactly the issuer it was asked of (RFC 8414, section 3.3).
"""

from typing import Any, Final
from urllib.parse import urlsplit

from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse
from evidence import authority
from evidence.errors import AuthorityError, MalformedError

LONGEST: Final = 64 << 10
"""Bytes of metadata; those of large providers have about 6,000."""

DEADLINE: Final = 10.0
"""Seconds for each of the documents."""

_OK: Final = 200


class DiscoveryError(Exception):
    """The provider does not say where its keys are."""


def metadata_urls(issuer: str) -> tuple[str, str]:
    """Return where the metadata of `issuer`, a URL without a query, may be: by RFC 8414 (section 3.1), by OpenID."""
    parts = urlsplit(issuer)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return (
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}{path}/.well-known/openid-configuration",
    )


def discover(issuer: str) -> str:
    """Return the URL of the keys of `issuer`. Blocking; at most `DEADLINE` for each document.

    Raises:
        DiscoveryError: none of the documents can be had, or none is this issuer's.
    """
    said = []
    for url in metadata_urls(issuer):
        try:
            return _asked(issuer, url)
        except (AuthorityError, DiscoveryError) as error:
            said.append(f"{url}: {error}")
    raise DiscoveryError("no metadata: " + "; ".join(said))


def _asked(issuer: str, url: str) -> str:
    answer = authority.get(url, limit=LONGEST, deadline=DEADLINE)
    if answer.status != _OK:
        raise DiscoveryError(f"the answer has status {answer.status}")
    return parse_metadata(issuer, answer.body)


def parse_metadata(issuer: str, body: bytes) -> str:
    """Return the `jwks_uri` of a metadata document.

    Raises:
        DiscoveryError: it is none, is of another issuer, or names no place that nobody on the way can answer for.
    """
    try:
        document: Any = parse(body, max_bytes=LONGEST)
    except (MalformedRequestError, TooLargeError):
        raise DiscoveryError("metadata are a JSON object") from None
    if not isinstance(document, dict):
        raise DiscoveryError("metadata are a JSON object")
    if document.get("issuer") != issuer:
        raise DiscoveryError("the metadata are of another issuer")
    place = document.get("jwks_uri")
    try:
        scheme = urlsplit(authority.parse_url(place)).scheme if isinstance(place, str) else ""
    except MalformedError:
        scheme = ""
    if scheme not in {"https", urlsplit(issuer).scheme}:
        raise DiscoveryError("the metadata have no `jwks_uri` with https")
    return str(place)
