"""Whom a tenant trusts: the roots of the Sigstore instances whose bundles count, and whose identities they vouch for.

A root is the JSON document that Sigstore calls a trusted root. Which ones a tenant trusts is policy data
(`supply.trust`), so a change of it is reviewed, recorded and in force on every node like any other policy. Three kinds:
`public-good`, which comes embedded in sigstore's package; `private`, the signing authority of this installation; and a
document that stands in the data itself. Nothing is fetched, and nothing switches verification off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import orjson
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier
from sigstore_models.trustroot.v1 import TrustedRoot as RootDocument

from app.features.marketplace.errors import MarketDataError
from app.features.marketplace.supply.bundle import key_id
from app.features.marketplace.supply.errors import SupplyError

PUBLIC_GOOD: Final = "public-good"
PRIVATE: Final = "private"
DEFAULT: Final = "default"
_EMBEDDED: Final = ("https%3A%2F%2Ftuf-repo-cdn.sigstore.dev", "trusted_root.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """One Sigstore instance that is trusted.

    Attributes:
        name: for people.
        logs: hexadecimal ids of its transparency logs.
        issuers: who may have established an identity, for its certificates to count.
        verifier: of its bundles; it reaches no network.
    """

    name: str
    logs: frozenset[str]
    issuers: frozenset[str]
    verifier: Verifier = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What one tenant trusts."""

    roots: tuple[Root, ...]

    def root_of(self, log: str) -> Root:
        """Return the root that a log belongs to: certificates and logs of two instances are never mixed.

        Raises:
            SupplyError: `foreign_instance`, it belongs to none.
        """
        for root in self.roots:
            if log in root.logs:
                return root
        names = ", ".join(root.name for root in self.roots) or "none"
        raise SupplyError("foreign_instance", "its log is not one that is trusted here", seen=log, expected=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRoot:
    """The root of this installation's signing authority: its document, and the issuer it writes into certificates."""

    document: str
    issuer: str


def trust_in(data: Mapping[str, Any], tenant: str, own: OwnRoot | None = None) -> Trust:
    """Return what `tenant` trusts by policy data `supply.trust`; who has no entry there has that of `default`.

    Raises:
        MarketDataError: the data have not the form that they need, or name the private root where there is none.
    """
    try:
        listed = data["supply"]["trust"]
        return Trust(roots=tuple(_root(entry, own) for entry in listed.get(tenant, listed[DEFAULT])))
    except (KeyError, TypeError, AttributeError):
        raise MarketDataError("the policies in force have no usable `supply.trust`") from None


def load_root(document: str, name: str, issuers: frozenset[str]) -> Root:
    """Return the root in a trusted root's JSON text; each text is loaded once.

    Raises:
        MarketDataError: it is none.
    """
    verifier, logs = _loaded(document)
    return Root(name=name, logs=logs, issuers=issuers, verifier=verifier)


def public_good() -> str:
    """Return the trusted root of the public good instance, as it comes with sigstore's package."""
    return resources.files("sigstore._store").joinpath(*_EMBEDDED).read_text()


def _root(entry: Mapping[str, Any], own: OwnRoot | None) -> Root:
    match entry:
        case {"root": "public-good", "issuers": [*issuers]}:
            return load_root(_public_good(), PUBLIC_GOOD, frozenset(map(str, issuers)))
        case {"root": "private"} if own is not None:
            return load_root(own.document, PRIVATE, frozenset({own.issuer}))
        case {"root": "private"}:
            raise MarketDataError("`supply.trust` names the private root, and this node has no signing authority")
        case {"root": dict(document), "name": str(name), "issuers": [*issuers]}:
            return load_root(orjson.dumps(document).decode(), name, frozenset(map(str, issuers)))
    raise MarketDataError("`supply.trust` has an entry that is no root")


@lru_cache(1)
def _public_good() -> str:
    return public_good()


@lru_cache(64)
def _loaded(document: str) -> tuple[Verifier, frozenset[str]]:
    try:
        verifier = Verifier(trusted_root=TrustedRoot(RootDocument.from_json(document)))
        logs = frozenset(
            key_id(each["keyId"])
            for log in orjson.loads(document)["tlogs"]
            for each in (log.get("logId"), log.get("checkpointKeyId"))
            if each is not None
        )
    except Exception as error:  # whatever a foreign parser makes of it, it is no root
        raise MarketDataError("a trusted root cannot be read") from error
    return verifier, logs
