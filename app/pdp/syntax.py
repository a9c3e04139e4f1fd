"""Rego modules as the engine parsed them: rules, calls, references, each with its place.

Owns how the engine's syntax trees are read. Which constructs are good is `policy_lint`'s business.

A node is an object with one member named for its kind (`{"Call": {...}}`), or one of the engine's wrappers; spans count
bytes of the source, and their own columns count a tab as four, so places are worked out from the bytes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from app.pdp.errors import BundleError

Path = tuple[str, ...]
"""A reference, segment by segment, as far as it is written out: `data.a["b"][x].c` is `("data", "a", "b")`."""

_CHAIN: Final = frozenset({"Var", "RefDot", "RefBrack"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: `name` is the first name of its head, `kind` one of `Compr`, `Set`, `Func`, `Default`."""

    name: str
    kind: str
    head: dict[str, Any]
    node: dict[str, Any]
    span: dict[str, int]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Return the bodies after `if` and `else`."""
        bodies: list[dict[str, Any]] = self.node.get("bodies", [])
        return bodies

    @property
    def arity(self) -> int:
        """Return the number of arguments of a function."""
        return len(self.head.get("args", ()))

    def parts(self) -> list[Any]:
        """Return what is evaluated for this rule: everything but its name and the names of its arguments."""
        head = [value for name, value in self.head.items() if name not in {"refr", "args"}]
        return [head, self.bodies, list(brackets(self.head["refr"]))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module. `package` and imports are whole paths that begin with `data`; `names` are those of its rules.

    `imported` has the path of every import, and where it stands.
    """

    file: str
    package: Path
    imports: dict[str, Path]
    imported: tuple[tuple[Path, dict[str, int]], ...]
    rules: tuple[Rule, ...]
    names: frozenset[str] = field(repr=False)
    source: bytes = field(repr=False)

    def place(self, span: dict[str, int]) -> str:
        """Return `file:line:column` of the first character of `span`."""
        before = self.source[: span["start"]]
        column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + 1
        return f"{self.file}:{self.line(span)}:{column}"

    def line(self, span: dict[str, int]) -> int:
        """Return the line on which `span` begins."""
        return self.source.count(b"\n", 0, span["start"]) + 1

    def refuse(self, span: dict[str, int], what: str) -> NoReturn:
        """Raise BundleError for what stands at `span`."""
        raise BundleError(f"{self.place(span)}: {what}")

    def resolve(self, node: Any, local: frozenset[str] = frozenset()) -> Path:
        """Return the whole path of a reference; one that begins with a local variable gives an empty path."""
        first, *rest = static_path(node) or ("",)
        if first in local:
            return ()
        if first in {"input", "data"}:
            return (first, *rest)
        if first in self.imports:
            return (*self.imports[first], *rest)
        if first in self.names:
            return (*self.package, first, *rest)
        return ()


def parse_syntax_trees(text: str) -> tuple[Module, ...]:
    """Return the modules in the engine's syntax trees."""
    return tuple(map(_module, json.loads(text)))


def nodes(part: Any, kind: str) -> Iterator[dict[str, Any]]:
    """Yield every node of `kind` in `part`, outer ones first."""
    if isinstance(part, dict):
        if kind in part and isinstance(part[kind], dict):
            yield part[kind]
        for value in part.values():
            yield from nodes(value, kind)
    elif isinstance(part, list):
        for value in part:
            yield from nodes(value, kind)


def references(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every reference in `part`, each as long as it goes, and those in its brackets."""
    if isinstance(part, list):
        for value in part:
            yield from references(value)
    elif isinstance(part, dict):
        if _CHAIN & part.keys():
            yield part
            yield from references(list(brackets(part)))
        else:
            for value in part.values():
                yield from references(value)


def static_path(node: Any) -> Path:
    """Return the segments of a reference as far as they are written out; none if it begins with no name."""
    segments: list[str | None] = []
    while "RefDot" in node or "RefBrack" in node:
        inner = node["RefDot"] if "RefDot" in node else node["RefBrack"]
        if "RefDot" in node:
            segments.append(inner["field"][1])
        else:
            segments.append(inner["index"].get("String", {}).get("value"))
        node = inner["refr"]
    if "Var" not in node:
        return ()
    segments.append(node["Var"]["value"])
    segments.reverse()
    cut = segments.index(None) if None in segments else len(segments)
    return tuple(str(segment) for segment in segments[:cut])


def is_static(node: Any) -> bool:
    """Tell whether `static_path` gives the whole of a reference."""
    return bool(static_path(node)) and all("String" in index for index in brackets(node))


def span_of(node: dict[str, Any]) -> dict[str, int]:
    """Return the span of a node."""
    (inner,) = node.values()
    span: dict[str, int] = inner["span"]
    return span


def _module(tree: dict[str, Any]) -> Module:
    ast = tree["ast"]
    imports = {}
    for each in ast["imports"]:
        path = static_path(each["refr"])
        name = path[-1]
        if each.get("as"):
            span = each["as"]
            name = tree["source"]["contents"].encode()[span["start"] : span["end"]].decode()
        imports[name] = path
    rules = tuple(map(_rule, ast["rules"]))
    return Module(
        file=tree["source"]["file"],
        package=("data", *static_path(ast["package"]["refr"])),
        imports=imports,
        imported=tuple((static_path(each["refr"]), span_of(each["refr"])) for each in ast["imports"]),
        rules=rules,
        names=frozenset(rule.name for rule in rules),
        source=tree["source"]["contents"].encode(),
    )


def _rule(node: dict[str, Any]) -> Rule:
    if "Default" in node:
        inner = node["Default"]
        return Rule(
            name=static_path(inner["refr"])[0], kind="Default", head=inner, node={"bodies": []}, span=inner["span"]
        )
    spec = node["Spec"]
    ((kind, head),) = spec["head"].items()
    return Rule(name=static_path(head["refr"])[0], kind=kind, head=head, node=spec, span=spec["span"])


def brackets(node: Any) -> Iterator[Any]:
    """Yield what stands in the brackets of a reference, and what it begins with if that is no name."""
    while "RefDot" in node or "RefBrack" in node:
        if "RefBrack" in node:
            yield node["RefBrack"]["index"]
            node = node["RefBrack"]["refr"]
        else:
            node = node["RefDot"]["refr"]
    if "Var" not in node:
        yield node
