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

_ALL = 100


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser("mutate", help="change each rule in small ways and see whether a test notices")
    command.add_argument("path", metavar="PATH", nargs="?", type=Path, help="the policies, if not OMEGA_POLICIES")
    command.add_argument("--package", metavar="P", action="append", help="look at this package alone; may be repeated")
    command.add_argument(
        "--least", metavar="PERCENT", type=_percent, help="no if a package scores less; survivors are then tolerated"
    )
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
        print_json(_document(report, options.least))
    else:
        _print(report, options.least)
    return 0 if _is_ok(report, options.least) else 1


def _percent(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:4]) > _ALL:
        raise argparse.ArgumentTypeError(f"`{text}` is no number from 0 to 100")
    return int(text)


def _is_ok(report: MutationReport, least: int | None) -> bool:
    """Tell whether the tests are good enough: every survivor explained, or every package with at least this score."""
    return report.ok if least is None else not report.stale and not report.below(least)


def _print(report: MutationReport, least: int | None) -> None:
    rows = [(each.package, f"{each.killed}/{each.mutants}", f"{each.percent}%", _rest(each)) for each in report.scores]
    print_rows([("package", "killed", "score", ""), *rows])
    for one in (one for each in report.scores for one in each.unexplained):
        print(f"SURVIVED {one.mutant.file}:{one.mutant.line}: {one.mutant.rule}: {one.mutant.change}")
    for line in report.stale:
        print(f"STALE {line}")
    for each in report.below(least or 0):
        print(f"BELOW {least}% {each.file}:1: {each.package}: {each.percent}%")
    killed, mutants = sum(each.killed for each in report.scores), sum(each.mutants for each in report.scores)
    unexplained = sum(len(each.unexplained) for each in report.scores)
    print(
        f"{report.percent}% of {mutants} mutants: {killed} killed, "
        f"{mutants - killed - unexplained} explained, {unexplained} survived"
        + (f"; {len(report.stale)} explanations are stale" if report.stale else "")
    )


def _rest(each: PackageScore) -> str:
    explained = len(each.survivors) - len(each.unexplained)
    return f"{explained} explained" if explained else ""


def _document(report: MutationReport, least: int | None) -> dict[str, Any]:
    return {
        "ok": _is_ok(report, least),
        "percent": report.percent,
        "least": least,
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
