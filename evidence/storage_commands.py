"""The commands about storage: probe a store; hold, retain and expire objects.

The last three are recorded in the log first, so they are there only where somebody can record.
"""

import argparse
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from evidence import upkeep
from evidence.chain import utc_now
from evidence.errors import AssuranceError, MalformedError
from evidence.keys import VerifierKey
from evidence.probe import MEANINGS, Assurance, probe
from evidence.store import Level, WormStore, open_store

_MAX_KEY = 1024  # bytes of a key file


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The node whose storage it is: what its commands need not be told."""

    store: str
    key: Path
    immutable: bool = False
    record: upkeep.Record


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", node: Node | None) -> None:
    """Add the commands: those of a node, where there is one."""
    probing = commands.add_parser("probe", help="try what a store has to refuse, and say what it is worth")
    _options(probing, node)
    levels = [level.value for level in Level]
    probing.add_argument("--require", choices=levels, help="exit with 1 where the store is worth less")
    probing.set_defaults(run=_probe)
    if node is None:
        return
    hold = commands.add_parser("hold", help="put an object under a legal hold, or lift it; recorded")
    _options(hold, node)
    hold.add_argument("object", metavar="OBJECT", help="a key, <chain>/<segment>, or a decision id (its segment)")
    hold.add_argument("state", choices=["on", "off"])
    hold.set_defaults(run=_hold)

    retain = commands.add_parser("retain", help="keep an object longer; recorded, and never taken back")
    _options(retain, node)
    retain.add_argument("object", metavar="OBJECT", help="a key, <chain>/<segment>, or a decision id (its segment)")
    retain.add_argument("--until", required=True, metavar="TIME", help="such as 2033-01-01T00:00:00Z")
    retain.set_defaults(run=_retain)

    expire = commands.add_parser("expire", help="delete the segments whose time has passed and that are not held")
    _options(expire, node)
    expire.add_argument("--dry-run", action="store_true", help="delete nothing")
    expire.set_defaults(run=_expire)


def _options(parser: argparse.ArgumentParser, node: Node | None) -> None:
    default = {"required": True} if node is None else {"default": node.store}
    parser.add_argument("--store", metavar="STORE", help="a directory, or s3://bucket/prefix", **default)
    parser.add_argument(
        "--immutable",
        action="store_true",
        default=node is not None and node.immutable,
        help="the files of the directory carry the immutable flag",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    if node is not None:
        parser.add_argument("--key", type=Path, default=node.key, metavar="FILE", help="the log's verifier key")
        parser.set_defaults(record=node.record)


def _probe(options: argparse.Namespace) -> int:
    found = probe(_store(options), utc_now(), secrets.token_hex(8))
    below = _below(found, Level(options.require or Level.L0))
    if options.json:
        _print_json({"ok": below is None, "store": options.store, **found.document()})
    else:
        print(f"store    {options.store}\nlevel    {found.label}: {MEANINGS[found.level]}")
        for each in found.tried:
            print(f"{'refused' if each.refused else 'DONE':<9}{each.name:<46}{each.said}".rstrip())
        if below:
            print(f"BELOW    {below}")
    return 0 if below is None else 1


def _below(found: Assurance, required: Level) -> str | None:
    try:
        found.require(required)
    except AssuranceError as error:
        return str(error)
    return None


def _hold(options: argparse.Namespace) -> int:
    store, on = _store(options), options.state == "on"
    key = upkeep.object_key(store, _key(options), options.object)
    changed = upkeep.hold(store, key, options.record, on=on)
    if options.json:
        _print_json({"key": key, "held": on, "changed": changed})
    else:
        print(f"{key}: {'' if changed else 'already '}{'held' if on else 'not held'}")
    return 0


def _retain(options: argparse.Namespace) -> int:
    store, until = _store(options), _time(options.until)
    key = upkeep.object_key(store, _key(options), options.object)
    upkeep.retain(store, key, until, options.record)
    if options.json:
        _print_json({"key": key, "until": until.isoformat()})
    else:
        print(f"{key}: kept until {until.isoformat()}")
    return 0


def _expire(options: argparse.Namespace) -> int:
    segments = upkeep.expire(_store(options), _key(options), utc_now(), dry_run=options.dry_run)
    if options.json:
        _print_json({"dry_run": options.dry_run, "segments": [asdict(each) for each in segments]})
        return 0
    would = "would be " if options.dry_run else ""
    for each in segments:
        print(f"{would}{each.fate}  {each.key}  {each.records} records, to be kept until {each.retain_until}")
    return 0


def _store(options: argparse.Namespace) -> WormStore:
    """Open a store that is there: opened to write, a directory would be made."""
    open_store(options.store, read_only=True)
    return open_store(options.store, immutable=options.immutable)


def _key(options: argparse.Namespace) -> VerifierKey:
    try:
        with options.key.open("rb") as file:
            return VerifierKey.parse(file.read(_MAX_KEY).decode("ascii", errors="replace"))
    except OSError as error:
        raise MalformedError(f"`{options.key}` cannot be read: {error.strerror}") from error


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MalformedError(f"`{text}` is no time") from error
    if moment.utcoffset() is None:
        raise MalformedError(f"`{text}` has no time zone")
    return moment


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
