"""What a change of files means for whoever reads rules: gates that came, went, or say something else. Pure.

Read from the METADATA above each gate, as admission reads it. Knows neither Git nor pages.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.features.policies.changes.owners import GUARDED
from app.pdp.errors import BundleError
from app.pdp.metadata import Rule, parse_rules

_REGO: Final = ".rego"
_TEST: Final = "_test.rego"
_CONTRACT: Final = ".schema.json"
_DEEPEST: Final = 12


class Kind(StrEnum):
    """What became of a gate or a value."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One difference: of what (`marketplace.publish: covered`, `data.thresholds.marketplace…`), and in which words."""

    kind: Kind
    what: str
    detail: str
    loosens: bool = False  # it may let through what was denied: a reader looks here first


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file before and after; None where it is not there. `path` is of the repository, with `/`."""

    path: str
    before: bytes | None
    after: bytes | None


def summary(changes: Iterable[Change]) -> tuple[Line, ...]:
    """Return what the changes do to gates and data, what may loosen a policy first."""
    lines = [line for change in sorted(changes, key=lambda each: each.path) for line in _lines(change)]
    return tuple(sorted(lines, key=lambda line: not line.loosens))


def _lines(change: Change) -> Iterator[Line]:
    name = change.path.removeprefix("policies/")
    if name.startswith("rego/") and name.endswith(_REGO) and not name.endswith(_TEST):
        yield from _gates(name, change)
    elif name.startswith("data/") and name.endswith(".json"):
        yield from _values(name, change)
    else:
        yield Line(kind=_kind(change), what=change.path, detail="file", loosens=_opens(name, change))


def _kind(change: Change) -> Kind:
    if change.before is None:
        return Kind.ADDED
    return Kind.REMOVED if change.after is None else Kind.CHANGED


def _opens(name: str, change: Change) -> bool:
    """Tell whether a file says who may do what or which facts count, or whether tests go with it."""
    tests = name.endswith(_TEST) or name.startswith("cases/")
    return change.path in GUARDED or name.endswith(_CONTRACT) or (tests and change.after is None)


def _gates(name: str, change: Change) -> Iterator[Line]:
    package = name.removeprefix("rego/").removesuffix(_REGO).replace("/", ".")
    before, after = _rules(name, change.before), _rules(name, change.after)
    if before is None or after is None:
        yield Line(kind=_kind(change), what=package, detail="its METADATA cannot be read", loosens=True)
        return
    told = 0
    for gate in sorted(before.keys() | after.keys()):
        line = _gate(f"{package}: {gate}", before.get(gate), after.get(gate))
        told += line is not None
        if line is not None:
            yield line
    if change.before is not None and change.after is not None:
        same = _code(change.before) == _code(change.after)  # what other code lets through, nobody can tell from here
        detail = "comments or METADATA, no conditions" if same else "conditions or code"
        yield Line(kind=Kind.CHANGED, what=package, detail=detail, loosens=not same)
    elif not told:
        yield Line(kind=_kind(change), what=package, detail="module without gates", loosens=change.after is None)


def _code(source: bytes) -> list[bytes]:
    """Return the lines that are no comment; all of them where a text may go over several lines."""
    lines = source.splitlines()
    return lines if b"`" in source else [line for line in lines if not line.lstrip().startswith(b"#")]


def _rules(name: str, source: bytes | None) -> dict[str, Rule] | None:
    try:
        return parse_rules(name, (source or b"").decode())
    except (BundleError, UnicodeDecodeError):
        return None


def _gate(what: str, before: Rule | None, after: Rule | None) -> Line | None:
    if before is None:
        return None if after is None else Line(kind=Kind.ADDED, what=what, detail=_said_of(after))
    if after is None:
        return Line(kind=Kind.REMOVED, what=what, detail=_said_of(before), loosens=True)
    said = [
        f"{name} from {old} to {new}"
        for name, old, new in (
            ("enforcement", before.enforcement, after.enforcement),
            ("severity", before.severity, after.severity),
            ("title", f"`{before.title}`", f"`{after.title}`"),
            ("controls", ", ".join(before.controls), ", ".join(after.controls)),
        )
        if old != new
    ]
    if not said:
        return None
    return Line(kind=Kind.CHANGED, what=what, detail="; ".join(said), loosens=before.enforcement != after.enforcement)


def _said_of(rule: Rule) -> str:
    return f"{rule.severity}, {rule.enforcement}: {rule.title}"


def _values(name: str, change: Change) -> Iterator[Line]:
    root = f"data.{name.removeprefix('data/').removesuffix('.json')}"
    try:
        before, after = (_parsed(each) for each in (change.before, change.after))
    except (ValueError, RecursionError):
        yield Line(kind=_kind(change), what=root, detail="cannot be read as JSON", loosens=True)
        return
    for path, old, new in _differences(root, before, after, 0):
        kind = Kind.ADDED if old is _NOTHING else Kind.REMOVED if new is _NOTHING else Kind.CHANGED
        said = " to ".join(_text(each) for each in (old, new) if each is not _NOTHING)
        yield Line(kind=kind, what=path, detail=said, loosens=True)


class _Nothing:
    """That a value is not there, which `null` is not."""


_NOTHING: Final = _Nothing()


def _parsed(data: bytes | None) -> Any:
    return _NOTHING if data is None else json.loads(data)


def _differences(path: str, before: Any, after: Any, depth: int) -> Iterator[tuple[str, Any, Any]]:
    """Yield each place where two values differ, as deep as objects go."""
    if isinstance(before, Mapping) and isinstance(after, Mapping) and depth < _DEEPEST:
        for name in sorted(before.keys() | after.keys()):
            yield from _differences(f"{path}.{name}", before.get(name, _NOTHING), after.get(name, _NOTHING), depth + 1)
    elif before is _NOTHING or after is _NOTHING or json.dumps(before) != json.dumps(after):
        yield path, before, after


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    longest = 200
    return text if len(text) <= longest else f"{text[:longest]}…"
