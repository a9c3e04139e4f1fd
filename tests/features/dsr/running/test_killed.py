"""kill -9 of a process that erases somebody: the next one goes on, and each store has done it once."""

import json
import os
import shutil
import signal
from collections import Counter
from contextlib import ExitStack
from unittest import mock

import pytest

from app import db
from app.db import open_engine, reading
from app.features.dsr.running.rows import RunRow
from app.privacy.erasure import COMPLETED, REQUESTED
from app.privacy.stores.evidence_store import EvidenceStore
from app.privacy.stores.file_store import FileStore
from app.privacy.stores.registry import Registry
from app.privacy.stores.sql_store import SqlStore
from tests.faults.dying import forked
from tests.features.dsr.running.carrying import MemoryRequests, World, left_of
from tests.privacy.recorded import MemoryRecords
from tests.privacy.stores.people import person

STORES = {"crm": SqlStore, "evidence": EvidenceStore, "files": FileStore}


class FileRecords(MemoryRecords):
    """A log in a file; `after` is told the type of each record that is on disk."""

    def __init__(self, path, after=lambda _: None):
        super().__init__()
        self.path, self.after = path, after
        self.data = [bytes.fromhex(line) for line in path.read_text().splitlines()] if path.exists() else []

    def __call__(self, draft):
        done = super().__call__(draft)
        with self.path.open("a") as file:
            file.write(f"{self.data[-1].hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        self.after(draft.type)
        return done


class Places(World):
    """A world whose stores all outlive a process."""

    def stores(self, ground=None):
        return Registry([each for each in super().stores(ground).all() if each is not self.memory])


def asked(folder):
    """Have somebody ask to be erased, and return their pseudonym."""
    engine = open_engine(f"sqlite:///{folder / 'product.db'}")
    with db.product(engine):
        world = Places(folder, FileRecords(folder / "log"))
        world.detached.keep(world.key, b"said")
        world.begin("erase")
        world.close()
    return world.who.subject


def carried_on(folder, subject, last=""):
    """Carry the request on, and be killed once `last` is done; return how every step stands."""

    def passed(what):
        if what == last:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = open_engine(f"sqlite:///{folder / 'product.db'}")
    with db.product(engine), ExitStack() as patches:
        for name, kind in STORES.items():
            patches.enter_context(mock.patch.object(kind, "erase", _passing(kind.erase, name, passed)))
        requests = MemoryRequests(None, person(subject=subject))
        requests.ask("dsr-1", "erase")
        world = Places(folder, FileRecords(folder / "log", passed), requests)
        world.run()
        with reading() as session:
            ended = session.get(RunRow, "dsr-1").state
        return json.dumps({"run": ended, "request": requests.states["dsr-1"], "steps": world.states()})


def _passing(real, name, passed):
    def erase(store, who):
        done = real(store, who)
        passed(name)
        return done

    return erase


@pytest.mark.slow
def test_an_erasure_whose_processes_are_killed_one_after_the_other_is_completed_once(tmp_path, template):
    folder = shutil.copytree(template, tmp_path / "world")
    subject = forked(lambda: asked(folder))
    for point in (REQUESTED, "crm", COMPLETED, "evidence"):  # done, and no row says so yet
        assert forked(lambda last=point: carried_on(folder, subject, last)) is None
    ended = json.loads(forked(lambda: carried_on(folder, subject)))
    assert (ended["run"], ended["request"], set(ended["steps"].values())) == ("ended", "complete", {"done"})
    log = FileRecords(folder / "log")
    receipts = Counter((each.body["step"], each.body["store"]) for each in log.records if each.type == "dsr.receipt")
    assert receipts == Counter((step, store) for step in ("erase", "verify") for store in STORES)
    counts = {each.body["store"]: each.body["count"] for each in log.records if each.body.get("step") == "erase"}
    assert counts == {"crm": 1, "files": 2, "evidence": 2}
    assert {REQUESTED, COMPLETED} <= {each.type for each in log.records}
    assert left_of(folder, "alice") == []
    assert not any(b"alice" in each for each in log.data)
    assert left_of(folder, "bob@example.com") == ["crm.db"]
    before = len(log.data)
    assert json.loads(forked(lambda: carried_on(folder, subject)))["steps"] == ended["steps"]
    assert len(FileRecords(folder / "log").data) == before
