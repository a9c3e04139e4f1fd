"""`omega frameworks test`: every test of the controls over the records of a period."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Final

from app import keys
from app.cli.collected import collected
from app.cli.output import UNUSABLE, CommandError, print_json, print_rows, printable, progress
from app.control_testing.errors import ControlTestingError
from app.control_testing.running import days, run
from app.settings import Settings
from evidence.errors import EvidenceError, FindingError
from frameworks.control import Control
from frameworks.results import time_text
from frameworks.testing import Outcome, Period, Result

_SHOWN: Final = 5  # deviations of a test; all of the first hundred stand in the JSON
_LAST: Final = date(9999, 12, 30)


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to those of `omega frameworks`."""
    command = commands.add_parser("test", help="test the controls over the records of a period")
    command.add_argument("--from", dest="first", metavar="DATE", type=_day, required=True, help="its first day, UTC")
    command.add_argument("--to", dest="last", metavar="DATE", type=_day, required=True, help="its last day, UTC")
    command.add_argument("--framework", metavar="ID", help="test the controls that serve this framework alone")
    command.add_argument("--control", metavar="ID", action="append", help="test this control alone; may be repeated")
    command.add_argument("--tenant", metavar="NAME", help="whose records (default: everybody's)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run_test)


def run_test(options: argparse.Namespace, settings: Settings) -> int:
    """Test controls; the exit code says whether there are deviations."""
    chosen = _chosen(options, settings)
    period = days(options.first, options.last)
    try:
        with progress("testing controls") as told:
            results = run(settings, chosen, period, now=_now(), tenant=options.tenant, told=told)
    except EvidenceError as error:
        raise CommandError(str(error), 1 if isinstance(error, FindingError) else UNUSABLE) from error
    except (ControlTestingError, keys.KeyFileError) as error:
        raise CommandError(str(error)) from error
    if options.json:
        print_json(
            {"from": time_text(period.start), "to": time_text(period.end), "results": list(map(asdict, results))}
        )
    else:
        _print(results, period)
    return 1 if any(each.deviation_count for each in results) else 0


def _now() -> datetime:
    return datetime.now(UTC)


def _chosen(options: argparse.Namespace, settings: Settings) -> list[Control]:
    found = collected(settings).controls
    if unknown := [each for each in options.control or () if each not in found]:
        raise CommandError(f"no control `{unknown[0]}`; `omega frameworks coverage` names them")
    chosen = [found[each] for each in dict.fromkeys(options.control)] if options.control else list(found.values())
    if options.framework is None:
        return chosen
    serving = [each for each in chosen if _serves(each.criteria, options.framework)]
    if not serving:
        raise CommandError(f"no control serves a framework `{options.framework}`")
    return serving


def _serves(criteria: Iterable[str], framework: str) -> bool:
    return any(each.startswith(f"{framework}/") for each in criteria)


def _print(results: Sequence[Result], period: Period) -> None:
    rows: list[tuple[str, ...]] = [("test", "kind", "outcome", "rows", "deviations", "newest")]
    for each in results:
        count, deviations = str(each.population.count), str(each.deviation_count or "")
        rows.append((each.test, str(each.kind), str(each.outcome), count, deviations, each.effective[:10]))
    print_rows(rows)
    for each in results:
        if each.deviations:
            print(f"\n{each.test}")
            print_rows([(d.time, d.position or "-", printable(d.reason)) for d in each.deviations[:_SHOWN]])
            if each.deviation_count > _SHOWN:
                print(f"and {each.deviation_count - _SHOWN} more")
    print(f"\n{_summary(results)}, from {period.start:%Y-%m-%d} to before {period.end:%Y-%m-%d}")


def _summary(results: Sequence[Result]) -> str:
    counts: dict[Outcome, int] = {}
    for each in results:
        counts[each.outcome] = counts.get(each.outcome, 0) + 1
    said = [f"{counts[outcome]} {outcome.replace('_', ' ')}" for outcome in Outcome if outcome in counts]
    return f"{len(results)} tests: {', '.join(said)}"


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.max
    if len(text) != len("2026-11-22") or day > _LAST:
        raise argparse.ArgumentTypeError(f"`{text}` is no day such as 2026-11-22")
    return day
