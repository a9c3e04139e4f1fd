"""`omega policy test`: run the tests beside the policies, and say what came of each and what they reach."""

import argparse
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from threading import Event

from app import activation
from app.cli.junit import junit
from app.cli.output import CommandError, print_json, print_rows, printable, refused
from app.cli.policy_watch import keep_testing
from app.pdp.admission_process import run_tests_apart
from app.pdp.bundle import Bundle
from app.pdp.chosen_tests import Choice
from app.pdp.errors import BundleError
from app.pdp.test_report import TestReport, TestResult
from app.settings import Settings

_FORMATS = ("table", "json", "junit")
_ALL = 100


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser("test", help="run the Rego tests and cases")
    command.add_argument("path", metavar="PATH", nargs="?", type=Path, help="the policies, if not OMEGA_POLICIES")
    command.add_argument("--action", metavar="GLOB", help="only the tests of these actions and packages; * is anything")
    command.add_argument("--case", metavar="TEXT", help="only the cases whose note contains this")
    command.add_argument("--failed", action="store_true", help="list only the tests that fail")
    command.add_argument("--coverage", action="store_true", help="say which rules, gates and lines no test reaches")
    command.add_argument("--watch", action="store_true", help="go on: run again what a changed file concerns")
    command.add_argument("--format", choices=_FORMATS, help="of the results (default: table)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings, wait: Callable[[float], object] | None = None) -> int:
    """Run the tests that lie beside the policies, and the cases."""
    if options.json and options.format not in {None, "json"}:
        raise CommandError("write --json or --format, not both")
    form = "json" if options.json else options.format or "table"
    choice = Choice(action=options.action, case=options.case)

    def test(bundle: Bundle, chosen: Choice) -> TestReport:
        report = run_tests_apart(bundle, chosen=chosen, rules=options.coverage)
        _print(report, form, failed=options.failed, coverage=options.coverage)
        return report

    policies = options.path or settings.policies
    if options.watch:
        return keep_testing(policies, choice, test, wait=wait or Event().wait)
    try:
        report = test(activation.read(policies), choice)
    except BundleError as error:
        return refused(error, as_json=form == "json")
    if not report.results:
        raise CommandError("no test is chosen by --action and --case")
    return 0 if report.ok else 1


def _print(report: TestReport, form: str, *, failed: bool, coverage: bool) -> None:
    match form:
        case "json":
            said = report.document()
            print_json(said if coverage else {name: said[name] for name in ("ok", "passed", "failed", "results")})
        case "junit":
            print(junit(report), end="", flush=True)
        case _:
            _table(report.failed if failed else report.results)
            for each in report.failed:
                print(f"FAILED {each.file}:{each.line}: {printable(each.name)}: {printable(each.error)}")
            if coverage:
                _coverage(report)
            print(f"{len(report.results) - len(report.failed)} passed, {len(report.failed)} failed", flush=True)


def _table(results: tuple[TestResult, ...]) -> None:
    rows = [
        (
            "passed" if each.passed else "FAILED",
            printable(each.of),
            printable(each.name),
            printable(each.expected),
            printable(each.actual),
            each.severity or "",
        )
        for each in results
    ]
    if rows:
        print_rows([("", "of", "name", "expected", "actual", "severity"), *rows])


def _coverage(report: TestReport) -> None:
    """Print how much of each file the tests reach, then each rule and gate that they do not hold."""
    print()
    print_rows([("file", "lines", "rules", "gates", "lines not run"), *_reached(report)])
    for hole in report.holes:
        print(f"UNTESTED {hole}")
    print()


def _reached(report: TestReport) -> Iterator[tuple[str, ...]]:
    rules = {file: [*those] for file, those in groupby(report.rules, key=lambda each: each.file)}
    gates = {file: [*those] for file, those in groupby(report.gates, key=lambda each: each.file)}
    for file, lines in sorted(report.coverage.items()):
        if file not in rules:
            continue  # of a package whose tests were not chosen
        ran, total = len(lines.covered), len(lines.covered) + len(lines.missed)
        yield (
            file,
            f"{_ALL * ran // total if total else _ALL}%",
            _share([not rule.hole for rule in rules.get(file, ())]),
            _share([not gate.hole for gate in gates.get(file, ())]),
            ", ".join(map(str, sorted(lines.missed))),
        )


def _share(held: list[bool]) -> str:
    return f"{sum(held)}/{len(held)}" if held else ""
