"""`omega market authority`: make the signing authority of this installation, and print its trusted root."""

import argparse

from app.cli.output import CommandError
from app.features.marketplace.supply import authority_keys
from app.features.marketplace.supply.authority import own_root
from app.features.marketplace.supply.errors import AuthorityError
from app.settings import Settings


def add_to(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    group = nouns.add_parser("authority", help="the signing authority of this installation").add_subparsers(
        required=True, metavar="COMMAND"
    )
    init = group.add_parser(
        "init",
        help="make its keys beside those of the node, unless they are there",
        description="Makes market-*.key and market-ca.pem. Copy them to every node that signs.",
    )
    init.add_argument(
        "--name",
        required=True,
        metavar="URL",
        help="of the authority, for ever: the issuer of the identities in its certificates; at most 64 characters",
    )
    init.set_defaults(run=run_init)
    group.add_parser("root", help="print its trusted root, which verifiers of Sigstore read").set_defaults(run=run_root)


def run_init(options: argparse.Namespace, settings: Settings) -> int:
    """Make it."""
    try:
        made = authority_keys.make(settings.keys, options.name)
    except AuthorityError as error:
        raise CommandError(str(error)) from error
    print(f"{made.name} signs; its trusted root: omega market authority root")
    return 0


def run_root(_options: argparse.Namespace, settings: Settings) -> int:
    """Print the trusted root."""
    try:
        print(own_root(authority_keys.load(settings.keys)).document)
    except AuthorityError as error:
        raise CommandError(str(error)) from error
    return 0
