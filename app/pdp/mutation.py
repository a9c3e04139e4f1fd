"""Mutants: a policy with one thing changed, by which its tests show that they would notice.

Owns which changes are made to a module, and what each of them is called. Runs nothing: `mutation_score` does. Works on
the source between the engine's spans, so a mutant is what an author could have written by mistake.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.pdp.syntax import Module, Rule

_COMPARISON: Final = re.compile(rb"==|!=|<=|>=|<|>")
_COMPARISONS: Final = {
    b"==": (b"!=",),
    b"!=": (b"==",),
    b"<": (b"<=", b">="),
    b"<=": (b"<", b">"),
    b">": (b">=", b"<="),
    b">=": (b">", b"<"),
}
_ARITHMETIC: Final = re.compile(rb"[-+*]")
_ARITHMETICS: Final = {b"+": (b"-",), b"-": (b"+",), b"*": (b"+",)}
_TEXT: Final = rb'"(?:[^"\\]|\\.)*"|`[^`]*`'
_COMMENT: Final = re.compile(rb"(?P<kept>%s)|#[^\n]*" % _TEXT)
_MARK: Final = re.compile(rb"%s|[\[{(]|[\]})]|," % _TEXT)
_WHOLE: Final = re.compile(rb"-?[0-9]+")
_CONSTANTS: Final = frozenset({"String", "RawString", "Number", "Bool", "Array", "Set", "Object"})
_QUOTES: Final = b'"`'
_OTHER: Final = b"mutated"
_SKIPPED: Final = frozenset({"span", "refr", "fcn", "field", "index", "op"})  # names, and where they stand

_Place = tuple[int, int]
"""Where something begins and ends in the source, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One module with one change: `source` is all of it; `rule` and `change` name the change for as long as it exists.

    `line` counts from 1, in the source that was not changed. Equal changes of one rule are numbered. Without `source`
    the change is one of what METADATA says.
    """

    file: str
    line: int
    rule: str
    change: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    """Bytes `start` to `end` become `text`. `within` is what is shown of the source, unless `said` says it in words."""

    start: int
    end: int
    text: bytes
    within: _Place = (0, 0)
    said: str = ""


def mutants(module: Module, *, but: frozenset[str] = frozenset()) -> Iterator[Mutant]:
    """Yield every mutant of `module`, in the order of its source; rules named in `but` stay as they are.

    Changed are comparisons, sums, whole numbers, booleans and texts; a condition, a member of a list or set, `not`,
    or a whole body is taken out; what every member must fulfil becomes what one must. Not each of them compiles.
    """
    counted: Counter[tuple[str, str]] = Counter()
    seen = {module.source}
    for rule in module.rules:
        if rule.name in but:
            continue
        name = _label(rule)
        for edit in _of_rule(module.source, rule):
            source = module.source[: edit.start] + edit.text + module.source[edit.end :]
            if source in seen:
                continue
            seen.add(source)
            change = edit.said or _shown(module.source, edit)
            counted[name, change] += 1
            number = counted[name, change]
            yield Mutant(
                file=module.file,
                line=module.source.count(b"\n", 0, edit.start) + 1,
                rule=name,
                change=change if number == 1 else f"{change} ({number})",
                source=source.decode(),
            )


def _label(rule: Rule) -> str:
    """Return the name of a rule, with its gate where it is one of a gate."""
    gate = rule.head.get("key", {}).get("String", {}).get("value") if rule.kind == "Set" else None
    return rule.name if gate is None else f"{rule.name} {gate}"


def _shown(source: bytes, edit: _Edit) -> str:
    """Return the line of `within` that is changed, before and after."""
    start = max(edit.within[0], source.rfind(b"\n", 0, edit.start) + 1)
    end = min(edit.within[1], (source + b"\n").index(b"\n", edit.end))
    after = source[start : edit.start] + edit.text + source[edit.end : end]
    return f"`{_line(source[start:end])}` becomes `{_line(after)}`"


def _line(source: bytes) -> str:
    return " ".join(source.decode().split())


def _of_rule(source: bytes, rule: Rule) -> Iterator[_Edit]:
    place = _place(source, rule.head)
    heads = [value for name, value in rule.head.items() if name not in {"key", "refr", "span"}]
    if rule.kind == "Default":
        yield from _of(source, rule.head["value"], place)
    else:
        yield from _of(source, heads, place)
    for body in rule.bodies:
        yield _never(source, body)
        if body["assign"]:
            yield from _of(source, body["assign"]["value"], _place(source, body))
        yield from _of_query(source, body["query"])


def _never(source: bytes, body: dict[str, Any]) -> _Edit:
    """Return the edit by which a body never holds."""
    if not body["query"]["stmts"]:  # an `else` without a condition
        start, end = _place(source, body["assign"])
        return _Edit(start=end, end=end, text=b" if false", said=f"`else {_line(source[start:end])}` never holds")
    start, end = _place(source, body["query"])
    return _Edit(start=start, end=end, text=b"false", said=f"`if {_line(source[start:end])}` never holds")


def _of_query(source: bytes, query: dict[str, Any]) -> Iterator[_Edit]:
    for statement in query["stmts"]:
        start, end = place = _place(source, statement)
        [(kind, literal)] = statement["literal"].items()
        if kind in {"NotExpr", "Every"} or (kind == "Expr" and "AssignExpr" not in literal["expr"]):
            said = f"`{_line(source[start:end])}` is dropped"
            yield _Edit(start=start, end=end, text=b"true", said=said)
        if kind == "NotExpr":
            yield _Edit(start=start, end=start + len(b"not "), text=b"", within=place)
        if kind == "Every":
            yield _some(source, literal, place)
        yield from _of(source, literal, place)


def _some(source: bytes, every: dict[str, Any], place: _Place) -> _Edit:
    """Return the edit by which it is enough that one member fulfils what every member must."""
    opens, closes = _place(source, every["query"])
    start, end = place
    what = source[start + len(b"every ") : opens].strip()
    text = b"count([true | some " + what + b"; " + source[opens + 1 : closes - 1].strip() + b"]) > 0"
    return _Edit(start=start, end=end, text=text, said=f"`every {_line(what)}` becomes `some {_line(what)}`")


def _of(source: bytes, part: Any, within: _Place) -> Iterator[_Edit]:
    """Yield the edits of an expression that stands in the statement or head `within`."""
    if isinstance(part, list):
        for each in part:
            yield from _of(source, each, within)
    elif isinstance(part, dict):
        if "stmts" in part:
            yield from _of_query(source, part)
            return
        for kind, node in part.items():
            if kind in _SKIPPED:
                continue
            if isinstance(node, dict) and "span" in node:
                yield from _of_node(source, kind, node, within)
            yield from _of(source, _inner(kind, node), within)


def _inner(kind: str, node: Any) -> Any:
    """Return what is to be looked into of a node: no names of members, and nothing that only takes a value apart."""
    if kind == "Object":
        return [value for _, _, value in node["fields"]]
    if kind == "AssignExpr":
        return node["rhs"]
    return node


def _of_node(source: bytes, kind: str, node: dict[str, Any], within: _Place) -> Iterator[_Edit]:
    start, end = node["span"]["start"], node["span"]["end"]
    match kind:
        case "BoolExpr":
            yield from _operators(source, node, _COMPARISON, _COMPARISONS, within)
        case "ArithExpr":
            yield from _operators(source, node, _ARITHMETIC, _ARITHMETICS, within)
        case "Bool":
            text = b"false" if node["value"] else b"true"
            yield _Edit(start=start, end=end, text=text, within=within)
        case "Number" if _WHOLE.fullmatch(source[start:end]):
            for step in (1, -1):
                yield _Edit(start=start, end=end, text=b"%d" % (int(source[start:end]) + step), within=within)
        case "String" | "RawString":
            yield _Edit(start=start, end=end, text=_OTHER, within=within)
        case "Array" | "Set" if node["items"] and all(_CONSTANTS & item.keys() for item in node["items"]):
            yield from _members(source, kind, start, end)


def _operators(
    source: bytes,
    node: dict[str, Any],
    known: re.Pattern[bytes],
    others: Mapping[bytes, tuple[bytes, ...]],
    within: _Place,
) -> Iterator[_Edit]:
    """Yield the edits of the operator that stands between two operands; brackets and quotes may surround it."""
    [(_, left)], [(_, right)] = node["lhs"].items(), node["rhs"].items()
    found = known.search(source, left["span"]["end"], right["span"]["start"])
    for other in others[found[0]] if found else ():
        yield _Edit(start=found.start(), end=found.end(), text=other, within=within)  # type: ignore[union-attr]


def _members(source: bytes, kind: str, start: int, end: int) -> Iterator[_Edit]:
    """Yield the edits that take out one member of the list or set between two brackets."""
    places = list(_split(source, start + 1, end - 1))
    for first, beyond in places:
        said = f"`{_line(source[first:beyond])}` is taken out"
        if kind == "Set" and len(places) == 1:
            yield _Edit(start=start, end=end, text=b"set()", said=said)
        else:
            comma = source.find(b",", beyond, end)
            yield _Edit(start=first, end=comma + 1 if comma >= 0 else beyond, text=b"", said=said)


def _split(source: bytes, start: int, end: int) -> Iterator[_Place]:
    """Yield where each member between two commas begins and ends, without blanks and comments around it."""
    text = _COMMENT.sub(lambda found: found["kept"] or b" " * len(found[0]), source[start:end])
    depth, first = 0, 0
    for found in _MARK.finditer(text + b","):
        mark = found[0]
        depth += (mark in b"[{(") - (mark in b"]})")
        if mark == b"," and depth == 0:
            member = text[first : found.start()]
            if member.strip():
                beyond = start + first + len(member.rstrip())
                yield beyond - len(member.strip()), beyond
            first = found.end()


def _place(source: bytes, node: dict[str, Any]) -> _Place:
    """Return the place of a node, with the quotes that the engine leaves out where a text begins or ends it."""
    start, end = node["span"]["start"], node["span"]["end"]
    return start - (source[start - 1] in _QUOTES), end + (source[end : end + 1] in {b'"', b"`"})
