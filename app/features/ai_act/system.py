"""A system and its class: what the decision said, read as class, reasons, duties and notices. Pure.

Says nothing of its own about the law: the class is the policy's, the day of each article the policy data's, the summary
of each article the catalog's.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from app.features.ai_act.policy_data import Notice
from frameworks import catalog
from frameworks.catalog import Item

_ARTICLE: Final = re.compile(r"art_([0-9]+)(?:_([0-9]+))?")
_HIGH, _TOLD, _CLASS = "high_risk_for", "transparency_for", "class"
_PLAIN: Final = frozenset({"id", "type", "class"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """An article that binds: who is bound or what for, from which day, and whether that day is still unchecked."""

    group: str
    article: str
    binds_from: str
    unchecked: bool
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """One decision about the class of a system. `at`: Unix seconds; `number` counts those of the system from 1.

    `description` is what the officer stated, `obligations` what the decision said.
    """

    system: str
    kind: str
    number: int
    description: Mapping[str, Any]
    obligations: tuple[Mapping[str, Any], ...]
    by: str
    at: int
    decision_id: str
    bundle: str
    revision: str

    @property
    def title(self) -> str:
        """Return what people call the system."""
        return str(self.description.get("title", self.system))

    @property
    def risk(self) -> str:
        """Return the class: `high`, `limited` or `minimal`."""
        return str(self._said(_CLASS)["class"])

    @property
    def high_for(self) -> tuple[str, ...]:
        """Return why it is high-risk."""
        return _names(self._said(_HIGH))

    @property
    def told_for(self) -> tuple[str, ...]:
        """Return of what persons have to be told."""
        return _names(self._said(_TOLD))

    @property
    def exempt_for(self) -> tuple[str, ...]:
        """Return the exceptions that counted (Article 6(3))."""
        return _names(self._said(_CLASS))

    @property
    def prohibited_from(self) -> Mapping[str, str]:
        """Return what it does that is prohibited from a day on, with that day."""
        said = self._said("prohibited_from")
        return {name: str(said[name]) for name in _names(said)}

    @property
    def duties(self) -> tuple[Duty, ...]:
        """Return the articles that bind, the earliest first."""
        return tuple(sorted(self._duties(), key=lambda each: (each.binds_from, _number(each.article))))

    def notices(self, texts: Mapping[str, Notice]) -> tuple[Notice, ...]:
        """Return those of the notices that this system needs."""
        return tuple(texts[reason] for reason in self.told_for if reason in texts)

    def _said(self, identifier: str) -> Mapping[str, Any]:
        return next((each for each in self.obligations if each["id"] == identifier), {})

    def _duties(self) -> Iterator[Duty]:
        for each in self.obligations:
            for member in each:
                if each["type"] == "duty" and (article := article_of(member)):
                    item = _law().get(article)
                    yield Duty(
                        group=str(each["id"]),
                        article=article,
                        binds_from=str(each[member]),
                        unchecked=each.get("unchecked") is True,
                        summary=item.summary if item else "",
                    )


def article_of(member: str) -> str | None:
    """Return the id that a catalog has for `art_9` or `art_50_1`, or None where it is no such name."""
    found = _ARTICLE.fullmatch(member)
    if found is None:
        return None
    return f"Art.{found[1]}" + (f"({found[2]})" if found[2] else "")


@cache
def _law() -> Mapping[str, Item]:
    return catalog.load()["eu-ai-act"].items


def _names(said: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(said.keys() - _PLAIN))


def _number(article: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall("[0-9]+", article))
