"""What a proxy may ask with: the member `proxy` of a caller in `data/callers.json`.

Owns its shape. Knows no HTTP: which header comes from whom is said by whoever runs the proxy.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

_MEMBERS: Final = frozenset({"action", "user", "roles", "obligations"})
_HEADER: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_TYPE: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """How a proxy asks: the action, the headers that name user and roles, the types of obligations it can meet."""

    action: str
    user: str
    roles: str
    obligations: frozenset[str]


def parse_proxy(value: Any, actions: Collection[str]) -> Proxy:
    """Return what `value` says; `actions` are those that the caller is registered for.

    Raises:
        ValueError: it is misdescribed; the message says what to write.
    """
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        raise ValueError("`proxy` has `action`, `user`, `roles` and `obligations`")
    action, user, roles, obligations = (value[name] for name in ("action", "user", "roles", "obligations"))
    if not isinstance(action, str) or action not in actions:
        raise ValueError("`proxy.action` is one of the caller's actions")
    headers = (user, roles)
    if any(not isinstance(name, str) or not _HEADER.fullmatch(name) for name in headers) or user == roles:
        raise ValueError("`proxy.user` and `proxy.roles` name two headers, in small letters")
    if not isinstance(obligations, list) or any(not isinstance(t, str) or not _TYPE.fullmatch(t) for t in obligations):
        raise ValueError("`proxy.obligations` lists types of obligations")
    return Proxy(action=action, user=user, roles=roles, obligations=frozenset(obligations))
