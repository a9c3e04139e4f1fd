"""What the comments above a gate say about it: the `# METADATA` blocks of a Rego source (OPA, "Annotations").

The engine drops comments and has no `rego.metadata`, so the blocks are read from the text. Owns their shape; whether
each gate has one, and each required gate a rule, is admission's business.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from app.pdp import entrypoint
from app.pdp.entrypoint import INPUT, RULE, Entrypoint
from app.pdp.errors import BundleError
from app.pdp.model import Durability, Enforcement, Keeping, Severity, Violation
from app.pdp.strict_yaml import parse_yaml

_MAX_TITLE: Final = 160
_MAX_CONTROLS: Final = 12
_HEADING: Final = re.compile(r"#\s*METADATA\s*")
_GATE: Final = re.compile(r'passed contains "([^"]*)"')
_GATE_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CONTROL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}/[A-Za-z0-9][A-Za-z0-9._()-]{0,47}")
_CUSTOM: Final = frozenset({"severity", "enforcement", "controls"})
_KEEPING: Final = frozenset({"durability", "retention"})
_PACKAGE: Final = frozenset({"title", "custom", "entrypoint"})
_CLASS: Final = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From `begins` on (RFC 3339, UTC, seconds), a gate has another enforcement."""

    begins: str
    enforcement: Enforcement


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A gate, as its METADATA describes it: `controls` are `<framework>/<control>`, `line` is its first rule's.

    `enforcement` holds until the first of `steps` begins, which are in the order of their times.
    """

    id: str
    title: str
    severity: Severity
    enforcement: Enforcement
    controls: tuple[str, ...]
    line: int
    steps: tuple[Step, ...] = ()

    def at(self, time: str) -> Enforcement:
        """Return what is in force at `time` (RFC 3339, UTC, seconds)."""
        return next((step.enforcement for step in reversed(self.steps) if step.begins <= time), self.enforcement)

    def document(self) -> dict[str, Any]:
        """Return the rule as policies see it, under `data.rules[action][gate]`."""
        return {
            "title": self.title,
            "severity": self.severity.value,
            "enforcement": self.enforcement.value,
            "controls": list(self.controls),
        }

    def violation(self, time: str = "") -> Violation:
        """Return what a decision says where this gate failed at `time`; without one, before its first step."""
        return Violation(
            id=self.id,
            message=self.title,
            severity=self.severity,
            enforcement=self.at(time),
            controls=self.controls,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A METADATA block: its YAML, the line of its heading, and what stands directly below it."""

    text: str
    line: int
    below: str


def parse_rules(file: str, source: str) -> dict[str, Rule]:
    """Return the gates that the METADATA blocks in `source` describe, by id.

    Raises:
        BundleError: a block above a gate is no YAML or lacks something, or a gate has two.
    """
    rules: dict[str, Rule] = {}
    for block in _blocks(source.split("\n")):
        gate = _GATE.match(block.below)
        if not gate:
            continue
        rule = _rule(file, block, gate[1])
        if rule.id in rules:
            raise BundleError(f"{file}:{block.line}:1: gate `{rule.id}` has METADATA above its first rule already")
        rules[rule.id] = rule
    return rules


def parse_keeping(file: str, source: str) -> Keeping:
    """Return what the METADATA block above `package` says of how decisions are kept; without one, the defaults.

    Raises:
        BundleError: the block is no YAML or says something else.
    """
    said, line = _above_package(file, source)
    custom = said.get("custom", {})
    durability, retention = custom.get("durability", Durability.JOURNAL), custom.get("retention")
    if durability not in list(Durability):
        raise _refused_package(file, line)
    if retention is not None and (not isinstance(retention, str) or not _CLASS.fullmatch(retention)):
        raise _refused_package(file, line)
    return Keeping(durability=Durability(durability), retention=retention)


def parse_entrypoint(file: str, source: str, action: str) -> Entrypoint | None:
    """Return how clients of OPA ask for `action`, if the METADATA block above `package` says `entrypoint: true`.

    Raises:
        BundleError: the block is no YAML or says something else.
    """
    said, line = _above_package(file, source)
    custom = said.get("custom", {})
    if said.get("entrypoint") is not True:
        if {INPUT, RULE} & custom.keys():
            raise BundleError(f"{file}:{line}:1: METADATA of the package: `input` or `rule` without `entrypoint: true`")
        return None
    found = entrypoint.parse_entrypoint(custom, action)
    if found is None:
        raise entrypoint.refused_entrypoint(file, line)
    return found


def _above_package(file: str, source: str) -> tuple[dict[str, Any], int]:
    """Return what the METADATA block above `package` says and where it stands; without one, nothing at line 1.

    Raises:
        BundleError: it is no YAML, or has members that nobody knows.
    """
    found = [block for block in _blocks(source.split("\n")) if block.below.startswith("package ")]
    if not found:
        return {}, 1
    block = found[0]
    said = parse_yaml(file, block.text, block.line + 1)
    if not isinstance(said, dict) or not said.keys() <= _PACKAGE or not said.keys() - {"title"}:
        raise _refused_package(file, block.line)
    custom, served = said.get("custom", {}), said.get("entrypoint", False)
    if not isinstance(custom, dict) or not custom.keys() <= {*_KEEPING, INPUT, RULE} or not isinstance(served, bool):
        raise _refused_package(file, block.line)
    if "custom" in said and not custom:
        raise _refused_package(file, block.line)
    return said, block.line


def _refused_package(file: str, line: int) -> BundleError:
    return BundleError(
        f"{file}:{line}:1: METADATA of the package: write "
        f"`custom: {{durability: {' or '.join(Durability)}, retention: a class of OMEGA_RETENTION}}`, or less, "
        "and `entrypoint: true` where clients of OPA ask"
    )


def _blocks(lines: list[str]) -> Iterator[_Block]:
    number = 0
    while number < len(lines):
        heading = number
        number += 1
        if not _HEADING.fullmatch(lines[heading]):
            continue
        while number < len(lines) and lines[number].startswith("#"):
            number += 1
        text = "\n".join(line[1:] for line in lines[heading + 1 : number])
        yield _Block(text=text, line=heading + 1, below=lines[number] if number < len(lines) else "")


def _rule(file: str, block: _Block, gate: str) -> Rule:
    def refuse(what: str) -> BundleError:
        return BundleError(f"{file}:{block.line}:1: METADATA of gate `{gate}`: {what}")

    if not _GATE_ID.fullmatch(gate):
        raise refuse("a gate is named by a small letter, then small letters, digits, `_`, 64 in all")
    said = parse_yaml(file, block.text, block.line + 1)
    title, custom = (said.get("title"), said.get("custom")) if isinstance(said, dict) else (None, None)
    if not isinstance(title, str) or not title.isprintable() or not 0 < len(title) <= _MAX_TITLE:
        raise refuse(f"say with `title`, on one line of at most {_MAX_TITLE} characters, what holds when it passes")
    if not isinstance(custom, dict) or custom.keys() != _CUSTOM:
        raise refuse("write `custom: {severity: ..., enforcement: ..., controls: [...]}`")
    if custom["severity"] not in list(Severity):
        raise refuse(f"`severity` is one of {', '.join(Severity)}")
    if custom["enforcement"] not in list(Enforcement):
        raise refuse(f"`enforcement` is one of {', '.join(Enforcement)}")
    return Rule(
        id=gate,
        title=title,
        severity=Severity(custom["severity"]),
        enforcement=Enforcement(custom["enforcement"]),
        controls=_controls(
            custom["controls"], refuse("`controls` lists 1 to 12 of `<framework>/<control>`, none twice")
        ),
        line=block.line + block.text.count("\n") + 2,
    )


def _controls(value: Any, refusal: BundleError) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= _MAX_CONTROLS:
        raise refusal
    controls = tuple(control for control in value if isinstance(control, str) and _CONTROL.fullmatch(control))
    if len(controls) != len(value) or len(set(controls)) != len(value):
        raise refusal
    return controls
