"""Who and what a tenant has registered, so that a search has candidates.

Owns the shape of `data/directory.json`. The facts in it are stated to a policy as a caller would state them; no policy
reads the directory itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.pdp.callers import TENANT
from app.pdp.errors import BundleError, MalformedRequestError
from app.pdp.json_places import place_of
from app.pdp.model import Entity
from app.pdp.request import as_entity

_KINDS: Final = {"subjects": "subject", "resources": "resource"}


class _BreachError(Exception):
    """A directory is misdescribed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What one tenant has registered: by type, in the order of the file."""

    subjects: Mapping[str, tuple[Entity, ...]] = field(default_factory=dict)
    resources: Mapping[str, tuple[Entity, ...]] = field(default_factory=dict)


def parse_directory(file: str, data: bytes, table: dict[str, Any]) -> dict[str, Directory]:
    """Return the directory of each tenant in `table`, the value of `data`, which `file` holds.

    Raises:
        BundleError: something in it is misdescribed, or registered twice.
    """
    found = {}
    for tenant, value in table.items():
        try:
            found[tenant] = _directory(tenant, value)
        except (_BreachError, MalformedRequestError) as error:
            raise BundleError(f"{file}:{place_of(data, [tenant])}: tenant `{tenant}`: {error}") from None
    return found


def _directory(tenant: str, value: Any) -> Directory:
    if not TENANT.fullmatch(tenant):
        raise _BreachError("a tenant is named by small letters, digits, `_`, `-`")
    if not isinstance(value, dict) or value.keys() - _KINDS.keys():
        raise _BreachError("write {`subjects`: [...], `resources`: [...]}")
    return Directory(**{kinds: _by_type(value.get(kinds, []), kind) for kinds, kind in _KINDS.items()})


def _by_type(entities: Any, kind: str) -> dict[str, tuple[Entity, ...]]:
    if not isinstance(entities, list):
        raise _BreachError(f"`{kind}s` must be a list")
    found: dict[str, dict[str, Entity]] = {}
    for number, value in enumerate(entities):
        entity = as_entity({kind: value}, kind)
        if found.setdefault(entity.type, {}).setdefault(entity.id, entity) is not entity:
            raise _BreachError(f"`{kind}s/{number}` is registered already")
    return {kind_: tuple(each.values()) for kind_, each in found.items()}
