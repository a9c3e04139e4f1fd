"""Who may ask about what, and how often: for which actions and subject types a caller may state facts.

Owns the shape of `data/callers.json`, but for what proves who a caller is.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.pdp.credentials import CREDENTIALS, Credentials, CredentialsError, parse_credentials
from app.pdp.errors import BundleError
from app.pdp.json_places import place_of
from app.pdp.proxy import Proxy, parse_proxy

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")
TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MEMBERS: Final = frozenset({"tenant", "actions", "subject_types"})
_EXPLAIN: Final = "explain"
_PROXY: Final = "proxy"
_REPLAY: Final = "replay"
EVERY: Final = "*"
"""Stands for every tenant."""

_OPTIONAL: Final = frozenset({_EXPLAIN, _PROXY, _REPLAY, "limits"}) | CREDENTIALS
_MOST: Final[Mapping[str, int]] = {"per_second": 1_000_000, "burst": 1_000_000, "per_day": 10**12}


class _BreachError(Exception):
    """A caller is misdescribed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often a caller may ask, on one node: requests each second, at once, and in 24 hours. None: no limit."""

    per_second: int | None = None
    burst: int | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A service that asks: the actions and the types of subjects it may state facts for.

    `explain`: it may have decisions explained, and so learn the gates of these actions and where their rules stand.
    `proxy`: it asks about the requests of others, and how.
    `replay`: the tenants whose recorded decisions it may have made again, to learn whether they come out the same.
    """

    tenant: str
    actions: frozenset[str]
    subject_types: frozenset[str]
    explain: bool = False
    proxy: Proxy | None = None
    replay: frozenset[str] = frozenset()
    limits: Limits = Limits()
    credentials: Credentials = field(default_factory=Credentials)


def parse_callers(file: str, data: bytes, table: dict[str, Any], actions: Collection[str]) -> dict[str, Caller]:
    """Return the callers in `table`, the value of `data`, which `file` holds.

    `<prefix>.*` there is every action below the prefix.

    Raises:
        BundleError: a caller is misdescribed, or names an action that is none of `actions`.
    """
    callers: dict[str, Caller] = {}
    owners: dict[tuple[str, ...], str] = {}
    for name, value in table.items():
        try:
            callers[name] = _caller(name, value, actions)
            _refuse_shared(name, callers[name].credentials, owners)
        except (_BreachError, CredentialsError) as error:
            raise BundleError(f"{file}:{place_of(data, [name])}: caller `{name}`: {error}") from None
    return callers


def _caller(name: str, value: Any, actions: Collection[str]) -> Caller:
    if not _NAME.fullmatch(name) or not isinstance(value, dict) or value.keys() - _OPTIONAL != _MEMBERS:
        raise _BreachError(
            "write {`tenant`, `actions`, `subject_types`} under a name of small letters, and beside them"
            f" {', '.join(f'`{member}`' for member in sorted(_OPTIONAL))} where wanted"
        )
    tenant = value["tenant"]
    if not isinstance(tenant, str) or not TENANT.fullmatch(tenant):
        raise _BreachError("`tenant` is one of small letters, digits, `_`, `-`")
    stated: set[str] = set()
    for glob in _texts("actions", value["actions"]):
        meant = {action for action in actions if _matches(glob, action)}
        if not meant:
            raise _BreachError(f"no action is named `{glob}`")
        stated |= meant
    types = frozenset(_texts("subject_types", value["subject_types"]))
    explain = value.get(_EXPLAIN, False)
    if not isinstance(explain, bool):
        raise _BreachError("`explain` is true or false")
    try:
        proxy = parse_proxy(value[_PROXY], stated) if _PROXY in value else None
    except ValueError as error:
        raise _BreachError(str(error)) from None
    return Caller(
        tenant=tenant,
        actions=frozenset(stated),
        subject_types=types,
        explain=explain,
        proxy=proxy,
        replay=_replay(value[_REPLAY]) if _REPLAY in value else frozenset(),
        limits=_limits(value["limits"]) if "limits" in value else Limits(),
        credentials=parse_credentials(value),
    )


def _replay(value: Any) -> frozenset[str]:
    tenants = _texts(_REPLAY, value)
    if any(each != EVERY and not TENANT.fullmatch(each) for each in tenants):
        raise _BreachError(f"`replay` lists tenants, or `{EVERY}` for every one")
    return frozenset(tenants)


def _limits(value: Any) -> Limits:
    if not isinstance(value, dict) or not value or value.keys() - _MOST.keys():
        raise _BreachError("`limits` has `per_second` (and `burst`), `per_day`, or all of them")
    for name, number in value.items():
        if type(number) is not int or not 0 < number <= _MOST[name]:
            raise _BreachError(f"`{name}` is a whole number from 1 to {_MOST[name]}")
    if "burst" in value and "per_second" not in value:
        raise _BreachError("`burst` stands beside `per_second`")
    return Limits(**({"burst": value.get("per_second")} | value))


def _refuse_shared(name: str, credentials: Credentials, owners: dict[tuple[str, ...], str]) -> None:
    """Raise where a credential is another caller's too; `owners` says whose each is, and learns of these."""
    for each in credentials.each():
        if (owner := owners.setdefault(each, name)) != name:
            raise _BreachError(f"its {each[0]} is that of `{owner}`")


def registered(callers: Mapping[str, Caller], name: str, tenant: str) -> Caller | None:
    """Return the caller named `name`, if it is of this tenant."""
    found = callers.get(name)
    return found if found is not None and found.tenant == tenant else None


def _matches(glob: str, action: str) -> bool:
    return action.startswith(glob[:-1]) if glob.endswith(".*") else action == glob


def _texts(member: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not value or any(not isinstance(each, str) or not each for each in value):
        raise _BreachError(f"`{member}` lists at least one name")
    return value
