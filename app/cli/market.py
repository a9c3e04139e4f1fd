"""`omega market`: what developers, buyers and operators do on the marketplace."""

from typing import TYPE_CHECKING

from app.cli import market_advisories, market_authority

if TYPE_CHECKING:
    import argparse


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("market", help="the marketplace: its signing authority, known vulnerabilities")
    nouns = group.add_subparsers(required=True, metavar="COMMAND")
    market_advisories.add_to(nouns)
    market_authority.add_to(nouns)
