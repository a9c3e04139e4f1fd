"""`omega decision`: replay, explain; `decision_list` and `decision_export` add theirs."""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from app import decision_log, keys
from app.cli import decision_export, decision_impact, decision_list
from app.cli.explanation import told
from app.cli.output import CommandError, print_json
from app.db import DatabaseUrlError, open_engine
from app.decision_log import Outcome, Replay
from app.kek_opening import open_keks
from app.objects import ObjectsError, open_objects
from app.pdp.errors import PdpError
from app.privacy.detached import Detached
from app.privacy.keks import Keks
from app.privacy.subject_keys import SubjectKeys
from app.settings import Settings
from evidence.errors import EvidenceError
from evidence.reader import Reader
from evidence.record import Position
from evidence.store import open_store

Told = TypeVar("Told")

_CODES = {Outcome.REPRODUCED: 0, Outcome.DIFFERS: 1, Outcome.NOT_REPRODUCIBLE: 2, Outcome.KEY_DESTROYED: 4}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("decision", help="recorded decisions").add_subparsers(required=True, metavar="COMMAND")
    replay = group.add_parser(
        "replay",
        help="decide recorded requests again, and compare: one, under the bundle that decided it, or many",
        description="Of one decision (ID): exit code 0: the same result; 1: another; 2: it cannot be decided again; "
        "4: sealed, key destroyed: what was asked was erased, and the record stands. "
        "Of many (--since): 1: something is newly allowed that nobody approved, or, without --bundle, differs.",
    )
    replay.add_argument("id", metavar="ID", nargs="?", help="decision id: <chain>-<sequence>")
    decision_impact.add_to(replay)
    explain = group.add_parser(
        "explain",
        help="say why a recorded decision came out as it did, and what would have to change for an allow",
        description="Opens the sealed request: what it prints holds personal data.",
    )
    explain.add_argument("id", metavar="ID", help="decision id: <chain>-<sequence>")
    for command, run in ((replay, run_replay), (explain, run_explain)):
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(run=run)
    decision_list.add_to(group)
    decision_export.add_to(group)


def run_replay(options: argparse.Namespace, settings: Settings) -> int:
    """Replay one decision, or many."""
    if (options.id is None) is (options.since is None):
        raise CommandError("name one decision by its id, or many by --since")
    if options.id is None:
        return decision_impact.run(options, settings)
    replay = _with_record(options, settings, decision_log.replay)
    _print(options, replay)
    return _CODES[replay.outcome]


def run_explain(options: argparse.Namespace, settings: Settings) -> int:
    """Explain one decision."""
    explained = _with_record(options, settings, decision_log.explain)
    if options.json:
        again = {"outcome": explained.outcome.value, "reason": explained.reason or None}
        print_json(explained.explanation.document() | {"again": again})
        return 0
    for line in told(options.id, explained):
        print(line)
    return 0


def _with_record(
    options: argparse.Namespace,
    settings: Settings,
    tell: Callable[[bytes, SubjectKeys, Path, Detached], Awaitable[Told]],
) -> Told:
    """Return what `tell` makes of the record, the key store and the bundles."""
    try:
        node = keys.load(settings.keys)
        reader = Reader(open_store(settings.store, read_only=True), node.log.verifier)
        found = decision_log.find(reader, settings.journals, Position.parse(options.id))
        return asyncio.run(_telling(found.record, settings, node, tell))
    except (EvidenceError, PdpError) as error:
        raise CommandError(f"{error.code}: {error}") from error
    except (keys.KeyFileError, DatabaseUrlError, ObjectsError) as error:
        raise CommandError(str(error)) from error


async def _telling(
    record: bytes,
    settings: Settings,
    node: keys.NodeKeys,
    tell: Callable[[bytes, SubjectKeys, Path, Detached], Awaitable[Told]],
) -> Told:
    engine = open_engine(settings.key_store)
    subject_keys = SubjectKeys(engine, kek=Keks(open_keks(settings).load), lookup_key=node.lookup)
    try:
        payloads = Detached(open_objects(settings.objects), tuple(settings.payloads))
        return await tell(record, subject_keys, settings.bundles, payloads)
    finally:
        subject_keys.close()
        engine.dispose()


def _print(options: argparse.Namespace, replay: Replay) -> None:
    if options.json:
        results = {name: json.loads(data) for name, data in _results(replay).items()}
        print_json({"outcome": replay.outcome.value, "reason": replay.reason or None, **results})
        return
    print(f"{options.id}: {replay.outcome.value}" + (f": {replay.reason}" if replay.reason else ""))
    for name, data in _results(replay).items():
        print(f"  {name:8}  {data.decode()}")


def _results(replay: Replay) -> dict[str, bytes]:
    return {name: data for name, data in (("recorded", replay.recorded), ("replayed", replay.replayed)) if data}
