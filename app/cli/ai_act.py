"""`omega ai-act`: conformity."""

import argparse
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from app import activation, keys
from app.cli.output import CommandError, note
from app.db import DatabaseUrlError
from app.features.ai_act.conformity import conformity_file, encode
from app.features.ai_act.errors import AiActError
from app.features.ai_act.gathering import gather
from app.features.ai_act.node_records import NodeRecords
from app.pdp.bundle import load_snapshot
from app.pdp.errors import BundleError
from app.scheduling import opened_product
from app.schema import SchemaError
from app.settings import Settings

_DAY, _YEAR = timedelta(days=1), timedelta(days=365)


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("ai-act", help="systems under the EU AI Act")
    names = group.add_subparsers(required=True, metavar="COMMAND")
    command = names.add_parser(
        "conformity",
        help="write the conformity file of a system",
        description="Says what the platform knows, with sources, and what is missing. A period that has ended "
        "gives the same bytes each time. It is no legal advice.",
    )
    command.add_argument("--system", required=True, metavar="ID", help="the agent or workflow, as it was classified")
    command.add_argument("--out", required=True, type=Path, metavar="FILE", help="where it is written")
    command.add_argument("--from", dest="first", type=day, metavar="DAY", help="default: a year earlier")
    command.add_argument("--to", dest="last", type=day, metavar="DAY", help="day after the last, default: tomorrow")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Write the file.

    Raises:
        CommandError: there is no such system, or the node cannot be read, or the file not be written.
    """
    now = datetime.now(UTC)
    last = options.last or now.date() + _DAY
    first = options.first or last - _YEAR
    if first >= last:
        raise CommandError("the period is empty: `--from` is not before `--to`")
    try:
        keys.load_verifier(settings.keys)  # before anything is made where there is no node
        bundle = load_snapshot(activation.active(settings.bundles))
        with opened_product(settings):
            known = gather(
                options.system, first, last, bundle=bundle, records=NodeRecords(settings), now=int(now.timestamp())
            )
        document = conformity_file(known)
        options.out.write_bytes(encode(document))
    except AiActError as error:
        raise CommandError(str(error), 1 if error.code == "unknown" else 2) from error
    except (keys.KeyFileError, BundleError, DatabaseUrlError, SchemaError) as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"`{options.out.name}`: {error.strerror}") from error
    note(f"{len(document['missing'])} things are missing; the file lists them")
    return 0


def day(text: str) -> date:
    """Read a day of an option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no day such as 2026-11-22") from None
