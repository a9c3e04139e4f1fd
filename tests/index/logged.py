"""A small log in memory, and an index of it: what tests of the index share."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.index.comparison import Comparison
from app.index.indexer import Indexer
from app.index.rows import CHAIN, CHECKPOINT, DECISION, FAILURE, SEGMENT
from app.index.sealed_log import SealedLog
from app.index.window import Window
from evidence.keys import VerifierKey
from evidence.stores.memory import MemoryStore
from tests.evidence.logs import Log

ALICE, BOB = f"psn_{'a' * 32}", f"psn_{'b' * 32}"
DAYS = timedelta(days=90)
TABLES = (CHAIN, SEGMENT, CHECKPOINT, DECISION, FAILURE)


def body(**members):
    """The body of a decision, with what is given instead of, or beside, what is usual."""
    usual = {
        "caller": "shop",
        "action": "agent.publish",
        "subject": {"type": "user", "ref": ALICE},
        "resource": {"type": "agent", "id": "agent-7"},
        "policy": {"bundle": "ab" * 32, "revision": "r1", "engine": "e"},
        "result": {"allow": True, "passed": ["signed"], "failed": []},
        "durability": "journal",
    }
    return usual | members


def denied(*gates, **members):
    """The body of a denied decision."""
    return body(result={"allow": False, "passed": [], "failed": list(gates)}, **members)


class Logged:
    """A log whose objects go into a store when it is published, and a clock that stands a little later."""

    def __init__(self, **settings):
        self.log = Log(**settings)
        self.store = MemoryStore()

    def chain(self, **options):
        return self.log.chain(**options)

    def publish(self):
        """Seal what every chain has, publish a checkpoint, and put everything into the store."""
        for chain in self.log.chains:
            chain.seal()
        self.log.publish()
        self.store_all()

    def store_all(self):
        for key, data in self.log.objects.items():
            self.store.put(key, data, retain_until=datetime.max.replace(tzinfo=UTC))

    def now(self):
        return self.log.time

    def window(self, length=DAYS):
        return Window.ending(self.now(), length)

    def sealed_log(self, store=None):
        return SealedLog(store or self.store, VerifierKey.parse(self.log.signer.key_file.decode()))

    def indexer(self, engine, *, length=DAYS, store=None):
        made = Indexer(engine, self.sealed_log(store), length=length, clock=self.now)
        made.prepare()
        return made

    def comparison(self, engine, *, length=DAYS):
        return Comparison(engine, self.sealed_log(), self.window(length))

    def lies(self, engine, *, length=DAYS):
        return [str(lie) for lie in self.comparison(engine, length=length).lies()]


def contents(engine):
    """Every row of the index, by table."""
    with engine.begin() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in TABLES
        }


def counts(engine):
    return {name.removeprefix("indexed_"): len(rows) for name, rows in contents(engine).items()}
