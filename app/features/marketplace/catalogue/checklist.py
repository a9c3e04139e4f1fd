"""What the gates of a release say before it is published: which pass, which do not, what was seen and what is expected.

Asks the policies in force, by the same facts as a publication would, and has no effect. What it says is no permit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.blocking_pdp import BlockingPdp
from app.errors import problem
from app.pdp.model import Decision, Enforcement, Entity, EvaluationRequest
from app.pep import CONTROL, RefusedError, Resource, bundle_in_force, gate_of_request

_SEEN: Final = {
    "agreement": ("subject", ("agreement",)),
    "not_sanctioned": ("subject", ("country", "entity")),
    "authorised": ("resource", ("developer",)),
    "capabilities_declared": ("resource", ("capabilities",)),
    "content_clean": ("resource", ("findings",)),
    "covered": ("resource", ("tests",)),
    "documented": ("resource", ("documentation",)),
    "exportable": ("resource", ("export_control",)),
    "fast": ("resource", ("performance",)),
    "licensed": ("resource", ("licences",)),
    "no_severe_vulnerability": ("resource", ("vulnerabilities",)),
    "privacy": ("resource", ("privacy",)),
    "provenance": ("resource", ("provenance",)),
    "reproducible": ("resource", ("build",)),
    "sbom": ("resource", ("sbom",)),
    "sbom_complete": ("resource", ("sbom",)),
    "signed": ("resource", ("signature",)),
    "soaked": ("resource", ("soak", "channel")),
    "training_data": ("resource", ("training_data",)),
    "trust_kept": ("resource", ("trust_not_lowered",)),
    "compatible": ("resource", ("breaking", "version", "current_version")),
    "published": ("resource", ("published",)),
    "version_rises": ("resource", ("version", "current_version")),
}
"""The facts that stand beside each gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One gate: `seen` are its facts, as texts; `said` what was found wrong, in sentences."""

    gate: str
    title: str
    severity: str
    enforcement: str
    passed: bool
    seen: tuple[str, ...]
    said: tuple[str, ...]

    @property
    def blocks(self) -> bool:
        """Tell whether nothing is published because of it."""
        return not self.passed and self.enforcement == Enforcement.BLOCKING.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """The gates of an action; `allow` is what a decision would say now."""

    action: str
    allow: bool
    items: tuple[Item, ...]
    diagnostics: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return what JSON says of it."""
        gates = [
            {
                "gate": each.gate,
                "title": each.title,
                "severity": each.severity,
                "enforcement": each.enforcement,
                "passed": each.passed,
                "seen": list(each.seen),
                "said": list(each.said),
            }
            for each in self.items
        ]
        return {"action": self.action, "allow": self.allow, "gates": gates, "diagnostics": list(self.diagnostics)}


def tried(action: str, developer: Entity, resource: Resource, problems: Mapping[str, Sequence[str]]) -> Checklist:
    """Return what the gates of `action` would say if the developer asked for it now.

    Raises:
        RefusedError: this process has no decision point of its own (503).
        PdpError: see `Pdp.preview`.
    """
    pdp = gate_of_request().pdp
    if not isinstance(pdp, BlockingPdp):
        raise RefusedError(problem("control_unavailable", "gates are tried where decisions are made"))
    asked = EvaluationRequest(subject=developer, action=action, resource=resource, context={})
    decision = pdp.preview(asked, CONTROL)
    found = bundle_in_force().actions[action]
    held = {"subject": developer.properties, "resource": resource.properties}
    items = [
        Item(
            gate=rule.id,
            title=rule.title,
            severity=rule.severity.value,
            enforcement=rule.enforcement.value,
            passed=rule.id in decision.passed,
            seen=_seen(rule.id, held),
            said=tuple(problems.get(rule.id, ())),
        )
        for rule in found.rules.values()
    ]
    items.sort(key=lambda each: (each.passed, not each.blocks, each.gate))
    return Checklist(action=action, allow=decision.allow, items=tuple(items), diagnostics=_diagnostics(decision))


def _diagnostics(decision: Decision) -> tuple[str, ...]:
    return tuple(f"{each.code} at {each.path}" if each.path else each.code for each in decision.diagnostics)


def _seen(gate: str, held: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    part, names = _SEEN.get(gate, ("resource", ()))
    return tuple(line for name in names if name in held[part] for line in _lines(name, held[part][name]))


def _lines(name: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [line for inner, each in value.items() for line in _lines(f"{name}.{inner}", each)]
    said = {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    return [f"{name.replace('_', ' ')}: {said}"]
