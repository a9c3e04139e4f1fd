"""Tenants that have policies or a retention class of their own: as the operator lists them, and as they are in force.

The list is a file, read at start and by `omega policy`; what is in force is one small file for each tenant beside the
bundles, which workers watch. Who is not listed has the node's policies. Who has policies of its own never gets the
node's in their place: where none of its own was ever admitted, nothing decides for it.
"""

import json
import logging
import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import activation
from app.pdp.bundle import Bundle
from app.pdp.errors import BundleError, MalformedRequestError, TooLargeError
from app.pdp.json_places import place_of
from app.pdp.strict_json import parse
from app.regions import Region, Residence
from app.settings import Settings, SettingsError

_LOG = logging.getLogger(__name__)
_NAME = re.compile("[a-z0-9][a-z0-9_-]{0,63}")
_RESERVED = "system"  # the tenant of the service's own records
_MAX_LIST = 1 << 20
_MAX_STANDING = 4_096
_MOST = 1_000
_MEMBERS = frozenset({"policies", "region", "retention"})
_CALLERS = "data/callers.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """What the list says of one: its policy directory, its retention class, where its data have their home.

    None where it has the node's; without a home, its data may be anywhere.
    """

    policies: Path | None
    retention: str | None
    region: Region | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is in force for a tenant: `bundle` is a digest, or None where it has its `own` and none was admitted."""

    own: bool
    bundle: str | None
    retention: str | None


def listed(settings: Settings) -> Mapping[str, Tenant]:
    """Return every tenant of the list; none where there is no list.

    Raises:
        SettingsError: the file cannot be read, or is no such list.
    """
    path = settings.tenants
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            return _list(parse(file.read(_MAX_LIST + 1), max_bytes=_MAX_LIST), path.parent, settings)
    except OSError as error:
        raise SettingsError(f"OMEGA_TENANTS cannot be `{path}`: {error.strerror}") from error
    except (ValueError, MalformedRequestError, TooLargeError) as error:
        raise SettingsError(f"OMEGA_TENANTS cannot be `{path}`: {error}") from error


def residence(settings: Settings) -> Residence:
    """Return the region of this node, and the homes of the tenants that have one.

    Raises:
        SettingsError: see `listed`.
    """
    homes = {name: tenant.region for name, tenant in listed(settings).items() if tenant.region is not None}
    return Residence(region=settings.region, homes=homes)


def read(settings: Settings, name: str) -> Bundle:
    """Return the bundle of a tenant's own policies, not yet admitted.

    Raises:
        SettingsError: the tenant is not listed, or has no policies of its own; or see `listed`.
        BundleError: it is none, speaks of callers of another tenant, or of a retention class nobody keeps.
    """
    tenant = listed(settings).get(name)
    if tenant is None or tenant.policies is None:
        raise SettingsError(f"OMEGA_TENANTS lists no policies of a tenant `{name[:64]}`")
    bundle = activation.read(tenant.policies)
    for caller, registered in bundle.callers.items():
        if registered.tenant != name:
            place = place_of(bundle.files[_CALLERS].encode(), [caller])
            raise BundleError(f"{_CALLERS}:{place}: caller `{caller}`: these are the policies of tenant `{name}` alone")
    if unkept := sorted(bundle.retention_classes - settings.retention.keys()):
        raise BundleError(f".:1:1: retention class `{unkept[0]}` has no days in OMEGA_RETENTION")
    return bundle


def activate(settings: Settings, name: str) -> Bundle:
    """Admit a tenant's own policies and put them in force, for it alone.

    Raises:
        SettingsError: see `read`.
        BundleError: they are not admitted; what was in force before stays.
        OSError: the disk does not take it.
    """
    bundle = activation.keep(read(settings, name), settings.bundles, activation.second(settings))
    _put(settings.bundles, name, Standing(own=True, bundle=bundle.digest, retention=listed(settings)[name].retention))
    return bundle


def prepare(settings: Settings) -> None:
    """Have in force what the list says, at start. A tenant whose policies are not admitted keeps those it had.

    Raises:
        SettingsError: see `listed`.
        OSError: the disk does not take it.
    """
    tenants, before = listed(settings), standing(settings.bundles)
    for name in before.keys() - tenants.keys():
        _file(settings.bundles, name).unlink()

    def put(name: str) -> None:
        tenant, kept = tenants[name], before.get(name)
        if tenant.policies is None:
            _put(settings.bundles, name, Standing(own=False, bundle=None, retention=tenant.retention))
            return
        try:
            activate(settings, name)
        except BundleError as error:
            old = kept.bundle if kept else None
            goes_on = "the old ones go on" if old else "and nothing decides for it"
            _LOG.warning("policies of tenant %s are not admitted, %s: %s", name, goes_on, error)
            _put(settings.bundles, name, Standing(own=True, bundle=old, retention=tenant.retention))

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for a process of its own
        list(pool.map(put, tenants))


def standing(bundles: Path) -> Mapping[str, Standing]:
    """Return what is in force for each tenant that has something of its own.

    Raises:
        BundleError: nobody can say who has.
    """
    try:
        found = sorted(path.stem for path in (bundles / "tenants").glob("*.json"))
    except OSError as error:
        raise BundleError(f"{bundles.name}/tenants:1:1: cannot be read: {error.strerror}") from error
    return {name: _standing(bundles, name) for name in found if _NAME.fullmatch(name)}


def snapshot_in_force(bundles: Path, name: str) -> Path:
    """Return the snapshot that decides for a tenant, listed or not.

    Raises:
        BundleError: there is none.
    """
    found = standing(bundles).get(name)
    if found is None or not found.own:
        return activation.active(bundles)
    if found.bundle is None:
        raise BundleError(f"tenants/{name}.json:1:1: no policies of this tenant are in force")
    return activation.snapshot_path(bundles, found.bundle)


def _list(value: Any, here: Path, settings: Settings) -> dict[str, Tenant]:
    if not isinstance(value, dict) or len(value) > _MOST:
        raise ValueError(f"it is an object of at most {_MOST} tenants")
    return {name: _tenant(name, each, here, settings) for name, each in value.items()}


def _tenant(name: str, value: Any, here: Path, settings: Settings) -> Tenant:
    if not _NAME.fullmatch(name) or name == _RESERVED:
        raise ValueError(f"`{name[:64]}` is no name of a tenant: lower-case letters, digits, `_`, `-`; not `system`")
    if not isinstance(value, dict) or not value or value.keys() - _MEMBERS or not all(map(_is_text, value.values())):
        told = "{`policies`: a directory, `retention`: a class, `region`: a code}, or some of it"
        raise ValueError(f"tenant `{name}`: write {told}")
    policies, retention = value.get("policies"), value.get("retention")
    if retention is not None and retention not in settings.retention:
        raise ValueError(f"tenant `{name}`: retention class `{retention[:16]}` has no days in OMEGA_RETENTION")
    region = value.get("region")
    if region is not None and region not in set(Region):
        raise ValueError(f"tenant `{name}`: a region is one of {', '.join(Region)}")
    return Tenant(
        policies=None if policies is None else here / policies,
        retention=retention,
        region=None if region is None else Region(region),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _file(bundles: Path, name: str) -> Path:
    return bundles / "tenants" / f"{name}.json"


def _put(bundles: Path, name: str, found: Standing) -> None:
    path = _file(bundles, name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    value = {"own": found.own, "bundle": found.bundle, "retention": found.retention}
    activation.replace_file(path, json.dumps(value).encode())


def _standing(bundles: Path, name: str) -> Standing:
    """Return what the file says; of a damaged one, that nothing is in force."""
    try:
        with _file(bundles, name).open("rb") as file:
            value = parse(file.read(_MAX_STANDING + 1), max_bytes=_MAX_STANDING)
    except (OSError, MalformedRequestError, TooLargeError):
        value = None
    match value:
        case {"own": bool(own), "bundle": None | str() as bundle, "retention": None | str() as retention}:
            if bundle is None or activation.is_digest(bundle):
                return Standing(own=own, bundle=bundle, retention=retention)
    return Standing(own=True, bundle=None, retention=None)
