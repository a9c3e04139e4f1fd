"""Whether the engine's virtual machine can be trusted with an action: only where nothing it gets wrong can happen.

The machine finds no conflict between rules, takes an undefined value for one that can be bound, passed to a function
or collected, and leaves undefined what the interpreter refuses to go on with. So every construct, function and operand
that an action needs is held to a list of those known right; whatever is not on it, or not proved to be, is refused with
its place. And it counts instructions, not time: one that takes as long as a value is large is held to small values, or
to where it is followed once. Owns the proof; the list is `machine_list`'s. What has to agree in fact is
`machine_agreement`'s business.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from app.pdp import machine_shapes as shapes
from app.pdp.bundle import Action, Bundle
from app.pdp.errors import BundleError
from app.pdp.grants import GRANT
from app.pdp.machine_list import BUILTINS, CONSTANTS, JOINING
from app.pdp.machine_needs import Defined, Key, Needs
from app.pdp.machine_shapes import ANY, COLLECTIONS, JOINED, LONG, Value
from app.pdp.syntax import Module, Path, Rule, span_of, static_path

VERSION: Final = 3
"""Of list and proof: whatever was proved by another one is proved again."""

_STEPS: Final = 50_000
_JOINED: Final = 16  # lists that one decision may join
_UNDEFINED: Final = "<undefined>"  # what the machine answers where there is no value
_TEXT: Final = {"type": "string"}
_ENVIRONMENT: Final = {
    "type": "object",
    "required": ["time", "tenant", "caller"],
    "properties": {
        "time": {"type": "string", "format": "date-time"},
        "tenant": _TEXT,
        "caller": _TEXT,
        "overrides": {"type": "array", "items": GRANT},
    },
}
_STATED: Final = ("action", "environment")  # by the decision point, always

_Local = dict[str, Value]


class OutsideError(Exception):
    """Something is not on the list. The message is one line: `file:line:column: what`."""


def profile(bundle: Bundle, action: Action, modules: Iterable[Module]) -> str:
    """Return why the machine is not trusted with `action`, whose modules are `modules`; nothing if it is."""
    try:
        _Proof(bundle, action, modules).prove()
    except (OutsideError, BundleError) as error:
        return str(error)
    return ""


class _Proof:
    """Walks everything that an action's decision can reach, with what is known of each value on the way."""

    def __init__(self, bundle: Bundle, action: Action, modules: Iterable[Module]) -> None:
        self._action = action
        self._rules: dict[Key, Defined] = {}
        for module in modules:
            for name in module.names:
                rules = tuple(rule for rule in module.rules if rule.name == name)
                self._rules[module.package, name] = Defined(module, rules)
        schema = action.contract.schema
        facts = schema["properties"].get("action", {})
        action_schema = {
            "type": "object",
            "required": ["name", *facts.get("required", ())],
            "properties": {"name": _TEXT, **facts.get("properties", {})},
        }
        parts = {**schema["properties"], "action": action_schema, "environment": _ENVIRONMENT}
        whole = {"type": "object", "properties": parts, "required": [*schema.get("required", ()), *_STATED]}
        self._input = shapes.of_schema(whole, defined=True)
        self._data: dict[str, Any] = json.loads(bundle.data)
        self._tables: dict[str, Value] = {}
        self._known: dict[Key, Value] = {}
        self._needs = Needs(self._rules)
        self._steps = _STEPS
        self._joined = 0
        self._repeated = False  # whether what is looked at may be computed more than once for a decision

    def prove(self) -> None:
        """Return if everything holds.

        Raises:
            OutsideError, BundleError: with the first thing that does not.
        """
        self._rule(("data", *self._action.name.split(".")), "decision")

    # rules

    def _rule(self, package: Path, name: str) -> Value:
        """Return the value of a rule that takes no arguments."""
        key = (package, name)
        if key not in self._known:
            defined = self._rules[key]
            self._verify_one_value(defined)
            with self._repeating(to=False):  # the machine keeps its value
                values = [self._definition(defined.module, rule, {}) for rule in defined.rules]
            self._known[key] = _one_of(values)
        return self._known[key]

    def _called(self, module: Module, call: dict[str, Any], key: Key, arguments: list[Value]) -> Value:
        """Return the value of a function for these arguments."""
        defined = self._rules[key]
        self._verify_one_value(defined)
        for argument, strict in zip(arguments, self._needs.strict(key), strict=True):
            if not (argument.defined or strict):
                _refuse(module, call, f"an argument of `{key[1]}` may be undefined, and a definition does not need it")
        values = [
            self._definition(defined.module, rule, self._bound(defined.module, rule, arguments))
            for rule in defined.rules
        ]
        return _one_of(values)

    def _bound(self, module: Module, rule: Rule, arguments: list[Value]) -> _Local:
        local: _Local = {}
        for pattern, value in zip(rule.head["args"], arguments, strict=True):
            [kind] = pattern
            if kind == "Var":
                local[pattern["Var"]["value"]] = shapes.either([value])
            elif kind not in CONSTANTS:
                _refuse(module, pattern, "an argument is a name or a constant")
        return local

    def _verify_one_value(self, defined: Defined) -> None:
        """Refuse a rule whose definitions could contradict each other."""
        rules = [rule for rule in defined.rules if rule.kind != "Default"]
        for rule in defined.rules:
            if rule.kind == "Default" and (rule.head.get("args") or not _is_constant(rule.head["value"])):
                defined.module.refuse(rule.span, "the default of a function, or one that is no constant")
            if rule.kind not in {"Compr", "Func", "Set", "Default"} or ("Var" not in rule.head["refr"]):
                defined.module.refuse(rule.span, "a rule has one plain name")
        kinds = {rule.kind for rule in rules}
        if len(rules) > 1 and kinds != {"Set"}:
            constants = {_constant(value) for rule in rules for value in _values(rule)}
            if len(constants) != 1 or None in constants:
                defined.module.refuse(rules[1].span, f"definitions of `{rules[1].name}` could contradict each other")

    def _definition(self, module: Module, rule: Rule, local: _Local) -> Value:
        """Return what one definition gives; `defined` if it always does."""
        if rule.kind == "Default":
            return self._value(module, rule.head["value"], {})
        if rule.kind == "Set":
            return self._member_rule(module, rule)
        results, always = [], False
        fits_all = all("Var" in pattern for pattern in rule.head.get("args", ()))
        bodies = rule.bodies or [{"query": {"stmts": []}, "assign": None}]
        for place, body in enumerate(bodies):
            inner = dict(local)
            assigned = (rule.head["assign"] if place == 0 else None) or body["assign"]
            expression = assigned["value"] if assigned else None
            constant = expression is None or _is_constant(expression)
            if expression is not None and not constant and _iterates(body["query"]):
                module.refuse(rule.span, f"`{rule.name}` could have more than one value")
            self._query(module, body["query"], inner, [] if expression is None else [expression], strict=True)
            value = shapes.of("boolean") if expression is None else self._value(module, expression, inner)
            if len(bodies) > 1 and not value.defined:
                module.refuse(rule.span, f"a value of `{rule.name}` before or after `else` may be undefined")
            always = always or not body["query"]["stmts"]
            results.append(value)
        always = always and fits_all and all(each.defined for each in results)
        return shapes.known(shapes.either(results), defined=always)

    def _member_rule(self, module: Module, rule: Rule) -> Value:
        members = []
        for body in rule.bodies or [{"query": {"stmts": []}}]:
            local: _Local = {}
            with self._repeating(to=_iterates(body["query"])):
                self._query(module, body["query"], local, [], strict=False)
                value = self._value(module, rule.head["key"], local)
            if not value.defined:
                module.refuse(rule.span, f"a member of `{rule.name}` may be undefined")
            members.append(value)
        return shapes.of("set", items=shapes.either(members))

    # queries

    @contextmanager
    def _repeating(self, *, to: bool) -> Iterator[None]:
        """Have what is looked at meanwhile be computed more than once, or not."""
        before, self._repeated = self._repeated, to
        try:
            yield
        finally:
            self._repeated = before

    def _query(self, module: Module, query: dict[str, Any], local: _Local, after: list[Any], *, strict: bool) -> None:
        """Walk the statements of a body, and bind in `local` what they bind; `after` is evaluated with them."""
        with self._repeating(to=self._repeated or _iterates(query)):
            self._statements(module, query["stmts"], local, after, strict=strict)

    def _statements(
        self, module: Module, statements: list[Any], local: _Local, after: list[Any], *, strict: bool
    ) -> None:
        for place, statement in enumerate(statements):
            if statement.get("with_mods"):
                module.refuse(statement["span"], "`with`")
            later = self._needs.of_statements(module, statements[place + 1 :])
            if strict:
                later |= {name for each in after for name in self._needs.of(module, each)}
            self._statement(module, statement, local, later)

    def _statement(self, module: Module, statement: dict[str, Any], local: _Local, later: set[str]) -> None:
        [(kind, literal)] = statement["literal"].items()
        match kind:
            case "Expr" if "AssignExpr" in literal["expr"]:
                self._assign(module, literal["expr"]["AssignExpr"], local, later)
            case "Expr" | "NotExpr":
                self._value(module, literal["expr"], local)
            case "SomeIn":
                self._some(module, literal, local)
            case "Every":
                over = self._value(module, literal["domain"], local)
                inner = dict(local)
                for name in filter(None, (literal["key"], literal["value"])):
                    inner[_text(module, name)] = ANY if name is literal["key"] else over.any_member()
                if literal["key"]:
                    inner[_text(module, literal["key"])] = _key_of(over)
                with self._repeating(to=True):
                    self._query(module, literal["query"], inner, [], strict=False)
            case _:
                module.refuse(statement["span"], f"`{kind}` is not on the list")

    def _assign(self, module: Module, assign: dict[str, Any], local: _Local, later: set[str]) -> None:
        if assign["op"] != "ColEq" or "Var" not in assign["lhs"]:
            module.refuse(assign["span"], "write `<name> := <value>`")
        name, value = assign["lhs"]["Var"]["value"], self._value(module, assign["rhs"], local)
        if not value.defined and name not in later:
            module.refuse(assign["span"], f"`{name}` may be undefined, and nothing after it needs it")
        local[name] = shapes.known(value, defined=True)

    def _some(self, module: Module, some: dict[str, Any], local: _Local) -> None:
        over = self._value(module, some["collection"], local)
        if not over.within(COLLECTIONS):
            _refuse(module, some["collection"], "what `some` looks through may be no collection")
        for part, value in ((some["key"], _key_of(over)), (some["value"], over.any_member())):
            if part is not None:
                if "Var" not in part:
                    _refuse(module, part, "`some` binds names alone")
                local[part["Var"]["value"]] = value

    # expressions

    def _value(self, module: Module, node: dict[str, Any], local: _Local) -> Value:  # noqa: C901, PLR0911 - a table
        """Return what is known of an expression's value."""
        self._steps -= 1
        if self._steps < 0:
            _refuse(module, node, "too much to prove")
        [(kind, inner)] = node.items()
        match kind:
            case "String" | "RawString" | "Number" | "Bool" | "Null":
                if inner["value"] == _UNDEFINED:
                    _refuse(module, node, f"the text `{_UNDEFINED}`")
                return shapes.of(CONSTANTS[kind])
            case "Var" | "RefDot" | "RefBrack":
                return self._reference(module, node, local)
            case "Array" | "Set":
                items = [self._value(module, item, local) for item in inner["items"]]
                known = shapes.either(items) if items else None
                return shapes.of(kind.lower(), defined=all(item.defined for item in items), items=known)
            case "Object":
                return self._object(module, inner, local)
            case "BoolExpr" | "Membership":
                parts = [inner[name] for name in ("lhs", "rhs", "key", "value", "collection") if inner.get(name)]
                values = [self._value(module, part, local) for part in parts]
                if self._repeated:
                    self._verify_quick(module, node, kind, values)
                looks = kind == "BoolExpr" or values[-1].within(COLLECTIONS)
                return shapes.of("boolean", defined=looks and all(value.defined for value in values))
            case "ArithExpr" | "BinExpr":
                return self._arithmetic(module, node, inner, local)
            case "ArrayCompr" | "SetCompr":
                return self._comprehension(module, kind, inner, local)
            case "Call":
                return self._call(module, node, local)
            case _:
                return _refuse(module, node, f"`{kind}` is not on the list")

    def _verify_quick(self, module: Module, node: dict[str, Any], kind: str, values: list[Value]) -> None:
        """Refuse looking through what may be a long list of the data, again and again."""
        unknown = kind == "Membership" and values[-1].kinds is None
        if unknown or any(LONG in (value.kinds or ()) for value in values):
            _refuse(module, node, "a list that may be long is looked through in a loop; make it an object")

    def _object(self, module: Module, inner: dict[str, Any], local: _Local) -> Value:
        members = {}
        for _, key, value in inner["fields"]:
            if "String" not in key:
                _refuse(module, key, "the name of a member is no text")
            members[key["String"]["value"]] = self._value(module, value, local)
        defined = all(member.defined for member in members.values())
        return Value(kinds=frozenset({"object"}), defined=defined, members=members)

    def _arithmetic(self, module: Module, node: dict[str, Any], inner: dict[str, Any], local: _Local) -> Value:
        left, right = (self._value(module, inner[side], local) for side in ("lhs", "rhs"))
        defined = left.defined and right.defined
        operator = inner["op"]
        if operator in {"Add", "Sub", "Mul"} and left.within({"number"}) and right.within({"number"}):
            return shapes.of("number", defined=defined)
        if operator in {"Sub", "Union", "Intersection", "Or", "And"} and left.within({"set"}) and right.within({"set"}):
            if self._repeated:
                _refuse(module, node, f"`{operator}` of sets in a loop, or in a function that is called in one")
            items = [each.items for each in (left, right) if each.items is not None]
            return shapes.of("set", defined=defined, items=shapes.either(items) if items else None)
        return _refuse(module, node, f"`{operator}` of what may be neither numbers nor sets")

    def _comprehension(self, module: Module, kind: str, inner: dict[str, Any], local: _Local) -> Value:
        bound = dict(local)
        with self._repeating(to=self._repeated or _iterates(inner["query"])):
            self._query(module, inner["query"], bound, [], strict=False)
            term = self._value(module, inner["term"], bound)
        if not term.defined:
            _refuse(module, inner["term"], "what is collected may be undefined")
        return shapes.of("set" if kind == "SetCompr" else "array", items=term)

    def _call(self, module: Module, node: dict[str, Any], local: _Local) -> Value:
        call = node["Call"]
        path = module.resolve(call["fcn"])
        arguments = [self._value(module, each, local) for each in call["params"]]
        key = (path[:-1], path[-1]) if path else None
        if key in self._rules:
            return self._called(module, node, key, arguments)
        name = _written(call["fcn"])
        if name not in BUILTINS:
            _refuse(module, node, f"`{name}` is not on the list")
        wanted, result = BUILTINS[name]
        for kinds, argument in zip(wanted, arguments, strict=True):
            if kinds and not argument.within(kinds):
                _refuse(module, node, f"an argument of `{name}` may be of another kind than {', '.join(sorted(kinds))}")
        if name in JOINING:
            self._verify_joins(module, node, name, arguments)
        defined = all(argument.defined for argument in arguments)
        if name == "object.get":
            named = call["params"][1].get("String")
            found = arguments[0].member(named["value"]) if named else arguments[0].any_member()
            return shapes.known(shapes.either([found, arguments[2]]), defined=defined)
        return shapes.of(result, defined=defined)

    def _verify_joins(self, module: Module, node: dict[str, Any], name: str, arguments: list[Value]) -> None:
        """Refuse joining lists where that could take long: often, or of lists that are."""
        if self._repeated:
            _refuse(module, node, f"`{name}` in a loop, or in a function that is called in one")
        if any({LONG, JOINED} & (argument.kinds or frozenset()) for argument in arguments):
            _refuse(module, node, f"`{name}` of a list that was joined, or of a long one in the data")
        self._joined += 1
        if self._joined > _JOINED:
            _refuse(module, node, f"more than {_JOINED} times `{name}` in one decision")

    def _reference(self, module: Module, node: dict[str, Any], local: _Local) -> Value:
        """Return what a reference leads to: a local variable, the input, data, or a rule, and then its members."""
        steps: list[str | dict[str, Any]] = []
        while "Var" not in node:
            if "RefDot" in node:
                steps.append(node["RefDot"]["field"][1])
                node = node["RefDot"]["refr"]
            elif "RefBrack" in node:
                index = node["RefBrack"]["index"]
                steps.append(index["String"]["value"] if "String" in index else index)
                node = node["RefBrack"]["refr"]
            else:
                _refuse(module, node, "a reference begins with a name")
        steps.reverse()
        name = node["Var"]["value"]
        value = local[name] if name in local else self._root(module, node, module.resolve(node), steps)
        for step in steps:
            if isinstance(step, str):
                value = value.member(step)
            else:
                self._value(module, step, local)  # a name that nothing binds is refused there
                value = shapes.known(value.any_member(), defined=False)
        return value

    def _root(self, module: Module, node: dict[str, Any], path: Path, steps: list[str | dict[str, Any]]) -> Value:
        """Return what a reference's beginning leads to, and take from `steps` what that used up."""
        if path == ("input",):
            return self._input
        while path[:1] == ("data",):
            if (path[:-1], path[-1]) in self._rules:
                return self._rule(path[:-1], path[-1])
            if len(path) > 1 and path[1] in self._data:
                value = self._table(path[1])
                for name in path[2:]:
                    value = value.member(name)
                return value
            if not steps or not isinstance(steps[0], str):
                break
            path = (*path, str(steps.pop(0)))
        return _refuse(module, node, "a reference leads to no rule, no data and no input by names alone")

    def _table(self, name: str) -> Value:
        if name not in self._tables:
            self._tables[name] = shapes.of_datum(self._data[name])
        return self._tables[name]


def _refuse(module: Module, node: dict[str, Any], what: str) -> NoReturn:
    raise OutsideError(f"{module.place(span_of(node))}: {what}")


def _one_of(values: list[Value]) -> Value:
    """Return what a rule gives that has these definitions: it is there if any of them always is."""
    return shapes.known(shapes.either(values), defined=any(value.defined for value in values))


def _constant(value: dict[str, Any] | None) -> str | None:
    """Return a constant as text, `true` where none is written; nothing if it is no constant."""
    if value is None:
        return "true"
    [(kind, inner)] = value.items()
    return json.dumps(inner.get("value")) if kind in CONSTANTS else None


def _is_constant(value: dict[str, Any]) -> bool:
    return _constant(value) is not None


def _values(rule: Rule) -> list[dict[str, Any] | None]:
    """Return the expressions that a rule may give, one for each body; None stands for `true`."""
    first = rule.head["assign"]["value"] if rule.head["assign"] else None
    return [first, *(body["assign"]["value"] if body["assign"] else None for body in rule.bodies[1:])]


def _iterates(query: dict[str, Any]) -> bool:
    return any("SomeIn" in statement["literal"] for statement in query["stmts"])


def _text(module: Module, span: dict[str, int]) -> str:
    return module.source[span["start"] : span["end"]].decode()


def _key_of(over: Value) -> Value:
    """Return what the first of two names in `some a, b in over` may be."""
    kinds = {"array": "number", LONG: "number", JOINED: "number", "object": "string"}
    if over.kinds is not None and over.kinds <= kinds.keys():
        return Value(kinds=frozenset(kinds[kind] for kind in over.kinds), defined=True)
    return shapes.known(ANY, defined=True)


def _written(node: dict[str, Any]) -> str:
    return ".".join(static_path(node))
