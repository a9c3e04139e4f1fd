"""What the supply chain works with on this node: where artifacts lie, where the authority's keys lie, the time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from flask import Flask, current_app

from app.errors import problem
from app.features.marketplace.supply import authority_keys, signing
from app.features.marketplace.supply.artifacts import Artifacts
from app.features.marketplace.supply.authority import own_root
from app.features.marketplace.supply.authority_keys import AuthorityKeys
from app.features.marketplace.supply.errors import AuthorityError
from app.features.marketplace.supply.trust import OwnRoot, Trust, trust_in
from app.objects import Objects
from app.pdp.model import Entity
from app.pep import RefusedError, bundle_in_force

_EXTENSION: Final = "omega.marketplace.supply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What is worked with.

    Attributes:
        now: Unix seconds.
        keys: the directory of the node's keys; without it there is no signing authority.
        objects: where artifacts lie; without it none is kept.
    """

    now: Callable[[], float]
    keys: Path | None = None
    objects: Objects | None = None

    def authority(self) -> AuthorityKeys:
        """Return the keys of this installation's signing authority.

        Raises:
            AuthorityError: there is none, or its keys cannot be trusted.
        """
        if self.keys is None:
            raise AuthorityError("this node has no directory of keys, so no signing authority")
        return authority_keys.load(self.keys)

    def root(self) -> OwnRoot | None:
        """Return the trusted root of the signing authority, if there is one.

        Raises:
            AuthorityError: its keys cannot be trusted.
        """
        if self.keys is None or not authority_keys.exists(self.keys):
            return None
        return own_root(self.authority())


def install(app: Flask, places: Places) -> None:
    """Have the routes of `app` work with `places`."""
    app.extensions[_EXTENSION] = places


def places() -> Places:
    """Return what the application that answers works with."""
    found: Places = current_app.extensions[_EXTENSION]
    return found


def artifacts() -> Artifacts:
    """Return where artifacts lie.

    Raises:
        RefusedError: nowhere.
    """
    if (objects := places().objects) is None:
        raise RefusedError(problem("data_unavailable", "there is no place for artifacts"))
    return Artifacts(objects)


def trust_of(tenant: str) -> Trust:
    """Return whom a tenant trusts, by the policies in force and the signing authority of this node.

    Raises:
        MarketDataError: the policies do not say it.
        AuthorityError: the authority's keys cannot be trusted.
    """
    return trust_in(policy_data(), tenant, places().root())


def builders() -> dict[str, int]:
    """Return the SLSA build level of each trusted builder, by the policies in force."""
    return {uri: level for uri, level in policy_data().get("builders", {}).items() if type(level) is int}


def identities(developer: str) -> frozenset[str]:
    """Return what the signing authority's certificates call a developer; nothing where there is no authority.

    Raises:
        AuthorityError: the authority's keys cannot be trusted.
    """
    here = places()
    if here.keys is None or not authority_keys.exists(here.keys):
        return frozenset()
    return frozenset(
        {signing.identity_of(here.authority(), Entity(type="developer", id=developer, properties={}), developer)}
    )


def policy_data() -> Mapping[str, Any]:
    """Return the data of the policies in force."""
    return _parsed(bundle_in_force().data)


@lru_cache(2)
def _parsed(text: str) -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(text)
    return data
