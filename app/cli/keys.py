"""`omega keys`: list, rotate."""

import argparse
import os
from dataclasses import dataclass
from functools import partial
from typing import Any

from app import keys, supervisor
from app.cli import kek
from app.cli.output import NO_SERVICE, CommandError, print_json, print_rows
from app.node_log import record_now
from app.rotation import Rotation, RotationError
from app.settings import Settings
from evidence.chain import utc_now
from evidence.errors import EvidenceError, StoreError
from evidence.key_history import KeyHistory, Reason
from evidence.store import open_store


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    group = commands.add_parser("keys", help="the keys of the log, and the key-encryption key").add_subparsers(
        required=True, metavar="COMMAND"
    )
    listing = group.add_parser("list", help="show which key signed what")
    rotate = group.add_parser("rotate", help="give the log another key; every node must be stopped")
    rotate.add_argument(
        "--compromised", action="store_true", help="say that the old key may be in other hands, not merely old"
    )
    kek.add_to(group)
    for command, run in ((listing, run_list), (rotate, run_rotate)):
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(run=run)


def run_list(options: argparse.Namespace, settings: Settings) -> int:
    """Show the history of the log's key."""
    try:
        node = keys.load(settings.keys)
        history = KeyHistory.load(open_store(settings.store, read_only=True), node.log.verifier)
    except (keys.KeyFileError, EvidenceError) as error:
        raise _command_error(error) from error
    rows = _rows(history)
    if options.json:
        own = node.log.verifier.id.hex()
        print_json({"log": history.origin, "keys": [row.document | {"own": row.id == own} for row in rows]})
    else:
        print_rows([("key", "from leaf", "reason", "since", "verifier key"), *[row.cells for row in rows]])
        if history.newest != node.log.verifier:
            print(f"this node's key is {node.log.verifier.id.hex()}: it must not seal")
    return 0 if history.newest == node.log.verifier else 1


def run_rotate(options: argparse.Namespace, settings: Settings) -> int:
    """Rotate the key."""
    try:
        lock = supervisor.hold(settings.data)
    except supervisor.ServeError as error:
        raise CommandError(str(error)) from error
    try:
        rotation = Rotation(
            directory=settings.keys,
            store=open_store(settings.store),
            retention=max(settings.retention.values()),
            clock=utc_now,
            record=partial(record_now, settings),
        )
        history = rotation.run(Reason.COMPROMISED if options.compromised else Reason.ROTATED)
    except (keys.KeyFileError, RotationError, EvidenceError) as error:
        raise _command_error(error) from error
    finally:
        os.close(lock)
    if options.json:
        print_json({"log": history.origin, "key": str(history.newest), "number": len(history.statements)})
    else:
        print(
            f"the log's key is now {history.newest.id.hex()}; give auditors this line, by another way than the store:"
        )
        print(history.newest)
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One key of the log."""

    id: str
    first: int
    reason: str | None
    since: str | None
    key: str

    @property
    def document(self) -> dict[str, Any]:
        return {"id": self.id, "key": self.key, "from_leaf": self.first, "reason": self.reason, "since": self.since}

    @property
    def cells(self) -> tuple[str, ...]:
        return self.id, str(self.first), self.reason or "first", self.since or "-", self.key


def _rows(history: KeyHistory) -> list[_Row]:
    first = history.keys[0]
    rows = [_Row(id=first.id.hex(), first=0, reason=None, since=None, key=str(first))]
    for each in history.statements:
        reason = str(each.reason)
        rows.append(_Row(id=each.key.id.hex(), first=each.size, reason=reason, since=each.time, key=str(each.key)))
    return rows


def _command_error(error: Exception) -> CommandError:
    return CommandError(str(error), NO_SERVICE if isinstance(error, StoreError) else 2)
