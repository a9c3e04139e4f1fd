"""`omega market`: what developers, buyers and operators do on the marketplace."""

from typing import TYPE_CHECKING

from app.cli import market_advisories, market_authority, market_fraud, market_releases

if TYPE_CHECKING:
    import argparse


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("market", help="the marketplace: agents published, found, bought, installed")
    nouns = group.add_subparsers(required=True, metavar="COMMAND")
    market_releases.add_to(nouns)
    market_authority.add_to(nouns)
    market_advisories.add_to(nouns)
    market_fraud.add_to(nouns)
