"""`omega market advisories`: bring in an export of known vulnerabilities, and say how old the snapshot is."""

import argparse
import time
from pathlib import Path
from typing import Final

from app.cli.output import CommandError, counted, print_json
from app.features.marketplace.inspection.advisories import Advisories, packed, replace_file, shown_date
from app.features.marketplace.inspection.advisory_export import load_export
from app.features.marketplace.inspection.bom import ECOSYSTEMS
from app.features.marketplace.inspection.errors import AdvisoryError
from app.settings import Settings

_OLD: Final = 30  # days after which `show` says no


def add_to(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = nouns.add_parser("advisories", help="known vulnerabilities, as the OSV format states them")
    names = group.add_subparsers(required=True, metavar="COMMAND")
    update = names.add_parser("update", help="make the snapshot anew from an export; nothing is downloaded")
    update.add_argument("export", type=Path, metavar="FILE|DIR|ZIP", help="such as osv.dev's all.zip of PyPI")
    update.add_argument(
        "--ecosystem", action="append", metavar="NAME", choices=sorted(ECOSYSTEMS.values()), help="PyPI unless told"
    )
    update.set_defaults(run=run_update)
    show = names.add_parser("show", help=f"say how old the snapshot is: no (1) where it is over {_OLD} days")
    show.set_defaults(run=run_show)
    for command in (update, show):
        command.add_argument("--json", action="store_true", help="print JSON")


def run_update(options: argparse.Namespace, settings: Settings) -> int:
    """Make the snapshot anew.

    Raises:
        CommandError: the export cannot be read, or the snapshot not be written; the one before stays.
    """
    try:
        found = load_export(options.export, frozenset(options.ecosystem or ["PyPI"]))
        data = packed(found, made_at=int(time.time()))
        replace_file(settings.advisories, data)
    except AdvisoryError as error:
        raise CommandError(str(error)) from None
    _say(Advisories.parse(data), options, settings)
    return 0


def run_show(options: argparse.Namespace, settings: Settings) -> int:
    """Say how old the snapshot is.

    Raises:
        CommandError: there is none.
    """
    try:
        held = Advisories.load(settings.advisories)
    except AdvisoryError as error:
        raise CommandError(str(error)) from None
    _say(held, options, settings)
    return 1 if held.age_days(int(time.time())) > _OLD else 0


def _say(held: Advisories, options: argparse.Namespace, settings: Settings) -> None:
    age = held.age_days(int(time.time()))
    if options.json:
        print_json({"count": held.count, "newest": held.newest, "age_days": age, "sha256": held.digest})
        return
    print(f"{held.count} advisories; the newest is of {shown_date(held.newest)}, {counted(age, 'day')} old")
    print(f"snapshot of {shown_date(held.made_at)}: {settings.advisories}, sha256 {held.digest}")
