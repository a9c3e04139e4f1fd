"""A decision point with the shipped policies, for threads: a log in memory, evaluators in this process, no socket."""

import asyncio
import atexit
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import app
from app import db, schema
from app.blocking_pdp import BlockingPdp
from app.pdp.bundle import load
from app.pdp.enforce import Pdp, Policies
from app.pdp.model import Entity
from tests.migrated import migrated_file
from tests.pdp.deciding import NOW, MemoryConcealer, MemoryLog
from tests.pdp.shop import evaluating

POLICIES = Path(app.__file__).parents[1] / "policies"
AUDITOR = {"groups": ["omega-auditors"], "second_factor": True}


@cache
def loop():
    """Return a loop that runs in a thread of its own; engines must stay on one."""
    made = asyncio.new_event_loop()
    threading.Thread(target=made.run_forever, daemon=True).start()
    return made


def on_loop(begin):
    """Return what the coroutine that `begin` makes returns, run on the loop."""
    return asyncio.run_coroutine_threadsafe(begin(), loop()).result(30)


@cache
def shipped():
    return load(POLICIES, "r1")


_EVALUATE = {}


@atexit.register
def _drop():
    """Have engines end on the thread that made them."""
    if _EVALUATE:

        async def clear():
            _EVALUATE.clear()

        on_loop(clear)


class Evaluators:
    """Evaluators in this process. `error` makes them fail."""

    def __init__(self, bundle):
        if bundle.digest not in _EVALUATE:

            async def make():
                return evaluating(bundle)

            _EVALUATE[bundle.digest] = on_loop(make)
        self._evaluate = _EVALUATE[bundle.digest]
        self.error = None

    async def evaluate(self, query, text):
        if self.error is not None:
            raise self.error
        return await self._evaluate(query, text)


@dataclass(slots=True)
class Gating:
    """A decision point for threads, and the fakes around it."""

    pdp: BlockingPdp
    log: MemoryLog
    evaluators: Evaluators

    @property
    def records(self):
        return [(record.type, record.body) for record in self.log.records]


def gating(bundle=None, clock=lambda: NOW):
    """Return a decision point over the shipped policies, or over `bundle`."""
    bundle = bundle or shipped()
    log, evaluators = MemoryLog(), Evaluators(bundle)
    pdp = Pdp(Policies(bundle=bundle, evaluators=evaluators), log, MemoryConcealer(), clock)
    return Gating(BlockingPdp(pdp, loop()), log, evaluators)


def officer(name="ofc-51", *groups, second_factor=True):
    """Return an officer as the subject of a request."""
    return Entity(type="officer", id=name, properties={"groups": list(groups), "second_factor": second_factor})


@cache
def _migrated():
    """Return the bytes of an empty product database: SQLite's is migrated once, and copied."""
    with TemporaryDirectory() as folder:
        return migrated_file(Path(folder) / "some.db", schema.PRODUCT_MIGRATIONS).read_bytes()


def product(url):
    """Return a context in which `writing` and `reading` mean an empty product database at `url`."""
    file = Path(url.removeprefix("sqlite:///"))
    if new := url.startswith("sqlite:///") and not file.exists():
        file.write_bytes(_migrated())
    engine = db.open_engine(url)
    if not new:
        schema.upgrade(engine, schema.PRODUCT_MIGRATIONS)
    return db.product(engine)
