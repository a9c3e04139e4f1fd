"""`omega policy`: test, mutate, status, check, reload."""

import argparse
from dataclasses import asdict
from typing import Any

from app import activation
from app.cli import mutation, policy_status
from app.cli.output import CommandError, print_json, print_rows, refused
from app.pdp.admission_process import admit_apart, run_tests_apart
from app.pdp.errors import BundleError
from app.pdp.policy_test import TestReport
from app.settings import Settings


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    group = commands.add_parser("policy", help="policies as files").add_subparsers(required=True, metavar="COMMAND")
    test = group.add_parser("test", help="run the Rego tests and cases")
    test.add_argument("--coverage", action="store_true", help="say which lines of the policies no test runs")
    mutation.add_to(group)
    policy_status.add_to(group)
    check = group.add_parser("check", help="say whether the policies would be admitted")
    reload = group.add_parser("reload", help="admit the policies and put them in force, in the running service too")
    for command, run in ((test, run_test), (check, run_check), (reload, run_reload)):
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(run=run)


def run_test(options: argparse.Namespace, settings: Settings) -> int:
    """Run the tests that lie beside the policies, and the cases."""
    try:
        report = run_tests_apart(activation.read(settings.policies))
    except BundleError as error:
        return refused(error, as_json=options.json)
    failed = [result for result in report.results if not result.passed]
    if options.json:
        print_json(_report(report, coverage=options.coverage))
    else:
        for result in failed:
            print(f"FAILED {result.file}:{result.line}: {result.name}: {result.error}")
        print(f"{len(report.results) - len(failed)} passed, {len(failed)} failed")
        if options.coverage:
            print_rows([("file", "lines", "not run"), *_coverage(report)])
    return 1 if failed else 0


def _report(report: TestReport, *, coverage: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "ok": all(result.passed for result in report.results),
        "results": [asdict(result) for result in report.results],
    }
    if coverage:
        document["coverage"] = {
            file: {"covered": sorted(lines.covered), "missed": sorted(lines.missed)}
            for file, lines in report.coverage.items()
        }
    return document


def _coverage(report: TestReport) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for file, lines in sorted(report.coverage.items()):
        total = len(lines.covered) + len(lines.missed)
        percent = 100 * len(lines.covered) // total if total else 100
        rows.append((file, f"{percent}%", ", ".join(map(str, sorted(lines.missed)))))
    return rows


def run_check(options: argparse.Namespace, settings: Settings) -> int:
    """Admit, and leave everything as it is."""
    try:
        bundle = activation.read(settings.policies)
        admit_apart(bundle)
    except BundleError as error:
        return refused(error, as_json=options.json)
    return _admitted(options, bundle.digest, bundle.revision, "would be admitted")


def run_reload(options: argparse.Namespace, settings: Settings) -> int:
    """Admit, and put in force."""
    try:
        bundle = activation.activate(settings.policies, settings.bundles)
    except BundleError as error:
        return refused(error, as_json=options.json)
    except OSError as error:
        raise CommandError(f"`{settings.bundles}` cannot be written: {error.strerror}") from error
    return _admitted(options, bundle.digest, bundle.revision, "is in force; workers swap to it within a second")


def _admitted(options: argparse.Namespace, digest: str, revision: str, what: str) -> int:
    if options.json:
        print_json({"ok": True, "bundle": digest, "revision": revision})
    else:
        print(f"bundle {digest} ({revision}) {what}")
    return 0
