"""`omega decision replay`."""

import argparse
import asyncio
import json

from app import decision_log, keys
from app.cli.output import CommandError, print_json
from app.db import DatabaseUrlError, open_engine
from app.decision_log import Outcome, Replay
from app.pdp.errors import PdpError
from app.privacy.subject_keys import SubjectKeys
from app.settings import Settings
from evidence.errors import EvidenceError
from evidence.reader import Reader
from evidence.record import Position
from evidence.store import open_store

_CODES = {Outcome.REPRODUCED: 0, Outcome.DIFFERS: 1, Outcome.NOT_REPRODUCIBLE: 2}


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    group = commands.add_parser("decision", help="recorded decisions").add_subparsers(required=True, metavar="COMMAND")
    replay = group.add_parser(
        "replay",
        help="decide a recorded request again, under the bundle that decided it, and compare byte for byte",
        description="Exit code 0: the same result; 1: another; 2: it cannot be decided again.",
    )
    replay.add_argument("id", metavar="ID", help="decision id: <chain>-<sequence>")
    replay.add_argument("--json", action="store_true", help="print JSON")
    replay.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Replay one decision."""
    try:
        node = keys.load(settings.keys)
        reader = Reader(open_store(settings.store, read_only=True), node.log.verifier)
        found = decision_log.find(reader, settings.journals, Position.parse(options.id))
        replay = asyncio.run(_replay(found.record, settings, node))
    except (EvidenceError, PdpError) as error:
        raise CommandError(f"{error.code}: {error}") from error
    except (keys.KeyFileError, DatabaseUrlError) as error:
        raise CommandError(str(error)) from error
    _print(options, replay)
    return _CODES[replay.outcome]


async def _replay(record: bytes, settings: Settings, node: keys.NodeKeys) -> Replay:
    engine = open_engine(settings.key_store)
    subject_keys = SubjectKeys(engine, kek=node.kek, lookup_key=node.lookup)
    try:
        return await decision_log.replay(record, subject_keys, settings.bundles)
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
