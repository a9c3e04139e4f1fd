"""`omega portal grants`."""

import argparse

from app.audits.grants import RoleNameError, grants
from app.cli.output import CommandError
from app.settings import Settings


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("portal", help="the auditor portal").add_subparsers(required=True, metavar="COMMAND")
    command = group.add_parser(
        "grants",
        help="print the SQL that gives the portal's role its rights in PostgreSQL",
        description="Prints SQL, and runs none of it: pipe it to psql, as the role that owns the node's tables.",
    )
    command.add_argument(
        "--role", default="omega_portal", metavar="NAME", help="the role, made where there is none (%(default)s)"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace, _settings: Settings) -> int:
    """Print the SQL."""
    try:
        print(grants(options.role), end="")
    except RoleNameError as error:
        raise CommandError(str(error)) from error
    return 0
