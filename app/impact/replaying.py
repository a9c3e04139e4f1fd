"""Recorded decisions decided again, a stretch of one chain at a time: opened, decided, compared, counted.

Believes what is under a seal or in this node's journals, as `log_scan` does. Blocking; a process of a pool runs it.
"""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Final

from app import keys
from app.db import open_engine
from app.impact.tally import UNKNOWN, Apart, Change, Example, Flip, Tally, change_of, rules_of
from app.kek_opening import keks_at
from app.objects import ObjectGoneError, open_objects
from app.pdp.bundle import Bundle, load_snapshot, parse_snapshot
from app.pdp.decide import Decided, cut_off
from app.pdp.decide_here import decide_here
from app.pdp.engine import Engines
from app.pdp.errors import BundleError, EngineError, EnginePanicError, PdpError
from app.pdp.request import parse_document
from app.privacy.detached import Detached
from app.privacy.errors import KeyDestroyedError, KeyStoreError, SealedBlockError
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable, Outcome
from app.privacy.recorded_request import opened, parts
from app.settings import Settings
from evidence import canonical, journal
from evidence.errors import MalformedError, NotFoundError
from evidence.reader import Reader
from evidence.record import Record, stamp
from evidence.store import open_store

_BATCH: Final = 250  # records whose keys are looked up at once: a record names two at most
_BUNDLES: Final = 4  # of those that decided, kept ready at once
_DECISION: Final = b'"type":"decision"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Where a process finds what it needs: the log, the keys, what is kept beside the log, and bundles."""

    store: str
    keys: Path
    kek: str
    key_store: str
    objects: str
    payloads: tuple[str, ...]
    journals: Path
    bundles: Path

    @classmethod
    def of(cls, settings: Settings) -> "Node":
        """Return where the settings say that all of it is."""
        return cls(
            store=settings.store,
            keys=settings.keys,
            kek=settings.kek,
            key_store=settings.key_store,
            objects=settings.objects,
            payloads=tuple(settings.payloads),
            journals=settings.journals,
            bundles=settings.bundles,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which decisions, and under what.

    Attributes:
        since: the first time, as records write it.
        until: the time before which they were, or nothing.
        tenant: whose, or None for everybody's.
        action: a pattern of its name, in which `*` is anything.
        snapshot: the bundle to decide by; None: for each decision the one that decided it.
        shown: whether examples hold what was asked, which is personal data.
    """

    since: str
    until: str = ""
    tenant: str | None = None
    action: str = "*"
    snapshot: bytes | None = None
    shown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Seals `first` to `end - 1` of a chain, to be read."""

    chain: str
    first: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Journalled:
    """The records of a chain from `first` on, in this node's journal."""

    chain: str
    first: int


Stretch = Sealed | Journalled


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policies:
    bundle: Bundle
    engines: Engines


class Replayer:
    """Decides stretches of the log again. Belongs to one thread: engines do."""

    def __init__(self, node: Node, asked: Asked) -> None:
        """Open what the node has.

        Raises:
            EvidenceError: the store cannot be opened.
            KeyFileError: the keys cannot be read.
            DatabaseUrlError, ObjectsError: a place is none.
            BundleError: the candidate is none, or the engine does not take it.
        """
        self._node, self._asked = node, asked
        held = keys.load(node.keys)
        self.reader = Reader(open_store(node.store, read_only=True), held.log.verifier)
        self._payloads = Detached(open_objects(node.objects), node.payloads)
        self._engine = open_engine(node.key_store)
        self._keys = KeyTable(self._engine, Keks(keks_at(node.keys, node.kek, log=held.log.origin).load))
        self._candidate = _loaded(parse_snapshot(asked.snapshot)) if asked.snapshot is not None else None
        self._policies: OrderedDict[str, _Policies] = OrderedDict()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def tally(self, stretch: Stretch) -> Tally:
        """Return what became of the decisions of a stretch.

        Raises:
            EvidenceError: the log does not hold there, or the store does not answer.
            KeyStoreError, ObjectsError: keys or payloads cannot be reached.
        """
        tally = Tally()
        records = self._sealed(stretch, tally) if isinstance(stretch, Sealed) else self._journalled(stretch)
        wanted = filter(self._is_wanted, _decisions(records))
        while batch := list(islice(wanted, _BATCH)):
            found = self._keys.find_all({part["kid"] for record in batch for part in _parts(record)})
            for record in batch:
                self._replay(record, found, tally)
        return tally

    def _sealed(self, stretch: Sealed, tally: Tally) -> Iterator[bytes]:
        asked = self._asked
        for number in range(stretch.first, stretch.end):
            seal = self.reader.seal(stretch.chain, number)
            if seal is None or seal.max_time is None or seal.max_time < asked.since:
                continue
            if asked.until and seal.min_time is not None and seal.min_time >= asked.until:
                continue
            try:
                yield from self.reader.records(seal)
            except NotFoundError:
                tally.put_apart(Apart.EXPIRED, count=seal.count)

    def _journalled(self, stretch: Journalled) -> Iterator[bytes]:
        paths = journal.files(self._node.journals / stretch.chain)
        for path, next_path in zip_longest(paths, paths[1:]):
            if next_path is not None and journal.first_seq(next_path) <= stretch.first:
                continue  # all of it is sealed
            with suppress(FileNotFoundError):  # it was sealed, and is not kept any more
                for payload in journal.stream(path):
                    if _seq(payload) >= stretch.first:
                        yield payload

    def _is_wanted(self, record: Record) -> bool:
        asked = self._asked
        if record.time < asked.since or (asked.until and record.time >= asked.until):
            return False
        if asked.tenant is not None and record.tenant != asked.tenant:
            return False
        return fnmatchcase(record.body.get("action") or "", asked.action)

    def _replay(self, record: Record, found: Mapping[str, Outcome], tally: Tally) -> None:
        """Decide one again, and count what came of it."""
        example = Example(record.time, record.position.decision_id)
        try:
            recorded = record.body["result"]
            if cut_off(recorded):
                tally.put_apart(Apart.CUT_OFF, example)
                return
            text = opened(record, [_key(found, part) for part in parts(record)], self._payloads)
            document = parse_document(text)
            policies = self._candidate or self._recorded(record.body["policy"]["bundle"])
            decided = decide_here(policies.bundle, policies.engines, document)
        except KeyDestroyedError:
            tally.put_apart(Apart.ERASED, example)
        except ObjectGoneError:
            tally.put_apart(Apart.PAYLOAD, example)
        except BundleError:
            tally.put_apart(Apart.NO_BUNDLE, example)
        except EnginePanicError:
            self._replace_engines()
            tally.put_apart(Apart.BROKEN, example)
        except (SealedBlockError, _DamagedError, PdpError, KeyError, TypeError, AttributeError):
            tally.put_apart(Apart.UNREADABLE, example)
        else:
            shown = example._replace(asked=text.decode()) if self._asked.shown else example
            self._compare(record, document, decided, shown, tally)

    def _compare(
        self, record: Record, document: Mapping[str, Any], decided: Decided, example: Example, tally: Tally
    ) -> None:
        recorded, again = record.body["result"], decided.decision.document()
        if canonical.canonical(recorded) == canonical.canonical(again):
            tally.same += 1
            return
        change = change_of(recorded, again)
        if change is Change.OTHER and self._candidate is not None:
            tally.reasons += 1
            return
        action = record.body["action"] or (document["action"]["name"] if decided.action_known else UNKNOWN)
        kind = record.body["subject"]["type"] or (document["subject"]["type"] if decided.contract_held else UNKNOWN)
        tally.flip(Flip(change, action, kind, rules_of(change, recorded, again)), example)

    def _recorded(self, digest: str) -> _Policies:
        """Return the policies of the bundle that decided.

        Raises:
            BundleError: it is not there, or damaged.
        """
        if digest not in self._policies:
            try:
                self._policies[digest] = _loaded(load_snapshot(self._node.bundles / f"{digest}.json"))
            except OSError as error:
                raise BundleError(f"cannot read the bundle that decided: {error.strerror}") from None
        self._policies.move_to_end(digest)
        while len(self._policies) > _BUNDLES:
            self._policies.popitem(last=False)
        return self._policies[digest]

    def _replace_engines(self) -> None:
        """Throw away engines of which one broke down."""
        self._policies.clear()
        if self._asked.snapshot is not None:
            self._candidate = _loaded(parse_snapshot(self._asked.snapshot))


class _DamagedError(Exception):
    """The row of a key is damaged."""


def _loaded(bundle: Bundle) -> _Policies:
    try:
        engines = Engines(bundle.modules, bundle.data, json.loads(bundle.snapshot())["entries"])
    except EngineError as error:
        raise BundleError(f".:1:1: {error}") from None
    return _Policies(bundle=bundle, engines=engines)


def _decisions(records: Iterable[bytes]) -> Iterator[Record]:
    """Yield the records of decisions; a person's text may look like anything, but what is no record says nothing."""
    for data in records:
        if _DECISION in data:
            with suppress(MalformedError):
                record = Record.parse(data)
                if record.type == "decision":
                    yield record


def _parts(record: Record) -> Iterable[Mapping[str, Any]]:
    try:
        return parts(record)
    except SealedBlockError:
        return ()


def _key(found: Mapping[str, Outcome], part: Mapping[str, Any]) -> Any:
    key = found.get(part["kid"])
    if isinstance(key, KeyStoreError):
        raise _DamagedError
    return key


def _seq(data: bytes) -> int:
    try:
        return stamp(data)[0]
    except MalformedError:
        return -1
