"""What a failed gate does, and from when on: `data/enforcement.json`, where a bundle has one.

Owns the form of that file and which word is in force at a time. Whether a gate failed is no business of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from app.pdp.errors import BundleError
from app.pdp.json_places import place_of
from app.pdp.metadata import Rule, Step
from app.pdp.model import Enforcement

FILE: Final = "data/enforcement.json"
_MAX_STEPS: Final = 8
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_FIRST, _LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


def stated(rules: dict[str, Rule], said: Any, action: str, data: bytes) -> dict[str, Rule]:
    """Return `rules` with the enforcement that `said`, the entry of `action` in the file of `data`, has for them.

    Raises:
        BundleError: it names no gate of the action, or has not the form, or a word or a date is none.
    """

    def refusal(what: str) -> BundleError:
        return BundleError(f"{FILE}:{place_of(data, [action])}: action `{action}`: {what}")

    if not isinstance(said, dict) or said.keys() - rules.keys():
        raise refusal("name its gates, each with an object")
    merged = dict(rules)
    for gate, entry in said.items():
        if not isinstance(entry, dict) or not entry or not entry.keys() <= {"enforcement", "steps"}:
            raise refusal(f"gate `{gate}`: write {{`enforcement`: one of {', '.join(Enforcement)}}}, `steps`, or both")
        first = entry.get("enforcement", rules[gate].enforcement)
        if first not in list(Enforcement):
            raise refusal(f"gate `{gate}`: write {{`enforcement`: one of {', '.join(Enforcement)}}}")
        steps = _steps(entry.get("steps", []))
        if steps is None or ("steps" in entry and not steps):
            raise refusal(
                f"gate `{gate}`: `steps` lists 1 to {_MAX_STEPS} of {{`from`: a time as 2026-12-01T00:00:00Z, "
                f"`enforcement`: one of {', '.join(Enforcement)}}}, each later than the one before"
            )
        merged[gate] = replace(rules[gate], enforcement=Enforcement(first), steps=steps)
    return merged


def table(rules: Mapping[str, Rule]) -> dict[str, list[dict[str, str]]]:
    """Return what policies find under `data.enforcement[action]`: for each gate the spans of time, without a gap.

    A span holds from `from` on, until before `to`. Times sort as they read, so that a policy compares them as text.
    """
    return {gate: list(_spans(rule)) for gate, rule in rules.items()}


def _spans(rule: Rule) -> Iterator[dict[str, str]]:
    begins, word = _FIRST, rule.enforcement
    for step in rule.steps:
        yield {"from": begins, "to": step.begins, "enforcement": word.value}
        begins, word = step.begins, step.enforcement
    yield {"from": begins, "to": _LAST, "enforcement": word.value}


def _steps(said: Any) -> tuple[Step, ...] | None:
    """Return the steps, or None where they have not the form."""
    if not isinstance(said, list) or len(said) > _MAX_STEPS:
        return None
    steps: list[Step] = []
    for each in said:
        if not isinstance(each, dict) or each.keys() != {"from", "enforcement"}:
            return None
        if not _is_time(each["from"]) or each["enforcement"] not in list(Enforcement):
            return None
        if steps and each["from"] <= steps[-1].begins:
            return None
        steps.append(Step(begins=each["from"], enforcement=Enforcement(each["enforcement"])))
    return tuple(steps)


def _is_time(text: Any) -> bool:
    """Tell whether this is a date that exists, in the one form that sorts as it reads."""
    try:
        return isinstance(text, str) and datetime.strptime(text, _TIME).strftime(_TIME) == text  # noqa: DTZ007 - UTC
    except ValueError:
        return False
