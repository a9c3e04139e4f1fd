"""Runs over a product database, a key store, tables, files and a log in memory, with a clock that a test moves."""

import shutil
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from app import db, schema
from app.db import open_engine, writing
from app.features.dsr.running import run
from app.features.dsr.running.acting import Means
from app.features.dsr.running.exporting import Exports
from app.features.dsr.running.fulfilling import Fulfiller
from app.features.dsr.running.kept_person import RunPersons
from app.features.dsr.running.rows import RunRow
from app.features.dsr.running.run import Asked, Wanted
from app.features.dsr.running.third_parties import NoDetector
from app.objects import DirectoryObjects
from app.pdp.enforce import Permit
from app.pdp.model import Decision, Entity, EvaluationRequest
from app.privacy.detached import Detached
from app.privacy.erasure import Erasure, Ground
from app.privacy.errors import KeyDestroyedError
from app.privacy.holds import Holds, standing
from app.privacy.key_table import KeyTable
from app.privacy.lookup import lookup_of
from app.privacy.stores.evidence_store import EvidenceStore
from app.privacy.stores.file_place import FilePlace, Form
from app.privacy.stores.file_store import FileStore
from app.privacy.stores.files import DirectoryFiles
from app.privacy.stores.registry import Registry
from app.privacy.stores.sql_database import ForeignDatabase
from app.privacy.stores.sql_store import SqlStore
from app.privacy.stores.suppression import Suppression
from app.privacy.stores.table import Erasing, Table
from evidence.keys import SigningKey
from evidence.record import Record, leaf
from tests.features.serving import KEY as PRIVATE
from tests.features.serving import NOW
from tests.privacy.keyring import KEK, LOOKUP
from tests.privacy.recorded import MemoryRecords
from tests.privacy.stores.people import KEY, MemoryStore, described, person

LOG = SigningKey(origin="omega.localhost/log", private_key=PRIVATE)
PERMIT = Permit(
    request=EvaluationRequest(
        subject=Entity(type="job", id="dsr.fulfil", properties={}),
        action="dsr.fulfil",
        resource=Entity(type="dsr_request", id="dsr-1", properties={}),
        context={},
    ),
    decision_id="0123456789abcdef0123-1",
    decision=Decision(allow=True),
    bundle="0" * 64,
    revision="r1",
)
CUSTOMERS = Table(
    name="customers",
    identify={"id": "id"},
    columns={"email": "contact", "note": "content"},
    erase=Erasing.DELETE,
    rectify={"email": "email"},
)
LINES = FilePlace(path="*.jsonl", form=Form.JSONL, category="usage", identify={"/user": "id"})
OWN = FilePlace(path="people/{id}.json", form=Form.WHOLE, category="profile")


class MemoryRequests:
    """Requests of one person; what is sealed is gone with the person's keys, as in the feature."""

    def __init__(self, table, who):
        self.table, self.person = table, who
        self.kinds = {}
        self.states = {}
        self.moves = []
        self.purposes, self.changes, self.held = ("*",), {}, False

    def ask(self, request, kind):
        self.kinds[request], self.states[request] = kind, "approved"

    def asked(self, request):
        facts = {"state": self.states[request], "verified": True, "held": self.held, "approvers": ["ofc-1", "ofc-2"]}
        return Asked(id=request, tenant="default", kind=self.kinds[request], facts=facts)

    def wanted(self, request):
        assert request in self.kinds
        if not self.table.key_ids(self.person.subject):
            raise KeyDestroyedError("gone")
        return Wanted(person=self.person, purposes=self.purposes, changes=self.changes)

    def move(self, session, permit, request, state, code):
        assert session.get(RunRow, request).decision_id
        assert permit.decision_id
        if self.states[request] != state:
            self.states[request] = state
            self.moves.append((state, code))


class World:
    """Everything a run has to do with. Another process has another of them over the same files."""

    def __init__(self, folder, log, requests=None, clock=None):
        self.folder, self.log, self.clock = folder, log, clock or Clock()
        self.keys = open_engine(f"sqlite:///{folder / 'keys.db'}")
        self.table = KeyTable(self.keys, KEK)
        self.objects = DirectoryObjects(folder / "objects")
        self.detached = Detached(self.objects)
        self.memory = MemoryStore("memory")
        self.detector = NoDetector()
        self.more = []
        self.seen = [{"who": "an officer of the platform", "what": "consents were looked at"}]
        if requests is None:
            lookup = lookup_of(LOOKUP, "default", "user", "alice")
            subject = self.table.load([lookup])[1][lookup].subject
            requests = MemoryRequests(self.table, person(subject=subject))
        requests.table = self.table
        self.requests = requests
        self.holds = Holds(self.table, LOOKUP)

    @property
    def who(self):
        return self.requests.person

    @property
    def key(self):
        lookup = lookup_of(LOOKUP, "default", "user", "alice")
        return self.table.load([lookup])[1][lookup]

    def stores(self, ground=None):
        database = ForeignDatabase(lambda: f"sqlite:///{self.folder / 'crm.db'}")
        return Registry(
            [
                self.memory,
                SqlStore(described("crm"), (CUSTOMERS,), database, tenant="default", key=KEY),
                EvidenceStore(
                    table=self.table,
                    detached=self.detached,
                    lookup_key=LOOKUP,
                    erasure=self.erasure,
                    record=self.log,
                    records=lambda subject: [each for each in self.log.records if subject in str(each)],
                    ground=ground or Ground.REQUEST,
                ),
                FileStore(described("files"), (LINES, OWN), DirectoryFiles(self.folder / "files"), tenant="default"),
                *self.more,
            ]
        )

    @property
    def erasure(self):
        return Erasure(self.table, self.detached, LOOKUP, settle=lambda: None)

    @property
    def exports(self):
        return Exports(self.table, self.detached, LOOKUP, detector=self.detector)

    @property
    def means(self):
        return Means(
            requests=self.requests,
            registry=lambda _, ground: self.stores(ground),
            kept=RunPersons(self.table, LOOKUP),
            exports=self.exports,
            accesses=self.accesses,
            erasure=self.erasure,
            suppression=Suppression(self.objects, LOOKUP),
            held=lambda subject: standing(self.table, subject),
            record=self.log,
            recorded=self.recorded,
            key=lambda: LOG,
            clock=self.clock,
        )

    def recorded(self, request):
        found = ((Record.parse(data), leaf(data)) for data in self.log.data)
        return [each for each in found if (each[0].type, each[0].body.get("request")) == ("dsr.receipt", request)]

    def accesses(self, who):
        assert who == self.who
        return {"subject": who.subject, "accesses": self.seen, "whole": True}

    def begin(self, kind, request="dsr-1"):
        if request not in self.requests.kinds:
            self.requests.ask(request, kind)
        with writing(PERMIT) as session:
            run.begin(session, request, PERMIT, now=int(self.clock()))

    def run(self, request="dsr-1", **more):
        return Fulfiller(self.means).run(self.requests.asked(request), PERMIT, **more)

    def steps(self, request="dsr-1"):
        return {(each.step, each.store): each for each in run.progress(request)}

    def states(self, request="dsr-1"):
        return {f"{each.step} {each.store}": each.state for each in run.progress(request)}

    def records(self, kind):
        return [dict(each.body) for each in self.log.records if each.type == kind]

    def receipts(self):
        return [f"{each['step']} {each['store']}: {each['count']}" for each in self.records("dsr.receipt")]

    def close(self):
        self.keys.dispose()


@contextmanager
def world_at(folder, template):
    """Yield a world of Alice and Bob in `folder`, which begins as a copy of what `template` made once for all tests."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    engine = open_engine(f"sqlite:///{folder / 'product.db'}")
    with db.product(engine):
        made = World(folder, MemoryRecords())
        made.memory.held = {name: [{"email": f"{name}@example.com"}] for name in ("alice", "bob")}
        yield made
        made.close()


def templates(folder):
    """Make what every world begins with."""
    for name, migrations in (("keys", schema.MIGRATIONS), ("product", schema.PRODUCT_MIGRATIONS)):
        engine = open_engine(f"sqlite:///{folder / f'{name}.db'}")
        schema.upgrade(engine, migrations)
        engine.dispose()
    prepare(folder)
    return folder


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


def prepare(folder):
    """Have Alice and Bob stand in a table and in files."""
    engine = open_engine(f"sqlite:///{folder / 'crm.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE customers (id TEXT, email TEXT, note TEXT)"))
        for name in ("alice", "bob"):
            row = {"id": name, "email": f"{name}@example.com"}
            connection.execute(text("INSERT INTO customers VALUES (:id, :email, 'likes tea')"), row)
    engine.dispose()
    (folder / "files" / "people").mkdir(parents=True)
    (folder / "files" / "use.jsonl").write_text('{"user": "alice", "ip": "192.0.2.7"}\n{"user": "bob", "ip": "x"}\n')
    for name in ("alice", "bob"):
        (folder / "files" / "people" / f"{name}.json").write_text(f'{{"name": "{name}"}}')


def left_of(folder, *values):
    """Return the files below a folder in which one of `values` stands."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in Path(folder).rglob("*")
        if path.is_file() and any(value.encode() in path.read_bytes() for value in values)
    )
