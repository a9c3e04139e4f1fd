"""Fakes of what a decision point is handed: a log in memory, somebody who conceals, callers."""

import asyncio
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from app.pdp.enforce import Pdp, Policies
from app.pdp.errors import EvaluatorsGoneError, UnrecordedError
from app.privacy.sealed_block import SubjectKey
from evidence import record
from evidence.chain import Appended
from evidence.record import Position, Record
from tests.pdp.shop import evaluating

CHAIN = "01a203ec17c0f73dc8f6"
NOW = datetime(2026, 11, 22, 14, 0, 0, 999_999, tzinfo=UTC)


class MemoryLog:
    """Encodes records as the writer does, and fails as the test wants: `refusing` at once, `failing` later, `unlocked`
    when a record was to be in the store.
    """

    def __init__(self):
        self.data = []
        self.refusing = None
        self.failing = None
        self.unlocked = None
        self.locked_to = None
        self.expected = 0

    def append(self, build, *, always=False):  # noqa: ARG002 - it has room
        if self.refusing is not None:
            raise self.refusing
        position = Position(chain=CHAIN, seq=len(self.data))
        draft = build(position)
        time = "2026-11-22T14:00:00.999999Z"
        data = record.encode(draft, position, epoch=1, prev="0" * 64, time=time, retention_class="std7y")
        future = asyncio.get_running_loop().create_future()
        if self.failing is not None:
            future.set_exception(self.failing)
        else:
            self.data.append(data)
            future.set_result(Appended(position=position, leaf=record.leaf(data)))
        return future

    @contextmanager
    def coming(self):
        self.expected += 1
        try:
            yield
        finally:
            self.expected -= 1

    def chain(self, retention_class):
        self.asked_class = retention_class
        return self

    def chains(self):
        return [self]

    async def locked(self, appended):
        if self.unlocked is not None:
            raise self.unlocked
        self.locked_to = appended.position.seq

    @property
    def records(self):
        return [Record.parse(data) for data in self.data]


class MemoryConcealer:
    """Knows a key for everybody, unless it is down."""

    def __init__(self):
        self.down = False

    async def person(self, tenant, kind, identifier):
        if self.down:
            raise UnrecordedError("no key")
        return key(tenant, kind, identifier)


def key(tenant, kind, identifier):
    """Return the key of somebody; the same each time."""
    digest = hashlib.sha256(f"{tenant}\0{kind}\0{identifier}".encode("utf-8", "surrogatepass")).hexdigest()
    return SubjectKey(f"psn_{digest[:32]}", f"k_{digest[32:]}", bytes.fromhex(digest))


_ENGINES = {}  # never dropped: an engine must end on the thread that made it, and the collector runs on any


class Engines:
    """Evaluators in this process. `hold` makes them wait, `error` fail."""

    def __init__(self, bundle):
        if bundle.digest not in _ENGINES:
            _ENGINES[bundle.digest] = evaluating(bundle)
        self._evaluate = _ENGINES[bundle.digest]
        self.error = None
        self.hold = None

    async def evaluate(self, query, text):
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        return await self._evaluate(query, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A caller."""

    subject: str = "marketplace"
    tenant: str = "default"


GONE = EvaluatorsGoneError("there are no evaluators")


@dataclass(slots=True)
class Deciding:
    """A decision point and the fakes around it."""

    pdp: Pdp
    log: MemoryLog
    concealer: MemoryConcealer
    engines: Engines


def deciding(bundle):
    """Return a decision point over `bundle`."""
    log, concealer, engines = MemoryLog(), MemoryConcealer(), Engines(bundle)
    pdp = Pdp(Policies(bundle=bundle, evaluators=engines), log, concealer, lambda: NOW)
    return Deciding(pdp, log, concealer, engines)
