"""`omega keys rotate-kek`."""

import argparse

from app import keys
from app.cli.output import CommandError, print_json
from app.db import DatabaseUrlError, open_engine
from app.kek_opening import open_keks
from app.privacy.errors import PrivacyError
from app.privacy.kek_rotation import Rotation, rotate_kek
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable
from app.settings import Settings


def add_to(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the group `keys`."""
    command = group.add_parser(
        "rotate-kek",
        help="replace the key that wraps the subjects' data keys, and destroy the old one",
        description="The service may run meanwhile. If it is cut off, run it again. Nobody can open what is in copies "
        "of the key store from before: make a new backup.",
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Rotate."""
    rotation = rotate(settings)
    if options.json:
        destroyed = list(rotation.destroyed)
        print_json({"generation": rotation.generation, "wrapped": rotation.wrapped, "destroyed": destroyed})
    else:
        old = ", ".join(map(str, rotation.destroyed))
        print(f"generation {rotation.generation} is in force: {rotation.wrapped} keys wrapped anew; destroyed: {old}")
    return 0


def rotate(settings: Settings) -> Rotation:
    """Rotate the KEK of a node.

    Raises:
        CommandError: it cannot be done, or not yet be finished.
    """
    provider = open_keks(settings)
    try:
        keys.load(settings.keys)  # before a database is made where there is no node
        engine = open_engine(settings.key_store)
        try:
            return rotate_kek(KeyTable(engine, Keks(provider.load)), provider)
        finally:
            engine.dispose()
    except PrivacyError as error:
        raise CommandError(f"{error.code}: {error}") from error
    except (keys.KeysError, DatabaseUrlError) as error:
        raise CommandError(str(error)) from error
