"""`omega policy mutate`: whether a test notices each single thing that could be wrong with a rule."""

import argparse
from pathlib import Path
from typing import Any

from app import activation
from app.cli.output import print_json, print_rows, progress, refused
from app.pdp.admission_process import admit_apart
from app.pdp.errors import BundleError
from app.pdp.mutation_score import MutationReport, PackageScore, Survivor, score
from app.settings import Settings


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser("mutate", help="change each rule in small ways and see whether a test notices")
    command.add_argument("path", metavar="PATH", nargs="?", type=Path, help="the policies, if not OMEGA_POLICIES")
    command.add_argument("--package", metavar="P", action="append", help="look at this package alone; may be repeated")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Run the tests of each package against its mutants."""
    try:
        bundle = activation.read(options.path or settings.policies)
        admit_apart(bundle)
        with progress("mutants") as told:
            report = score(bundle, only=options.package, told=told)
    except BundleError as error:
        return refused(error, as_json=options.json)
    if options.json:
        print_json(_document(report))
    else:
        _print(report)
    return 0 if report.ok else 1


def _print(report: MutationReport) -> None:
    rows = [(each.package, f"{each.killed}/{each.mutants}", f"{each.percent}%", _rest(each)) for each in report.scores]
    print_rows([("package", "killed", "score", ""), *rows])
    for one in (one for each in report.scores for one in each.unexplained):
        print(f"SURVIVED {one.mutant.file}:{one.mutant.line}: {one.mutant.rule}: {one.mutant.change}")
    for line in report.stale:
        print(f"STALE {line}")
    killed, mutants = sum(each.killed for each in report.scores), sum(each.mutants for each in report.scores)
    unexplained = sum(len(each.unexplained) for each in report.scores)
    print(
        f"{mutants} mutants: {killed} killed, {mutants - killed - unexplained} explained, {unexplained} survived"
        + (f"; {len(report.stale)} explanations are stale" if report.stale else "")
    )


def _rest(each: PackageScore) -> str:
    explained = len(each.survivors) - len(each.unexplained)
    return f"{explained} explained" if explained else ""


def _document(report: MutationReport) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "packages": [
            {
                "package": each.package,
                "file": each.file,
                "mutants": each.mutants,
                "killed": each.killed,
                "percent": each.percent,
                "survivors": [_survivor(one) for one in each.survivors],
            }
            for each in report.scores
        ],
        "stale": list(report.stale),
    }


def _survivor(one: Survivor) -> dict[str, Any]:
    return {
        "line": one.mutant.line,
        "rule": one.mutant.rule,
        "change": one.mutant.change,
        "reason": one.reason or None,
    }
