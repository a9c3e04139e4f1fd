"""A small log with what can be wrong with one, in memory, and its index: what tests of the audit trail share."""

import re
from contextlib import contextmanager
from datetime import timedelta
from html import unescape

from app import schema
from app.db import open_engine
from app.settings import Settings
from auditor_portal import product
from auditor_portal.period import Period
from auditor_portal.product import Product
from auditor_portal.trail.proved import ProvedLog
from evidence.anchor_check import Trust
from evidence.cosignature import WitnessKey
from evidence.keys import VerifierKey
from evidence.reader import Reader
from tests.auditor_portal.portal import auditor, engagement, firm, served, takes_part
from tests.evidence.logs import SIGNER, WITNESS, time_text, timestamp
from tests.index.logged import Logged, body

PERIOD = Period(since="2026-11-01T00:00:00.000000Z", until="2026-12-01T00:00:00.000000Z")
KEY = VerifierKey.parse(SIGNER.key_file.decode())
WITNESSED = Trust(witnesses=(WitnessKey.parse(WITNESS.witness_file.decode()),))
HOUR = timedelta(hours=1)


class Trail(Logged):
    """A log of two chains that a test goes on with; `a` records, `b` was opened and says nothing."""

    def __init__(self):
        super().__init__()
        self.a, self.b = self.chain(), self.chain()

    def records(self, count=3):
        for _ in range(count):
            self.a.append("decision", body=body())

    def later(self, span):
        self.log.time += span

    def stamp(self, number, **options):
        """Have an authority whose certificate nobody has put a time stamp on a checkpoint."""
        key = f"log/checkpoints/{number:012}.note"
        self.log.objects[f"log/timestamps/{number:012}.tsr"] = timestamp(self.log.objects[key], **options)

    def proved(self, trust=None):
        return ProvedLog(self.store, KEY, trust or Trust(), at=time_text(self.now()))

    def reader(self):
        return Reader(self.store, KEY)

    def damage(self, key, data):
        """Have other bytes at a key, or none."""
        self.store._objects.pop(key, None)
        self.log.objects.pop(key, None)
        if data is not None:
            self.log.objects[key] = data
        self.store_all()


def busy():
    """Return a log as it comes about on a quiet day: two checkpoints, a heartbeat, an hour without records."""
    trail = Trail()
    trail.records()
    trail.b.append("chain.closed", body={"reason": "stopped"})
    trail.publish()
    for _ in range(6):
        trail.later(timedelta(minutes=10))
        trail.a.seal()
    trail.records(2)
    trail.publish()
    return trail


@contextmanager
def indexed(trail, url):
    """Yield the engine of an index of a log."""
    engine = open_engine(url, durable=False)
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    trail.indexer(engine).catch_up()
    try:
        yield engine
    finally:
        engine.dispose()


def reading(trail, engine, data, tables=None, **environment):
    """Return what a portal reads that is handed this log and its index."""
    settings = Settings.from_environment({"OMEGA_DATA": str(data)} | environment)
    return Product(
        settings=settings,
        index=engine,
        product=tables or engine,
        store=trail.store,
        reader=trail.reader(),
        verifier=KEY,
    )


@contextmanager
def shown(trail, tmp_path, portal_url, **environment):
    """Yield the browser of an auditor whose portal shows this log; its clock stands a little behind the log."""
    over = {"period_start": PERIOD.since, "period_end": PERIOD.until}
    people = firm(), auditor(), engagement(**over), takes_part()
    with (
        indexed(trail, f"sqlite:///{tmp_path / 'index.db'}") as engine,
        served(portal_url, *people, now=lambda: trail.now().timestamp()) as portal,
    ):
        found = reading(trail, engine, tmp_path / "node", **environment)
        product.install(portal.app, lambda: found)
        yield portal


def plain(html):
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))
