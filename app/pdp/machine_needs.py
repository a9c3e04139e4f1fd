"""What a body of a rule cannot hold without: names whose value it needs, and arguments that functions need.

The virtual machine goes on with a value that is not there; where what comes after it needs that value, it does no harm.
Owns what needs what, by the syntax alone. What follows from it is `machine_profile`'s business.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.pdp.syntax import Module, Path, Rule

Key = tuple[Path, str]
"""A rule: its package and its name."""


@dataclass(frozen=True, slots=True)
class Defined:
    """One rule where it stands: all its definitions, and the module they are in."""

    module: Module
    rules: tuple[Rule, ...]


class Needs:
    """Follows what is needed through functions; each is looked at once."""

    def __init__(self, rules: dict[Key, Defined]) -> None:
        self._rules = rules
        self._strict: dict[Key, tuple[bool, ...]] = {}

    def strict(self, key: Key) -> tuple[bool, ...]:
        """Tell for each parameter of a function whether no definition gives anything while it is undefined."""
        if key not in self._strict:
            defined = self._rules[key]
            each = [self._strict_params(defined.module, rule) for rule in defined.rules]
            self._strict[key] = tuple(all(column) for column in zip(*each, strict=True))
        return self._strict[key]

    def _strict_params(self, module: Module, rule: Rule) -> list[bool]:
        needed = []
        bodies = rule.bodies or [{"query": {"stmts": []}, "assign": None}]
        for place, body in enumerate(bodies):
            assigned = (rule.head["assign"] if place == 0 else None) or body["assign"]
            last = self.of(module, assigned["value"]) if assigned else set()
            needed.append(self.of_statements(module, body["query"]["stmts"], last))
        names = set.intersection(*needed)
        return ["Var" not in pattern or pattern["Var"]["value"] in names for pattern in rule.head["args"]]

    def of_statements(self, module: Module, statements: list[Any], last: Iterable[str] = ()) -> set[str]:
        """Return the names without which not all of `statements` can hold, or without which `last` cannot."""
        names = {*last}
        for statement in reversed(statements):
            [(kind, literal)] = statement["literal"].items()
            if kind == "Expr" and "AssignExpr" in literal["expr"]:
                assign = literal["expr"]["AssignExpr"]
                if assign["lhs"].get("Var", {}).get("value") in names:
                    names |= self.of(module, assign["rhs"])
            elif kind == "Expr":
                names |= self.of(module, literal["expr"])
            elif kind in {"SomeIn", "Every"}:
                names |= self.of(module, literal["collection" if kind == "SomeIn" else "domain"])
        return names

    def of(self, module: Module, node: dict[str, Any]) -> set[str]:
        """Return the names without which an expression is undefined."""
        [(kind, inner)] = node.items()
        match kind:
            case "Var":
                return {inner["value"]}
            case "RefDot":
                return self.of(module, inner["refr"])
            case "RefBrack":
                return self.of(module, inner["refr"]) | self.of(module, inner["index"])
            case "Array" | "Set":
                parts = inner["items"]
            case "Object":
                parts = [value for _, _, value in inner["fields"]]
            case "BoolExpr" | "ArithExpr" | "BinExpr" | "Membership":
                parts = [inner[name] for name in ("lhs", "rhs", "value", "collection") if inner.get(name)]
            case "Call":
                path = module.resolve(inner["fcn"])
                key = (path[:-1], path[-1]) if path else None
                strict = self.strict(key) if key in self._rules else (True,) * len(inner["params"])
                parts = [part for part, needs in zip(inner["params"], strict, strict=True) if needs]
            case _:
                parts = []
        return {name for part in parts for name in self.of(module, part)}
