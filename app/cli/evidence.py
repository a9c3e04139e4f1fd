"""`omega evidence`: `python -m evidence` with this node's store and key, and what concerns the index besides.

The verifier knows no database, so the index is held against the log here, after the log was found to hold.
"""

import argparse
import io
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from app import keys
from app.cli.output import CommandError, note, print_json, progress
from app.node_log import record_now
from app.settings import Settings
from evidence.__main__ import main as evidence_main
from evidence.errors import EvidenceError, FindingError
from evidence.storage_commands import Node

if TYPE_CHECKING:
    from app.index.comparison import Compared, Lie

_SHOWN = 1_000  # lies
_BESIDES = """
of this node's index besides:
  reindex         build it again from the store
  verify --index  hold it against the log, once that was found to hold, and name every row that lies
"""


def run(arguments: Sequence[str], settings: Settings) -> int:
    """Run one command and return its exit code."""
    try:
        if arguments[:1] == ["reindex"]:
            return _reindex(arguments[1:], settings)
        if arguments[:1] == ["verify"] and "--index" in arguments:
            return _verify(arguments[1:], settings)
    except FindingError as error:
        note(f"omega evidence: {error}")
        return 1
    except EvidenceError as error:
        raise CommandError(f"{error.code}: {error}") from error
    except keys.KeyFileError as error:
        raise CommandError(str(error)) from error
    try:
        return _evidence(arguments, settings)
    except SystemExit:
        if {"-h", "--help"} & set(arguments):
            print(_BESIDES, end="")
        raise


def _evidence(arguments: Sequence[str], settings: Settings) -> int:
    node = Node(
        store=settings.store,
        key=settings.keys / keys.LOG_VERIFIER_KEY,
        immutable=settings.store_immutable,
        record=partial(record_now, settings),
    )
    return evidence_main(arguments, program="omega evidence", node=node)


def _reindex(arguments: Sequence[str], settings: Settings) -> int:
    """Forget the index, and read the log again."""
    from app.index.errors import IndexingError  # noqa: PLC0415
    from app.indexing import indexing  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="omega evidence reindex", description="Build the index again from the store.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    try:
        with indexing(settings) as indexer, progress("reading checkpoints") as told:
            total = indexer.published()
            indexer.progress = lambda done: told(done.checkpoints, total)
            done = indexer.rebuild()
    except IndexingError as error:
        raise CommandError(str(error)) from error
    if options.json:
        print_json({"checkpoints": done.checkpoints, "segments": done.segments, "records": done.records})
    else:
        print(f"indexed {done.records} records; {done.checkpoints} checkpoints read, {done.segments} segments")
    return 0


def _verify(arguments: Sequence[str], settings: Settings) -> int:
    """Verify the log, and then the index against it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--store", default=settings.store)
    parser.add_argument("--key", type=Path, default=settings.keys / keys.LOG_VERIFIER_KEY)
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args(arguments)
    said = io.StringIO()
    with redirect_stdout(said):
        code = _evidence(["verify", *(each for each in arguments if each != "--index")], settings)
    if code:
        print(said.getvalue(), end="")
        return code
    compared, lies, more = _compare(options, settings)
    if options.json:
        index = {
            "ok": not lies,
            "checkpoints": {"indexed": compared.checkpoints, "published": compared.published},
            "segments": compared.segments,
            "records": compared.records,
            "lies": [{"code": str(lie.code), "where": lie.where, "column": lie.column or None} for lie in lies],
            "more": more,
        }
        print_json(json.loads(said.getvalue()) | {"index": index})
    else:
        print(said.getvalue(), end="")
        _print(compared, lies, more)
    return 1 if lies else 0


def _compare(options: argparse.Namespace, settings: Settings) -> "tuple[Compared, list[Lie], int]":
    """Return what was compared, the first lies, and how many more there are."""
    from app.index.comparison import Comparison  # noqa: PLC0415
    from app.index.errors import IndexingError  # noqa: PLC0415
    from app.index.window import Window  # noqa: PLC0415
    from app.indexing import opened_index, sealed_log  # noqa: PLC0415

    log = sealed_log(options.store, options.key)
    window = Window.ending(datetime.now(UTC), timedelta(days=settings.index_days))
    try:
        with opened_index(settings) as engine:
            comparison = Comparison(engine, log, window)
            found = comparison.lies()
            lies = list(islice(found, _SHOWN))
            return comparison.compared, lies, sum(1 for _ in found)
    except IndexingError as error:
        raise CommandError(str(error)) from error


def _print(compared: "Compared", lies: "list[Lie]", more: int) -> None:
    print(
        f"index        {compared.records} records in {compared.segments} segments,"
        f" {compared.checkpoints} of {compared.published} checkpoints"
    )
    for lie in lies:
        print(lie)
    if more:
        print(f"and {more} more")
    if lies:
        print("THE INDEX LIES  the log is right: find out who wrote there, and run `omega evidence reindex`")
    else:
        print("the index says what the log says")
