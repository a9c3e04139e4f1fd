"""`omega openapi`: what the decision plane answers to."""

import argparse

from app.cli.output import print_json, print_rows
from app.decision_plane.asgi import described
from app.settings import Settings


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser(
        "openapi",
        help="list the endpoints of the service, or print their OpenAPI document",
        description="A running service gives the same document at /openapi.json.",
    )
    command.add_argument("--json", action="store_true", help="print the OpenAPI 3.1 document")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, _: Settings) -> int:
    """Print it."""
    document = described()
    if options.json:
        print_json(document)
        return 0
    rows: list[tuple[str, ...]] = [
        (method.upper(), path, operation["summary"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    print_rows(rows)
    return 0
