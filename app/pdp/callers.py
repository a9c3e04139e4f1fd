"""Who may ask about what: for which actions and subject types a caller may state facts.

Owns the shape of `data/callers.json`. Who a caller is, and how it proved it, is known elsewhere.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from app.pdp.errors import BundleError
from app.pdp.json_places import place_of
from app.pdp.proxy import Proxy, parse_proxy

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MEMBERS: Final = frozenset({"tenant", "actions", "subject_types"})
_EXPLAIN: Final = "explain"
_PROXY: Final = "proxy"


class _BreachError(Exception):
    """A caller is misdescribed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A service that asks: the actions and the types of subjects it may state facts for.

    `explain`: it may have decisions explained, and so learn the gates of these actions and where their rules stand.
    `proxy`: it asks about the requests of others, and how.
    """

    tenant: str
    actions: frozenset[str]
    subject_types: frozenset[str]
    explain: bool = False
    proxy: Proxy | None = None


def parse_callers(file: str, data: bytes, table: dict[str, Any], actions: Collection[str]) -> dict[str, Caller]:
    """Return the callers in `table`, the value of `data`, which `file` holds.

    `<prefix>.*` there is every action below the prefix.

    Raises:
        BundleError: a caller is misdescribed, or names an action that is none of `actions`.
    """
    callers = {}
    for name, value in table.items():
        try:
            callers[name] = _caller(name, value, actions)
        except _BreachError as error:
            raise BundleError(f"{file}:{place_of(data, [name])}: caller `{name}`: {error}") from None
    return callers


def _caller(name: str, value: Any, actions: Collection[str]) -> Caller:
    if not _NAME.fullmatch(name) or not isinstance(value, dict) or value.keys() - {_EXPLAIN, _PROXY} != _MEMBERS:
        raise _BreachError(
            "write {`tenant`, `actions`, `subject_types`}, and `explain` or `proxy` where it may be, under a name of "
            "small letters"
        )
    tenant = value["tenant"]
    if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant):
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
    return Caller(tenant=tenant, actions=frozenset(stated), subject_types=types, explain=explain, proxy=proxy)


def _matches(glob: str, action: str) -> bool:
    return action.startswith(glob[:-1]) if glob.endswith(".*") else action == glob


def _texts(member: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not value or any(not isinstance(each, str) or not each for each in value):
        raise _BreachError(f"`{member}` lists at least one name")
    return value
