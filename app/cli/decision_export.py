"""`omega decision export`: the decisions of the log as events of OPA's decision log, one JSON object a line."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from app import keys, log_scan
from app.cli.decision_list import moment
from app.cli.output import CommandError, note
from app.db import DatabaseUrlError, open_engine
from app.decision_log import open_request
from app.kek_opening import open_keks
from app.objects import ObjectGoneError, ObjectsError, open_objects
from app.opa_log import event
from app.opa_mask import Mask, MaskError, masked, parse_masks
from app.pdp.errors import PdpError
from app.pdp.request import parse_document
from app.privacy.detached import Detached
from app.privacy.errors import KeyDestroyedError, PrivacyError
from app.privacy.keks import Keks
from app.privacy.subject_keys import SubjectKeys
from app.settings import Settings
from evidence.errors import EvidenceError
from evidence.reader import Reader
from evidence.record import Record, leaf
from evidence.store import open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which decisions, and what of them is told."""

    since: str
    until: str
    action: str | None
    tenant: str | None
    masks: Sequence[Mask]

    def has(self, record: Record) -> bool:
        if self.tenant not in {None, record.tenant} or self.action not in {None, record.body["action"]}:
            return False
        return self.since <= record.time < self.until


def add_to(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = group.add_parser(
        "export",
        help="write recorded decisions as another system's log",
        description="Reads the whole log: what is sealed, and what is still in this node's journals. Decisions come "
        "chain by chain, not in the order of their times. Without --with-inputs nothing of a request is told but its "
        "commitments, and no key is needed.",
    )
    command.add_argument("--format", choices=["opa"], default="opa", help="OPA's decision log, a JSON object a line")
    command.add_argument("--since", metavar="TIME", type=moment, help="2026-11-22, or a time with its zone")
    command.add_argument("--until", metavar="TIME", type=moment, help="the time before which it was")
    command.add_argument("--action", help="its whole name")
    command.add_argument("--tenant", help="whose decisions (default: everybody's)")
    command.add_argument("--with-inputs", action="store_true", help="open the sealed requests: personal data")
    command.add_argument(
        "--mask", metavar="FILE", type=Path, help="JSON: what is taken out of an event, as OPA's masks"
    )
    command.add_argument("-o", "--output", metavar="FILE", type=Path, help="where to (default: standard output)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Export decisions."""
    wanted = _Wanted(
        since=_bound(options.since, ""),
        until=_bound(options.until, "~"),
        action=options.action,
        tenant=options.tenant,
        masks=_masks(options.mask),
    )
    try:
        with _written(options.output) as file:
            count = asyncio.run(_export(wanted, settings, file, with_inputs=options.with_inputs))
    except (EvidenceError, PdpError) as error:
        raise CommandError(f"{error.code}: {error}") from error
    except (keys.KeyFileError, DatabaseUrlError, ObjectsError, PrivacyError) as error:
        raise CommandError(str(error)) from error
    note(f"{count} decisions")
    return 0


def _bound(stated: datetime | None, otherwise: str) -> str:
    """Return a bound as records write times, which sort as texts."""
    if stated is None:
        return otherwise
    if stated.tzinfo is None:
        raise CommandError("state the time zone, as in 2026-11-22T10:46:23Z")
    return stated.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _masks(path: Path | None) -> Sequence[Mask]:
    if path is None:
        return ()
    try:
        return parse_masks(path.read_bytes())
    except OSError as error:
        raise CommandError(f"cannot read the masks: {error.strerror}") from error
    except MaskError as error:
        raise CommandError(f"{path.name}: {error}") from error


async def _export(wanted: _Wanted, settings: Settings, file: TextIO, *, with_inputs: bool) -> int:
    node = keys.load(settings.keys)
    reader = Reader(open_store(settings.store, read_only=True), node.log.verifier)
    labels = {"log": node.log.verifier.origin, "version": version("omega")}
    count = 0
    async with _opening(settings, node, with_inputs=with_inputs) as opened:
        for record, data in log_scan.decisions(reader, settings.journals):
            if not wanted.has(record):
                continue
            request, erased = await opened(record)
            told = event(record, leaf(data), **labels, request=request, erased=erased)
            file.write(json.dumps(masked(told, wanted.masks), ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    return count


_Opened = Callable[[Record], Awaitable[tuple[Any, bool]]]
"""Returns the request of a record, if it may be told, and whether nobody can open it any more."""


@asynccontextmanager
async def _opening(settings: Settings, node: keys.NodeKeys, *, with_inputs: bool) -> AsyncIterator[_Opened]:
    """Give what opens requests; it needs the key store, which is not touched otherwise."""
    if not with_inputs:
        yield _kept_closed
        return
    engine = open_engine(settings.key_store)
    subject_keys = SubjectKeys(engine, kek=Keks(open_keks(settings).load), lookup_key=node.lookup)
    payloads = Detached(open_objects(settings.objects), tuple(settings.payloads))

    async def opened(record: Record) -> tuple[Any, bool]:
        try:
            return parse_document(await open_request(record, subject_keys, payloads)), False
        except (KeyDestroyedError, ObjectGoneError):
            return None, True

    try:
        yield opened
    finally:
        subject_keys.close()
        engine.dispose()


async def _kept_closed(_: Record) -> tuple[Any, bool]:
    return None, False


@contextmanager
def _written(path: Path | None) -> Iterator[TextIO]:
    """Give a file that only its owner reads, and that is there under its name once it is whole."""
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(f"{path.name}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor is no path
            yield file
        part.replace(path)
    except OSError as error:
        raise CommandError(f"cannot write the export: {error.strerror}") from error
