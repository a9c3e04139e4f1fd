"""The policy that decided a record: its text as it was then, which lines are about which gate, what each serves.

The text is that of the bundle whose digest the record names, and the bundle is one whose files have that digest, so it
cannot be another. Evaluates nothing.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.features.policies.errors import RepositoryError
from app.features.policies.library import NoRevisionError
from app.pdp.bundle import Action, Bundle
from app.pdp.errors import EngineError
from app.pdp.gate_sources import RuleSource, gate_sources, syntax
from auditor_portal.policies.shelf import Shelf
from frameworks.control import Control

_GIT: Final = "git:"


class Fired(StrEnum):
    """What became of a gate in a decision."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASKED = "not asked"  # the contract was not met, or the evaluation ended before


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate of the action, how it came out, where its rules stand, and what it serves.

    Attributes:
        criteria: `<framework>/<item>`, as the policy says.
        controls: ids of the controls that it enforces.
    """

    id: str
    title: str
    severity: str
    fired: Fired
    rules: tuple[RuleSource, ...]
    criteria: tuple[str, ...]
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the policy, its number from 1, and what became of the gate that it is about; None: of none."""

    number: int
    text: str
    fired: Fired | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """The policy that decided: `file` is its path below policies/, `revision` where the policy viewer has it."""

    revision: str
    file: str
    gates: tuple[Gate, ...]
    lines: tuple[Line, ...]


def policy_text(shelf: Shelf, body: Mapping[str, Any], controls: Mapping[str, Control]) -> PolicyText | None:
    """Return the policy that made the decision with this body; None: it is not kept here, or no action was known."""
    name = body["action"]
    found = _bundle(shelf, body["policy"]) if isinstance(name, str) else None
    if found is None or name not in found[1].actions:
        return None
    try:
        return _told(*found, found[1].actions[name], body["result"], controls)
    except EngineError:
        return None


def _bundle(shelf: Shelf, policy: Mapping[str, Any]) -> tuple[str, Bundle] | None:
    """Return the bundle that a record names, as it was admitted or as its commit has it, and which of the two."""
    digest, revision = str(policy["bundle"]), str(policy.get("revision"))
    for each in (digest, revision.removeprefix(_GIT)):
        with suppress(NoRevisionError, RepositoryError):
            found = shelf.bundle(each)
            if found is not None and found.digest == digest:
                return each, found
    return None


def _told(
    revision: str, bundle: Bundle, action: Action, result: Mapping[str, Any], controls: Mapping[str, Control]
) -> PolicyText:
    sources = gate_sources(syntax(bundle, action), action)
    gates = tuple(
        Gate(
            id=gate,
            title=rule.title,
            severity=rule.severity.value,
            fired=_fired(gate, result),
            rules=sources[gate],
            criteria=rule.controls,
            controls=tuple(name for name, each in controls.items() if f"{action.name}/{gate}" in each.rules),
        )
        for gate, rule in sorted(action.rules.items())
    )
    fired = {
        number: gate.fired for gate in gates for rule in gate.rules for number in range(rule.line, rule.last_line + 1)
    }
    lines = bundle.modules[action.file].splitlines()
    told = tuple(Line(number=number, text=text, fired=fired.get(number)) for number, text in enumerate(lines, 1))
    return PolicyText(revision=revision, file=action.file, gates=gates, lines=told)


def _fired(gate: str, result: Mapping[str, Any]) -> Fired:
    if gate in result["failed"]:
        return Fired.FAILED
    return Fired.PASSED if gate in result["passed"] else Fired.NOT_ASKED
