"""`omega dsr stores`: where personal data are; and, for `omega subject replay-erasures`, stores that were restored."""

import argparse
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from app import keys
from app.cli.output import CommandError, print_json
from app.db import DatabaseUrlError
from app.features.dsr.running.opening import described, descriptions
from app.objects import ObjectsError, open_objects
from app.privacy.errors import PrivacyError
from app.privacy.stores.registry import Registry
from app.privacy.stores.suppression import Repeated, Suppression
from app.settings import Settings


def run_stores(options: argparse.Namespace, settings: Settings) -> int:
    """Print what every store says of itself."""
    try:
        found = descriptions(settings)
    except (PrivacyError, ObjectsError, keys.KeyFileError, DatabaseUrlError) as error:
        raise CommandError(str(error)) from error
    if options.json:
        print_json([asdict(each) for each in found])
        return 0
    for each in found:
        print(f"{each.name}: {each.title}")
        print(f"  why        {'; '.join(each.purposes)}")
        print(f"  what       {', '.join(each.categories)}; of {', '.join(each.subjects)}")
        print(f"  for whom   {', '.join(each.recipients) or 'nobody else'}")
        print(f"  how long   {each.retention}")
        print(f"  where      {each.region or 'where the service is'}; {each.security}")
    return 0


def backup_time(text: str | None) -> datetime | None:
    """Return the time that a command line names; None where it names none.

    Raises:
        CommandError: it is none, or has no time zone.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise CommandError("--backup-of is a time with a time zone, such as 2026-11-22T14:00:00Z")
    return found


def repeat_erasures(settings: Settings, lookup_key: bytes, names: Collection[str], since: datetime) -> Repeated:
    """Erase again in the stores that an operator describes, of these names or all, who was erased since a time.

    Raises:
        CommandError: there is no store of such a name.
        PrivacyError: the stores or the list of who was erased cannot be read.
    """
    stores = {each.described.name: each for each in described(settings, lookup_key)}
    if unknown := sorted(set(names) - stores.keys()):
        raise CommandError(f"no store `{unknown[0]}` is described in OMEGA_PRIVACY_STORES")
    wanted = Registry(store for name, store in stores.items() if not names or name in names)
    return Suppression(open_objects(settings.objects), lookup_key).repeat(wanted, since=since)
