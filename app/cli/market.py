"""`omega market`: what operators do for the marketplace."""

from typing import TYPE_CHECKING

from app.cli import market_authority

if TYPE_CHECKING:
    import argparse


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("market", help="the marketplace: its signing authority")
    nouns = group.add_subparsers(required=True, metavar="COMMAND")
    market_authority.add_to(nouns)
