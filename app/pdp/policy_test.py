"""The tests that lie beside the policies: `test_*` rules in Rego, and cases in YAML that an auditor can read.

Owns how they are run and what they touched. Runs them in this process, with the engine that also decides.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final

from app.pdp.bundle import Bundle
from app.pdp.engine import Engine
from app.pdp.errors import BundleError, EngineError
from app.pdp.gate_coverage import gate_coverage, rule_coverage, watch
from app.pdp.model import Severity
from app.pdp.policy_case import Outcome, gravest, parse_cases
from app.pdp.syntax import Module, parse_syntax_trees
from app.pdp.test_engines import TestEngines
from app.pdp.test_report import Coverage, Kind, TestReport, TestResult

_TEST: Final = re.compile(r"test_\w+")
_TRUE: Final = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """A test to run on any bundle, and an engine that holds what it is of; see `TestResult` for what it says."""

    file: str
    line: int
    name: str
    of: str
    kind: Kind
    expected: str
    run: Callable[[Bundle, Engine], Outcome]

    def verify(self, bundle: Bundle, engine: Engine) -> str:
        """Return what is wrong, or nothing."""
        return self.run(bundle, engine).error


def _every(_: PolicyTest) -> bool:
    return True


def _ignore(_: str) -> None: ...


def run_tests(  # noqa: PLR0913 - each of its callers chooses something else
    bundle: Bundle,
    *,
    clock: Callable[[], float] = perf_counter,
    begun: Callable[[str], None] = _ignore,
    chosen: Callable[[PolicyTest], bool] = _every,
    rules: bool = False,
    modules: Sequence[Module] = (),
) -> TestReport:
    """Run every test rule and every case of `bundle` that is `chosen`, and with `rules` see what they reach.

    Rules and gates are left out of packages and actions all of whose tests are.
    `clock` tells seconds, `begun` is told which test runs now. `modules` is its syntax, where that was parsed before.

    Raises:
        BundleError: the engine does not take the bundle, or a file of cases is misshapen.
    """
    try:
        engines = TestEngines(bundle, {**bundle.modules, **bundle.tests}, coverage=True)
        modules = modules or parse_syntax_trees(engines.whole.syntax_trees())
    except EngineError as error:
        raise BundleError(str(error)) from None
    every = policy_tests(bundle, modules)
    tests = [test for test in every if chosen(test)]
    results = tuple(_results(tests, bundle, engines, clock, begun))
    covered = engines.covered()
    coverage = {
        file: Coverage(covered=lines[0], missed=lines[1])
        for file, lines in sorted(covered.items())
        if file in bundle.modules
    }
    if not rules:
        return TestReport(results=results, coverage=coverage)
    left_out = {test.of for test in every} - {test.of for test in tests}
    seen = watch(bundle, modules, [(test.of, partial(test.verify, bundle)) for test in tests])
    return TestReport(
        results=results,
        coverage=coverage,
        rules=tuple(each for each in rule_coverage(bundle, modules, coverage, seen) if each.package not in left_out),
        gates=tuple(each for each in gate_coverage(bundle, seen) if each.action not in left_out),
    )


def policy_tests(bundle: Bundle, modules: Sequence[Module]) -> list[PolicyTest]:
    """Return every test rule and every case of `bundle`, whose syntax is `modules`, in the order they are run.

    Raises:
        BundleError: a file of cases is misshapen.
    """
    return [*_rego_tests(bundle, modules), *_cases(bundle)]


def _results(
    tests: Sequence[PolicyTest],
    bundle: Bundle,
    engines: TestEngines,
    clock: Callable[[], float],
    begun: Callable[[str], None],
) -> Iterator[TestResult]:
    """Yield what each test showed; the first has all modules, for what is wrong in any shows when one is asked."""
    for number, test in enumerate(tests):
        yield _result(test, bundle, engines.of(test.of) if number else engines.whole, clock, begun)


def _result(
    test: PolicyTest, bundle: Bundle, engine: Engine, clock: Callable[[], float], begun: Callable[[str], None]
) -> TestResult:
    begun(f"{test.file}:{test.line}:1: `{test.name}`")
    start = clock()
    outcome = test.run(bundle, engine)
    return TestResult(
        file=test.file,
        line=test.line,
        name=test.name,
        of=test.of,
        kind=test.kind,
        passed=not outcome.error,
        expected=test.expected,
        actual=outcome.actual,
        severity=outcome.severity,
        error=outcome.error,
        seconds=clock() - start,
    )


def _rego_tests(bundle: Bundle, modules: Sequence[Module]) -> Iterator[PolicyTest]:
    for module in sorted(modules, key=lambda each: each.file):
        if module.file not in bundle.tests:
            continue
        rules = [rule for rule in module.rules if rule.kind != "Func" and _TEST.fullmatch(rule.name)]
        times = Counter(rule.name for rule in rules)
        of = module.file.removeprefix("rego/").removesuffix("_test.rego").replace("/", ".")
        severity = gravest(bundle.actions.get(of), [])
        for rule in rules:
            query = f"{'.'.join(module.package)}.{rule.name}"
            yield PolicyTest(
                file=module.file,
                line=module.line(rule.span),
                name=rule.name,
                of=of,
                kind=Kind.REGO,
                expected=_TRUE,
                run=partial(_run_rule, query, times[rule.name], severity),
            )


def _run_rule(query: str, times: int, severity: Severity | None, _: Bundle, engine: Engine) -> Outcome:
    if times > 1:
        error = "stands twice; one would pass for the other"
        return Outcome(actual="not run", error=error, severity=severity)
    try:
        answer = json.loads(engine.evaluate(query, "{}"))
    except EngineError as error:
        return Outcome(actual="an error", error=str(error), severity=severity)
    match answer:
        case {"result": [{"expressions": [{"value": True}]}]}:
            return Outcome(actual=_TRUE, error="", severity=severity)
    return Outcome(actual="not true", error="is not true", severity=severity)


def _cases(bundle: Bundle) -> Iterator[PolicyTest]:
    for file, text in sorted(bundle.cases.items()):
        for case in parse_cases(file, text):
            yield PolicyTest(
                file=file,
                line=case.line,
                name=case.note,
                of=case.asked,
                kind=Kind.CASE,
                expected=case.expected,
                run=case.run,
            )
