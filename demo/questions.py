"""A question to the service in plain words and in bytes, with the answer that the policies promise."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

LEFT_OUT = object()
"""Stands for a fact that is not stated."""


class Caller(StrEnum):
    """Who asks."""

    MARKETPLACE = "marketplace"  # registered for every action of the marketplace, as the next four for theirs
    STUDIO = "studio"
    REPLAY = "replay"
    VOICE = "voice"
    PLATFORM = "platform"
    BILLING = "billing"  # has a token, and is registered for nothing
    NOBODY = "nobody"  # has no token


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. `because` names the rules, problems and obligations that the answer must give, and no others."""

    asks: str
    body: bytes
    allow: bool | None = None  # None: it is no question, so there is no decision
    status: int = 200
    because: frozenset[str] = frozenset()
    caller: Caller = Caller.MARKETPLACE


def decided(
    asks: str, facts: Mapping[str, Any], *because: str, allow: bool, caller: Caller = Caller.MARKETPLACE
) -> Question:
    """Return a question that is well formed, so that the answer is a decision."""
    return Question(asks=asks, body=json.dumps(facts).encode(), allow=allow, because=frozenset(because), caller=caller)


def refused(asks: str, body: bytes, status: int, because: str, caller: Caller = Caller.MARKETPLACE) -> Question:
    """Return what is no question, so that the answer is a refusal."""
    return Question(asks=asks, body=body, status=status, because=frozenset({because}), caller=caller)


def changed(facts: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `facts`, changed at paths such as `resource.properties.tests`."""
    result = copy.deepcopy(dict(facts))
    for path, value in changes.items():
        *parents, name = path.split(".")
        place = result
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is LEFT_OUT:
            del place[name]
        else:
            place[name] = value
    return result


def before(now: datetime, *, days: int = 0, seconds: int = 0) -> str:
    """Return the time that lies so long before `now`, as facts state it; a negative span lies after it."""
    return (now - timedelta(days=days, seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
