"""`omega drift`: scan."""

import argparse
from datetime import UTC, datetime

from app import keys
from app.cli.output import CommandError, counted, print_json, print_rows
from app.db import DatabaseUrlError
from app.features.policies.drift.drift_job import scan, titles
from app.features.policies.errors import PoliciesError
from app.node_log import record_now
from app.scheduling import declaring, node_name, opened_product
from app.schema import SchemaError
from app.settings import Settings
from evidence.errors import EvidenceError
from evidence.record import Draft

_TENANT = "default"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("drift", help="policies that decide, against those that are declared")
    names = group.add_subparsers(required=True, metavar="COMMAND")
    command = names.add_parser(
        "scan",
        help="compare now, and record what was found",
        description="Compares this node with what is declared, and changes nothing. Exit code 1: something differs.",
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run_scan)


def run_scan(options: argparse.Namespace, settings: Settings) -> int:
    """Scan: exit code 1 where something differs.

    Raises:
        CommandError: it cannot be found out, or not be recorded.
    """
    try:
        keys.load_verifier(settings.keys)  # before anything is made where there is no node
        with opened_product(settings):
            found = scan(settings, declaring(settings), datetime.now(UTC))
        body = {"caller": "console", **found.record(node_name(settings))}
        record_now(settings, Draft(type=found.kind, tenant=_TENANT, body=body))
    except (PoliciesError, EvidenceError) as error:
        raise CommandError(f"{error.code}: {error}") from error
    except (keys.KeyFileError, DatabaseUrlError, SchemaError) as error:
        raise CommandError(str(error)) from error
    if options.json:
        print_json(found.document())
    elif found.findings:
        print_rows(titles(found.findings))
    else:
        print(f"nothing differs; {counted(len(found.observed.workers), 'worker')} looked at")
    return 1 if found.findings else 0
