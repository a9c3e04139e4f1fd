"""The part of OPA's query language that is safe to take from anybody: references, variables, scalars, `=`, `:=`, `==`.

A query is a conjunction of expressions, each perhaps `with input as` a JSON text. It is solved over documents that are
handed in, in a bounded number of steps. Owns syntax and solving; what a document is, and who may see it, is known
elsewhere. Calls, comprehensions, negation and iteration by keyword are refused, not half understood.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.pdp.errors import MalformedRequestError
from app.pdp.strict_json import parse

MAX_EXPRESSIONS: Final = 100
_MAX_STEPS: Final = 10_000  # of perhaps ten microseconds, on the loop
_MAX_ROWS: Final = 1_000
_KEYWORDS: Final = frozenset(
    {"as", "contains", "default", "else", "every", "false", "if", "import", "in", "not", "null", "package", "some"}
    | {"true", "with"}
)
_ROOTS: Final = frozenset({"data", "input"})
_ROOT: Final = re.compile(r"(?:data|input)\b")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEMBER: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)")
_SCALAR: Final = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?|(?:true|false|null)\b')
_OPERATOR: Final = re.compile(r":=|==|=")
_GIVEN: Final = re.compile(r"with\s+input\s+as\s")
_BLANK: Final = re.compile(r"[ \t\r]*")
_BETWEEN: Final = re.compile(r"[\s;]*")
_DECODER: Final = json.JSONDecoder()

Environment = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable; one that was written `_` has no name that a query could have."""

    name: str


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, boolean or null."""

    value: Any


@dataclass(frozen=True, slots=True)
class Reference:
    """A path into `data` or `input`, its steps names, numbers or variables."""

    root: str
    path: tuple["str | int | Variable", ...]

    @property
    def beginning(self) -> tuple[str, ...]:
        """Return the names it begins with, up to the first step that is none."""
        names: list[str] = []
        for step in self.path:
            if not isinstance(step, str):
                break
            names.append(step)
        return tuple(names)


Term = Variable | Scalar | Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """`left`, or `left = right`. `given` has the one input of an expression that brings it along."""

    left: Term
    right: Term | None = None
    given: tuple[Any, ...] = ()

    @property
    def data(self) -> tuple[Reference, ...]:
        """Return its references into `data`."""
        terms = (self.left, self.right)
        return tuple(term for term in terms if isinstance(term, Reference) and term.root == "data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What an expression is about. One that is not there is an empty tuple, else the document alone in one."""

    data: tuple[Any, ...] = ()
    input: tuple[Any, ...] = ()


def parse_query(text: str) -> tuple[Expression, ...]:
    """Return the expressions of a query, at least one.

    Raises:
        MalformedRequestError: `unsupported_query`, or a code of `strict_json.parse`: a literal is no JSON.
    """
    reader = _Reader(text)
    found = tuple(reader.expressions())
    if not found:
        raise _unsupported("it is empty")
    return found


def solve(expressions: Sequence[Expression], documents: Sequence[Documents]) -> list[dict[str, Any]]:
    """Return the variables of each solution; none where a query does not hold.

    Raises:
        MalformedRequestError: `unsupported_query`: a variable is in no reference, or it takes too long.
    """
    rows = []
    for found in _Solver(expressions, documents).solutions(0, {}):
        rows.append({name: value for name, value in found.items() if _NAME.fullmatch(name)})
        if len(rows) > _MAX_ROWS:
            raise _unsupported(f"it has more than {_MAX_ROWS} solutions")
    return rows


def _unsupported(why: str) -> MalformedRequestError:
    return MalformedRequestError("unsupported_query", f"a query is references and variables, compared: {why}")


class _Reader:
    """Reads one query from its beginning."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._wildcards = 0

    def expressions(self) -> Iterator[Expression]:
        count = 0
        while self._take(_BETWEEN) is not None and self._at < len(self._text):
            count += 1
            if count > MAX_EXPRESSIONS:
                raise _unsupported(f"it has more than {MAX_EXPRESSIONS} expressions")
            yield self._expression()
            self._take(_BLANK)
            if self._at < len(self._text) and self._text[self._at] not in ";\n":
                raise self._unread()

    def _expression(self) -> Expression:
        left = self._term()
        right = self._term() if self._take(_OPERATOR) else None
        if isinstance(left, Scalar) and not isinstance(right, Reference | Variable):
            raise _unsupported("an expression has a reference or a variable")
        return Expression(left=left, right=right, given=(self._json(),) if self._take(_GIVEN) else ())

    def _term(self) -> Term:
        if root := self._take(_ROOT):
            return Reference(root[0], tuple(self._path()))
        return self._simple()

    def _path(self) -> Iterator["str | int | Variable"]:
        while True:
            if member := self._take(_MEMBER):
                yield member[1]
            elif self._text.startswith("[", self._at):
                self._at += 1
                yield self._index()
            else:
                return

    def _index(self) -> "str | int | Variable":
        """Read what stands between brackets: nothing that has brackets itself, so nothing that could be nested."""
        term = self._simple()
        self._take(_BLANK)
        if not self._text.startswith("]", self._at):
            raise self._unread()
        self._at += 1
        if isinstance(term, Variable):
            return term
        if type(term.value) in {str, int}:
            step: str | int = term.value
            return step
        raise _unsupported("between brackets stand a text, a number or a variable")

    def _simple(self) -> Scalar | Variable:
        if scalar := self._take(_SCALAR):
            return Scalar(parse(scalar[0].encode()))
        name = self._take(_NAME)
        if name is None or name[0] in _KEYWORDS | _ROOTS:
            raise self._unread()
        return self._variable(name[0])

    def _variable(self, name: str) -> Variable:
        if name != "_":
            return Variable(name)
        self._wildcards += 1
        return Variable(f"${self._wildcards}")

    def _json(self) -> Any:
        """Return the JSON value that comes next, read strictly."""
        self._take(_BETWEEN)
        try:
            _, end = _DECODER.raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            raise _unsupported("after `with input as` comes a JSON text") from None
        text, self._at = self._text[self._at : end], end
        return parse(text.encode())

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        blank = _BLANK.match(self._text, self._at)
        found = pattern.match(self._text, blank.end() if blank else self._at)
        if found:
            self._at = found.end()
        return found

    def _unread(self) -> MalformedRequestError:
        return _unsupported(f"not understood from character {self._at + 1} on")


_UNBOUND: Final = object()


class _Solver:
    """Solves expressions from left to right, in a bounded number of steps."""

    def __init__(self, expressions: Sequence[Expression], documents: Sequence[Documents]) -> None:
        self._about = list(zip(expressions, documents, strict=True))
        self._steps = 0

    def solutions(self, number: int, bound: Environment) -> Iterator[Environment]:
        if number == len(self._about):
            yield bound
            return
        expression, documents = self._about[number]
        for found in self._holding(expression, documents, bound):
            yield from self.solutions(number + 1, found)

    def _holding(self, expression: Expression, documents: Documents, bound: Environment) -> Iterator[Environment]:
        for left, within in self._values(expression.left, documents, bound):
            if expression.right is None:
                if left is _UNBOUND:
                    raise _unsupported("a variable is in no reference")
                if left is not False:
                    yield within
                continue
            for right, there in self._values(expression.right, documents, within):
                yield from _unified(expression, left, right, there)

    def _values(self, term: Term, documents: Documents, bound: Environment) -> Iterator[tuple[Any, Environment]]:
        if isinstance(term, Reference):
            for document in documents.data if term.root == "data" else documents.input:
                yield from self._within(document, term.path, bound)
        elif isinstance(term, Variable):
            yield bound.get(term.name, _UNBOUND), bound
        else:
            yield term.value, bound

    def _within(
        self, value: Any, path: tuple["str | int | Variable", ...], bound: Environment
    ) -> Iterator[tuple[Any, Environment]]:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise _unsupported("it takes too long")
        if not path:
            yield value, bound
            return
        step = path[0]
        if not isinstance(step, Variable):
            for inner in member(value, step):
                yield from self._within(inner, path[1:], bound)
        elif step.name in bound:
            for inner in member(value, bound[step.name]):
                yield from self._within(inner, path[1:], bound)
        else:
            for key, inner in _items(value):
                yield from self._within(inner, path[1:], {**bound, step.name: key})


def member(value: Any, step: Any) -> tuple[Any, ...]:
    """Return what stands at a name of an object or a number of a list, alone in a tuple; nothing: an empty one."""
    if isinstance(value, dict):
        return (value[step],) if isinstance(step, str) and step in value else ()
    if isinstance(value, list):
        return (value[step],) if type(step) is int and 0 <= step < len(value) else ()
    return ()


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _unified(expression: Expression, left: Any, right: Any, bound: Environment) -> Iterator[Environment]:
    if left is _UNBOUND and right is _UNBOUND:
        raise _unsupported("a variable is in no reference")
    if left is _UNBOUND and isinstance(expression.left, Variable):
        yield {**bound, expression.left.name: right}
    elif right is _UNBOUND and isinstance(expression.right, Variable):
        yield {**bound, expression.right.name: left}
    elif _same(left, right):
        yield bound


def _same(left: Any, right: Any) -> bool:
    """Tell whether two scalars are the same: `true` is not 1, and 1.0 is."""
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        raise _unsupported("objects and lists are not compared")
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)
