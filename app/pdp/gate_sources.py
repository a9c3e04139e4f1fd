"""Which rules a gate is made of, and which facts each of them reads: from the syntax trees, evaluating nothing.

Owns how a fact is followed from a gate to the input: through names it is given on the way, through shared rules and
through the arguments of functions. What has become of a decision is `explain`'s business. Paths are those of
diagnostics (`resource/properties/grams`); they come from the text of policies, never from a request.

A path ends where names end: of a list, and of a fact that is chosen by a value, the whole is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.pdp.bundle import Action, Bundle, needed
from app.pdp.engine import Engine
from app.pdp.syntax import Module, Path, Rule, is_static, nodes, parse_syntax_trees, references, static_path

_GATES: Final = "passed"
_ANY: Final = "*"  # stands where a path goes on by a value
_LABEL: Final = "#"

_Names = Mapping[str, Path]
"""What the names in a rule stand for: a path that begins with `input`, or an empty one where it is anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSource:
    """One rule of a gate: its file, the lines it begins and ends on (from 1), and the facts it reads, sorted."""

    file: str
    line: int
    last_line: int
    facts: tuple[str, ...]


Sources = Mapping[str, tuple[RuleSource, ...]]
"""The rules of each gate, in the order in which they stand."""


class GateSources:
    """The rules of the gates of one bundle at a time, each action read when somebody asks for it first."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str], Sources] = {}

    def of(self, bundle: Bundle, action: Action) -> Sources:
        """Return the rules of the gates of `action`. The first time takes tens of milliseconds; any thread may ask.

        Raises:
            EngineError: a module of the bundle does not parse, so it was never admitted.
        """
        key = (bundle.digest, action.name)
        found = self._read.get(key)
        if found is None:
            found = gate_sources(syntax(bundle, action), action)
            kept = {each: sources for each, sources in self._read.items() if each[0] == bundle.digest}
            self._read = kept | {key: found}
        return found


def syntax(bundle: Bundle, action: Action) -> tuple[Module, ...]:
    """Return the modules that `action` can refer to, itself included. Parses; evaluates nothing.

    Raises:
        EngineError: a module does not parse.
    """
    modules = {path: bundle.modules[path] for path in needed(action.file, bundle.modules)}
    return parse_syntax_trees(Engine(modules, "{}").syntax_trees())


def gate_sources(modules: Sequence[Module], action: Action) -> Sources:
    """Return the rules of the gates of `action`, whose module is one of `modules`."""
    reader = _Reader(modules)
    found: dict[str, tuple[RuleSource, ...]] = dict.fromkeys(action.rules, ())
    for gate, module, rule in gate_rules(modules, action):
        last = module.source.count(b"\n", 0, rule.span["end"]) + 1
        source = RuleSource(
            file=module.file, line=module.line(rule.span), last_line=last, facts=_facts(reader.read(module, rule, ()))
        )
        found[gate] = (*found[gate], source)
    return found


def labelled(modules: Sequence[Module], action: Action) -> str:
    """Return the source of `action` with every rule of a gate under a name of its own (`label`), on the same lines.

    Evaluating `passed` then tells which of the rules of a gate held.
    """
    counted: dict[str, int] = {}
    source, shift = b"", 0
    for gate, module, rule in gate_rules(modules, action):
        end = rule.head["key"]["String"]["span"]["end"]
        source += module.source[shift:end] + label("", counted.get(gate, 0)).encode()
        shift, counted[gate] = end, counted.get(gate, 0) + 1
    [module] = [module for module in modules if module.file == action.file]
    return (source + module.source[shift:]).decode()


def label(gate: str, number: int) -> str:
    """Return what `labelled` calls the rule of a gate with this number, from 0."""
    return f"{gate}{_LABEL}{number}"


def gate_rules(modules: Sequence[Module], action: Action) -> Iterator[tuple[str, Module, Rule]]:
    """Yield the rules of the gates of `action`, whose module is one of `modules`, each with its gate."""
    for module in modules:
        for rule in module.rules if module.file == action.file else ():
            gate: str = rule.head.get("key", {}).get("String", {}).get("value", "") if rule.kind == "Set" else ""
            if rule.name == _GATES and gate in action.rules:
                yield gate, module, rule


def _facts(paths: set[Path]) -> tuple[str, ...]:
    """Return the paths as text, without those on the way to another."""
    cut = {path[1 : path.index(_ANY) if _ANY in path else len(path)] for path in paths}
    whole = sorted("/".join(path) for path in cut if path)
    return tuple(path for path in whole if not any(other.startswith(f"{path}/") for other in whole))


class _Reader:
    """Follows references; each rule is read once for each meaning of its arguments."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self._rules: dict[Path, list[tuple[Module, Rule]]] = {}
        self._known: dict[tuple[int, tuple[Path, ...]], set[Path]] = {}
        for module in modules:
            for rule in module.rules:
                self._rules.setdefault((*module.package, rule.name), []).append((module, rule))

    def read(self, module: Module, rule: Rule, arguments: tuple[Path, ...]) -> set[Path]:
        """Return the input paths that a rule reads, given what its arguments stand for."""
        key = (id(rule), arguments)
        if key in self._known:
            return self._known[key]
        found = self._known[key] = set()  # a rule that led to itself would find this
        names: dict[str, Path] = {node["value"]: () for arg in rule.head.get("args", ()) for node in nodes(arg, "Var")}
        names |= {
            arg["Var"]["value"]: meant
            for arg, meant in zip(rule.head.get("args", ()), arguments, strict=False)
            if "Var" in arg
        }
        parts = rule.parts()
        self._bind(module, parts, names)
        for call in nodes(parts, "Call"):
            given = tuple(self._meant(module, each, names) for each in call["params"])
            for other, callee in self._named(module, call["fcn"], names):
                found |= self.read(other, callee, given)
        for reference in references(parts):
            if meant := self._meant(module, reference, names):
                found.add(meant)
                continue
            for other, target in self._named(module, reference, names):
                if target.kind != "Func" and "args" not in target.head:
                    found |= self.read(other, target, ())
        return found

    def _bind(self, module: Module, parts: Any, names: dict[str, Path]) -> None:
        """Add what the names in a body stand for, in the order in which they get it."""
        for kind, node in _bindings(parts):
            if kind == "AssignExpr":
                pairs = [(_name(module, node["lhs"]), self._meant(module, node["rhs"], names))]
            else:
                among = self._meant(module, node["domain" if kind == "Every" else "collection"], names)
                pairs = [
                    (_name(module, node["key"]), ()),
                    (_name(module, node["value"]), (*among, _ANY) if among else ()),
                ]
            names.update({name: meant for name, meant in pairs if name})

    def _meant(self, module: Module, node: Any, names: _Names) -> Path:
        """Return the input path that an expression stands for, or an empty one."""
        first, *rest = static_path(node) or ("",)
        beyond = () if is_static(node) else (_ANY,)
        if first in names:
            return (*names[first], *rest, *beyond) if names[first] else ()
        if first == "input":
            return (first, *rest, *beyond)
        path = module.resolve(node)
        for length in range(len(path), 2, -1):
            match self._rules.get(path[:length], ()):
                case [(other, rule)] if rule.kind == "Compr" and not rule.bodies and rule.head.get("assign"):
                    meant = self._meant(other, rule.head["assign"]["value"], {})
                    return (*meant, *path[length:], *beyond) if meant else ()
        return ()

    def _named(self, module: Module, node: Any, names: _Names) -> list[tuple[Module, Rule]]:
        """Return the rules that a reference leads to."""
        path = module.resolve(node, frozenset(names))
        return [rule for length in range(2, len(path) + 1) for rule in self._rules.get(path[:length], ())]


def _bindings(part: Any) -> Iterator[tuple[str, Any]]:
    """Yield what gives names their meaning, in the order of the text."""
    if isinstance(part, list):
        for value in part:
            yield from _bindings(value)
    elif isinstance(part, dict):
        for kind, value in part.items():
            if kind in {"AssignExpr", "SomeIn", "Every"}:
                yield kind, value
            yield from _bindings(value)


def _name(module: Module, node: Any) -> str:
    """Return the name in a place where one is given: a variable, or the span of one."""
    if not node or "Var" in node:
        return str(node["Var"]["value"]) if node else ""
    return module.source[node["start"] : node["end"]].decode() if "start" in node else ""
