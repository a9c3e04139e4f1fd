"""`omega subject`: erase, hold, release, replay-erasures, sweep."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from app import housekeeping, keys, log_scan
from app.cli.dsr_stores import backup_time, repeat_erasures
from app.cli.output import CommandError, print_json
from app.db import DatabaseUrlError, open_engine
from app.kek_opening import open_keks
from app.node_log import record_now
from app.objects import ObjectsError, open_objects
from app.privacy.concealer import PATIENCE
from app.privacy.detached import Detached
from app.privacy.erasure import Erasure, Ground
from app.privacy.erasure_replay import replay_erasures
from app.privacy.errors import HeldError, PrivacyError
from app.privacy.holds import Holds
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable
from app.privacy.subject_keys import LIFETIME
from app.settings import Settings
from evidence.errors import EvidenceError
from evidence.reader import Reader
from evidence.store import open_store

_MOST_ID: Final = 4_096
_SETTLE: Final = LIFETIME + PATIENCE + 1  # seconds until nobody has a destroyed key, or a payload under it on its way

Run = Callable[[argparse.Namespace, Settings], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    table: KeyTable
    detached: Detached
    lookup_key: bytes
    log: Reader


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("subject", help="persons: erase, hold").add_subparsers(required=True, metavar="COMMAND")
    erase = _person(group, "erase", "destroy what the log and the objects hold of a person, and record that", run_erase)
    erase.add_argument("--ground", required=True, choices=[each.value for each in Ground], help="GDPR, article 17(1)")
    for name, text, run in (
        ("hold", "forbid that a person is erased, and record that", run_hold),
        ("release", "release a hold, and record that", run_release),
    ):
        command = _person(group, name, text, run)
        command.add_argument(
            "--reason", required=True, metavar="CODE", help="such as litigation:2026-17; it is recorded"
        )
    replay = _command(group, "replay-erasures", "after a restore: erase again what the log says was erased", run_replay)
    replay.add_argument(
        "--backup-of",
        metavar="TIME",
        help="when the backup was made, such as 2026-11-22T14:00:00Z: look through restored stores as well",
    )
    replay.add_argument(
        "--store", action="append", default=[], metavar="NAME", help="a store that was restored; else all described"
    )
    _command(group, "sweep", "delete payloads that no record names, and those whose time has ended", run_sweep)


def run_erase(options: argparse.Namespace, settings: Settings) -> int:
    """Erase a person."""
    identifier = _identifier()
    with _stores(settings) as stores:
        record = partial(record_now, settings)
        erasure = Erasure(stores.table, stores.detached, stores.lookup_key, settle=lambda: time.sleep(_SETTLE))
        ground = Ground(options.ground)
        certificate = erasure.erase(options.tenant, options.type, identifier, ground, record=record)
    if options.json:
        print(certificate.text().decode())
    else:
        print(f"{certificate.subject}: erased; {len(certificate.keys)} keys, {certificate.payloads} payloads")
        print(f"  requested  {certificate.requested}")
        print(f"  completed  {certificate.completed}")
    return 0


def run_hold(options: argparse.Namespace, settings: Settings) -> int:
    """Set a hold."""
    identifier = _identifier()
    with _stores(settings) as stores:
        record = partial(record_now, settings)
        holds = Holds(stores.table, stores.lookup_key)
        subject = holds.hold(options.tenant, options.type, identifier, options.reason, record=record)
    _say(options, {"subject": subject, "reason": options.reason, "state": "set"})
    return 0


def run_release(options: argparse.Namespace, settings: Settings) -> int:
    """Release a hold."""
    identifier = _identifier()
    with _stores(settings) as stores:
        record = partial(record_now, settings)
        holds = Holds(stores.table, stores.lookup_key)
        released = holds.release(options.tenant, options.type, identifier, options.reason, record=record)
    if not released:
        raise CommandError(f"no hold `{options.reason}` stands on this person", 1)
    _say(options, {"reason": options.reason, "state": "released"})
    return 0


def run_replay(options: argparse.Namespace, settings: Settings) -> int:
    """Erase again."""
    since = backup_time(options.backup_of)
    with _stores(settings) as stores:
        record = partial(record_now, settings)
        records = log_scan.erasures(stores.log, settings.journals)
        found = replay_erasures(records, stores.table, stores.detached, now=datetime.now(UTC), record=record)
        again = None if since is None else repeat_erasures(settings, stores.lookup_key, options.store, since)
    told: dict[str, object] = {
        "erased": len(found.erased),
        "destroyed_again": found.destroyed,
        "payloads": found.payloads,
        "held": sorted(found.held),
        "unreadable": found.unreadable,
    }
    if again is not None:
        told |= {"listed": again.known, "stores": again.again, "failed": list(again.failed), "blind": list(again.blind)}
    _say(options, told)
    return 1 if found.unreadable or (again is not None and again.failed) else 0


def run_sweep(options: argparse.Namespace, settings: Settings) -> int:
    """Delete payloads that nobody needs."""
    with _stores(settings):  # which refuses where there is no node
        swept = housekeeping.sweep(settings, datetime.now(UTC))
    _say(options, {"unnamed": swept.unnamed, "expired": swept.expired})
    return 0


def _command(
    group: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, run: Run
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = group.add_parser(name, help=text)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)
    return command


def _person(
    group: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, run: Run
) -> argparse.ArgumentParser:
    command = _command(group, name, text, run)
    command.add_argument("--tenant", default="default", help="the person's tenant (default: %(default)s)")
    command.add_argument("--type", required=True, help="the type under which requests speak of the person")
    command.add_argument(
        "--id",
        required=True,
        choices=["-"],
        metavar="-",
        help="the id is read from standard input, one line: an argument would stand in the history of the shell",
    )
    return command


def _identifier() -> str:
    """Return the one line on standard input.

    Raises:
        CommandError: it is none; the message does not quote it.
    """
    data = sys.stdin.buffer.read(_MOST_ID + 1)
    try:
        identifier = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise CommandError("the id on standard input is not UTF-8") from None
    if not identifier or len(data) > _MOST_ID or "\n" in identifier:
        raise CommandError("standard input has to hold the id, one line")
    return identifier


@contextmanager
def _stores(settings: Settings) -> Iterator[_Stores]:
    """Yield what holds persons' data on this node, and turn what goes wrong with it into one line."""
    try:
        node = keys.load(settings.keys)  # before a database is made where there is no node
        detached = Detached(open_objects(settings.objects), tuple(settings.payloads))
        log = Reader(open_store(settings.store, read_only=True), node.log.verifier)
        engine = open_engine(settings.key_store)
        try:
            table = KeyTable(engine, Keks(open_keks(settings).load))
            yield _Stores(table=table, detached=detached, lookup_key=node.lookup, log=log)
        finally:
            engine.dispose()
    except HeldError as error:
        raise CommandError(f"{error.code}: {error}", 1) from error
    except (PrivacyError, ObjectsError, EvidenceError) as error:
        raise CommandError(f"{error.code}: {error}") from error
    except (keys.KeyFileError, DatabaseUrlError) as error:
        raise CommandError(str(error)) from error


def _say(options: argparse.Namespace, told: dict[str, object]) -> None:
    if options.json:
        print_json(told)
        return
    for name, value in told.items():
        print(f"{name}: {value}")
