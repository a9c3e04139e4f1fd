"""The tests that lie beside the policies: `test_*` rules in Rego, and cases in YAML that an auditor can read.

Owns how they are run and what they touched. Runs them in this process, with the engine that also decides.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Final

from app.pdp.bundle import Bundle
from app.pdp.decide_here import decide_here
from app.pdp.engine import Engine
from app.pdp.errors import BundleError, EngineError, MalformedRequestError, TooLargeError
from app.pdp.request import parse_document
from app.pdp.strict_json import MAX_BYTES, encode
from app.pdp.strict_yaml import parse_yaml
from app.pdp.syntax import Module, parse_syntax_trees

_MAX_INPUT: Final = MAX_BYTES + 1_024  # a request as it comes over HTTP, and the environment
_TEST: Final = re.compile(r"test_\w+")
_WANT: Final = frozenset({"allow", "failed", "obligations", "diagnostics"})

ENVIRONMENT: Final = {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"}
"""The environment of a case that states none; the tenant is the one that its caller is registered for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One test. `error` says on one line what went wrong, and is empty where it passed; `seconds` it took."""

    __test__ = False

    file: str
    line: int
    name: str
    passed: bool
    error: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The lines of one module that the tests evaluated, and those they did not; lines count from 1."""

    covered: frozenset[int]
    missed: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """All tests of a bundle in the order of their files, and the coverage of each module that decides."""

    __test__ = False

    results: tuple[TestResult, ...]
    coverage: Mapping[str, Coverage]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """A test to run on any bundle, and an engine that holds what it is of: `verify` returns what is wrong, or nothing.

    `of` is the package that a Rego test lies beside, or the action that a case asks for.
    """

    file: str
    line: int
    name: str
    of: str
    verify: Callable[[Bundle, Engine], str]


def _ignore(_: str) -> None: ...


def run_tests(
    bundle: Bundle, *, clock: Callable[[], float] = perf_counter, begun: Callable[[str], None] = _ignore
) -> TestReport:
    """Run every test rule and every case of `bundle`; `clock` tells seconds, `begun` is told which test runs now.

    Raises:
        BundleError: the engine does not take the bundle, or a file of cases is misshapen.
    """
    try:
        engine = Engine({**bundle.modules, **bundle.tests}, bundle.data, coverage=True)
        modules = parse_syntax_trees(engine.syntax_trees())
    except EngineError as error:
        raise BundleError(str(error)) from None
    results = tuple(_result(test, bundle, engine, clock, begun) for test in policy_tests(bundle, modules))
    covered = engine.covered()
    return TestReport(
        results=results,
        coverage={
            file: Coverage(covered=lines[0], missed=lines[1])
            for file, lines in sorted(covered.items())
            if file in bundle.modules
        },
    )


def policy_tests(bundle: Bundle, modules: Sequence[Module]) -> list[PolicyTest]:
    """Return every test rule and every case of `bundle`, whose syntax is `modules`, in the order they are run.

    Raises:
        BundleError: a file of cases is misshapen.
    """
    return [*_rego_tests(bundle, modules), *_cases(bundle)]


def _result(
    test: PolicyTest, bundle: Bundle, engine: Engine, clock: Callable[[], float], begun: Callable[[str], None]
) -> TestResult:
    begun(f"{test.file}:{test.line}:1: `{test.name}`")
    start = clock()
    error = test.verify(bundle, engine)
    return TestResult(
        file=test.file, line=test.line, name=test.name, passed=not error, error=error, seconds=clock() - start
    )


def _rego_tests(bundle: Bundle, modules: Sequence[Module]) -> Iterator[PolicyTest]:
    for module in sorted(modules, key=lambda each: each.file):
        if module.file not in bundle.tests:
            continue
        rules = [rule for rule in module.rules if rule.kind != "Func" and _TEST.fullmatch(rule.name)]
        times = Counter(rule.name for rule in rules)
        of = module.file.removeprefix("rego/").removesuffix("_test.rego").replace("/", ".")
        for rule in rules:
            query = f"{'.'.join(module.package)}.{rule.name}"
            verify = partial(_verify_rule, query, times[rule.name])
            yield PolicyTest(file=module.file, line=module.line(rule.span), name=rule.name, of=of, verify=verify)


def _verify_rule(query: str, times: int, _: Bundle, engine: Engine) -> str:
    if times > 1:
        return "stands twice; one would pass for the other"
    try:
        answer = json.loads(engine.evaluate(query, "{}"))
    except EngineError as error:
        return str(error)
    match answer:
        case {"result": [{"expressions": [{"value": True}]}]}:
            return ""
    return "is not true"


def _cases(bundle: Bundle) -> Iterator[PolicyTest]:
    for file, text in sorted(bundle.cases.items()):
        cases = parse_yaml(file, text)
        if not isinstance(cases, list) or not cases:
            raise BundleError(f"{file}:1:1: list the cases, each with `note`, `input`, `want`")
        for case in cases:
            line = _line(text, case)
            note, given, want = _case(f"{file}:{line}:1", case)
            verify = partial(_verify_case, given, want)
            yield PolicyTest(file=file, line=line, name=note, of=_asked(given), verify=verify)


def _line(text: str, case: Any) -> int:
    """Return the line on which the note of a case stands, or 1."""
    note = case.get("note") if isinstance(case, dict) else None
    return text.count("\n", 0, max(text.find(note), 0)) + 1 if isinstance(note, str) else 1


def _case(where: str, case: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    if not isinstance(case, dict) or case.keys() != {"note", "input", "want"} or not isinstance(case["note"], str):
        raise BundleError(f"{where}: a case has `note`, `input` and `want`, and nothing else")
    note, given, want = case["note"], case["input"], case["want"]
    if not isinstance(given, dict) or not isinstance(want, dict) or "allow" not in want or want.keys() - _WANT:
        raise BundleError(f"{where}: case `{note}`: `want` says `allow`, and may say {', '.join(sorted(_WANT))}")
    return note, given, want


def _asked(given: dict[str, Any]) -> str:
    """Return the action a case asks for, or nothing: whether the input is a request shows when it is run."""
    action = given.get("action")
    name = action.get("name") if isinstance(action, dict) else None
    return name if isinstance(name, str) else ""


def _verify_case(given: dict[str, Any], want: dict[str, Any], bundle: Bundle, engine: Engine) -> str:
    try:
        document = parse_document(encode({"environment": _environment(bundle)} | given), max_bytes=_MAX_INPUT)
    except (MalformedRequestError, TooLargeError) as error:
        return f"the input is no request: {error}"
    decision = decide_here(bundle, engine, document).decision
    got: dict[str, Any] = {
        "allow": decision.allow,
        "failed": list(decision.failed),
        "obligations": [each["id"] for each in decision.obligations],
        "diagnostics": [each.code for each in decision.diagnostics],
    }
    wanted = {"failed": [], "obligations": [], "diagnostics": []} | want
    wrong = [f"{name} is {got[name]}, want {wanted[name]}" for name in got if got[name] != wanted[name]]
    return "; ".join(wrong)


def _environment(bundle: Bundle) -> dict[str, str]:
    registered = bundle.callers.get(ENVIRONMENT["caller"])
    return ENVIRONMENT | ({"tenant": registered.tenant} if registered else {})
