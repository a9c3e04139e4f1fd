"""What the policies in force say of the law as data: clocks of incidents, texts of notices, days that were moved.

Reads what a bundle holds, and computes nothing with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from app.features.ai_act.errors import AiActError
from app.pdp.bundle import Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Within which time whom an incident has to be told.

    Attributes:
        id: its name in the policy data.
        law: the provision.
        hours: from when it became known; None is "without undue delay", which nobody can compute.
        warn_hours: so many before the end somebody is warned.
        recipient: who has to be told.
        all: the facts that have to hold for it to run.
        none: the facts of which none may hold.
    """

    id: str
    law: str
    hours: int | None
    warn_hours: int
    recipient: str
    all: tuple[str, ...]
    none: tuple[str, ...]

    def runs(self, facts: Mapping[str, bool]) -> bool:
        """Tell whether it runs for an incident with these facts; a fact that nobody stated does not hold."""
        held = {name for name, holds in facts.items() if holds}
        return held.issuperset(self.all) and held.isdisjoint(self.none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What persons are told, by language, and who tells them: the provider or the deployer."""

    reason: str
    article: str
    by: str
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyData:
    """What of the policy data this feature reads; `jobs` says which may run."""

    clocks: tuple[Clock, ...]
    notices: Mapping[str, Notice]
    jobs: Mapping[str, bool]


def policy_data(bundle: Bundle) -> PolicyData:
    """Return what `bundle` says.

    Raises:
        AiActError: `data`, it has not the form that it needs.
    """
    return _parsed(bundle.data)


@lru_cache(4)
def _parsed(text: str) -> PolicyData:
    data = json.loads(text)
    try:
        clocks = tuple(_clock(name, each) for name, each in sorted(data["incident_clocks"].items()))
        notices = {name: _notice(name, each) for name, each in sorted(data["notices"].items())}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise AiActError("data", "the policies in force have no usable `incident_clocks` and `notices`") from None
    jobs = {name: each.get("enabled") is True for name, each in sorted(data.get("jobs", {}).items())}
    return PolicyData(clocks=clocks, notices=MappingProxyType(notices), jobs=MappingProxyType(jobs))


def _clock(name: str, stated: Mapping[str, Any]) -> Clock:
    hours = stated["hours"]
    return Clock(
        id=name,
        law=_text(stated["law"]),
        hours=None if hours is None else _number(hours),
        warn_hours=_number(stated["warn_hours"]),
        recipient=_text(stated["recipient"]),
        all=tuple(_text(each) for each in stated["all"]),
        none=tuple(_text(each) for each in stated["none"]),
    )


def _notice(name: str, stated: Mapping[str, Any]) -> Notice:
    texts = {_text(language): _text(text) for language, text in sorted(stated["text"].items())}
    return Notice(reason=name, article=_text(stated["article"]), by=_text(stated["by"]), text=MappingProxyType(texts))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value
