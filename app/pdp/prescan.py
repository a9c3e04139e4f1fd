"""What a Rego source must look like before the engine parses it.

Owns the limits within which the engine parses a source quickly and completely: its parser takes exponential time for
nested literals, and what reads its syntax trees goes as deep as an expression is long. Reads the text token by token
and knows nothing of what it means.
"""

import re
from dataclasses import dataclass, field
from typing import Final, NoReturn

from app.pdp.errors import BundleError

MAX_NESTING: Final = 12
"""Brackets inside brackets."""

MAX_OPERATORS: Final = 16
"""Operators and indexes of one expression, not counting those in brackets of their own."""

MAX_NAMES: Final = 24
"""Names that one reference is made of."""

_MAX_BYTES: Final = 262_144
_MAX_LINES: Final = 5_000
_MAX_COLUMNS: Final = 1_000
_TOKEN: Final = re.compile(
    r"""
      (?P<text> "(?:[^"\\\n]|\\.)*" | `[^`]*` )
    | (?P<comment> \#[^\n]* )
    | (?P<name> \.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)* )
    | (?P<open> [\[{(] )
    | (?P<close> [\]})] )
    | (?P<operator> [:=!<>]= | [-+*/%|&<>=] )
    | (?P<separator> [,;] )
    | (?P<newline> \n )
    | (?P<other> \d[\w.]* | \S )
    """,
    re.VERBOSE,
)


@dataclass(slots=True)
class _Expression:
    """The expression that a scan is in: its operators so far, and whether the next line may begin another one."""

    operators: int = 0
    ended: bool = False


@dataclass(slots=True)
class _Scan:
    """How far a scan has come: one expression for each open bracket, and one around them."""

    file: str
    source: str
    open: list[_Expression] = field(default_factory=lambda: [_Expression()])
    last: re.Match[str] | None = None

    def refuse(self, token: re.Match[str], what: str) -> NoReturn:
        line = self.source.count("\n", 0, token.start()) + 1
        column = token.start() - self.source.rfind("\n", 0, token.start())
        raise BundleError(f"{self.file}:{line}:{column}: {what}")

    def follows_bracket(self, token: re.Match[str]) -> bool:
        """Tell whether a closing bracket stands directly before `token`: `x[0][1]`, `x[0].name`."""
        return self.last is not None and self.last.end() == token.start() and self.last.lastgroup == "close"

    def count(self, token: re.Match[str]) -> None:
        """Count an operator, or an index, which makes an expression as deep as an operator does."""
        expression = self.open[-1]
        expression.operators += 1
        if expression.operators > MAX_OPERATORS:
            self.refuse(token, f"more than {MAX_OPERATORS} operators in one expression; name a part of it as a rule")

    def begin(self, *, operator: bool) -> None:
        """Begin another expression if the one before ended with its line; an operator goes on with it."""
        expression = self.open[-1]
        if expression.ended and not operator:
            expression.operators = 0
        expression.ended = False


def verify_source(file: str, source: str) -> None:
    """Return if the engine may parse `source`.

    Raises:
        BundleError: with the place of the first thing that is too long, too deep, or not to be seen.
    """
    _verify_lines(file, source)
    scan = _Scan(file, source)
    for token in _TOKEN.finditer(source):
        _read(scan, token)
        if token.lastgroup not in {"newline", "comment"}:
            scan.last = token


def _verify_lines(file: str, source: str) -> None:
    lines = source.split("\n")
    if len(source.encode()) > _MAX_BYTES or len(lines) > _MAX_LINES:
        raise BundleError(f"{file}:1:1: more than {_MAX_BYTES} bytes or {_MAX_LINES} lines; split the module")
    for number, line in enumerate(lines, 1):
        if len(line.encode()) > _MAX_COLUMNS:
            raise BundleError(f"{file}:{number}:{_MAX_COLUMNS}: longer than {_MAX_COLUMNS} bytes; break the line")
        if not line.replace("\t", "").isprintable():
            raise BundleError(f"{file}:{number}:1: a character that does not print; lines end with a line feed alone")


def _read(scan: _Scan, token: re.Match[str]) -> None:
    match token.lastgroup:
        case "newline":
            after_operator = scan.last is not None and _is_operator(scan.last)
            scan.open[-1].ended = not after_operator
        case "comment":
            pass
        case "separator":
            scan.open[-1] = _Expression()
        case "open":
            scan.begin(operator=False)
            if token[0] == "[" and scan.follows_bracket(token):
                scan.count(token)
            scan.open.append(_Expression())
            if len(scan.open) > MAX_NESTING + 1:
                scan.refuse(token, f"nested deeper than {MAX_NESTING}; name the inner part as a rule")
        case "close":
            del scan.open[max(1, len(scan.open) - 1) :]
        case _:
            _read_term(scan, token)


def _read_term(scan: _Scan, token: re.Match[str]) -> None:
    scan.begin(operator=_is_operator(token))
    if _is_operator(token) or (token[0][0] == "." and scan.follows_bracket(token)):
        scan.count(token)
    if token[0].count(".") >= MAX_NAMES:
        scan.refuse(token, f"a reference of more than {MAX_NAMES} names; name a part of it as a rule")


def _is_operator(token: re.Match[str]) -> bool:
    return token.lastgroup == "operator" or token[0] == "in"
