"""`omega witness serve`, `omega witness key`."""

import argparse

from app import logs
from app.cli.output import CommandError, print_json
from app.settings import Settings
from app.witness import serving


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    group = commands.add_parser("witness", help="cosign the checkpoints of other logs").add_subparsers(
        required=True, metavar="COMMAND"
    )
    serve = group.add_parser("serve", help="witness the logs whose verifier keys were put into its directory")
    serve.add_argument("--json", action="store_true", help="print where it listens as JSON")
    serve.set_defaults(run=run_serve)
    key = group.add_parser("key", help="print the witness's verifier key; make it first, if there is none")
    key.add_argument("--json", action="store_true", help="print JSON")
    key.set_defaults(run=run_key)


def run_serve(options: argparse.Namespace, settings: Settings) -> int:
    """Serve until told to stop."""
    logs.begin("witness", settings.log_form)

    def ready(url: str) -> None:
        if options.json:
            print_json({"url": url, "name": settings.witness_name})
        else:
            print(f"the witness {settings.witness_name} answers at {url}; stop with Ctrl-C", flush=True)

    try:
        serving.serve(settings, ready)
    except serving.WitnessError as error:
        raise CommandError(str(error)) from error
    return 0


def run_key(options: argparse.Namespace, settings: Settings) -> int:
    """Print the verifier key."""
    try:
        key = serving.prepare(settings)
    except serving.WitnessError as error:
        raise CommandError(str(error)) from error
    if options.json:
        print_json({"key": str(key), "name": key.name})
    else:
        print(key)
    return 0
