"""A process dies before durable steps of a run, and another goes on: everything is done, once in each store."""

import shutil
from itertools import count

import pytest
from sqlalchemy import Engine, event

from app import db
from app.db import open_engine, reading
from app.features.dsr.running.rows import RunRow, RunState
from app.privacy.erasure import COMPLETED, REQUESTED
from tests.features.dsr.running.carrying import World, left_of
from tests.privacy.crashing import Crashing
from tests.privacy.recorded import MemoryRecords


@pytest.fixture
def crashing(monkeypatch):
    made = Crashing(monkeypatch, Engine)
    yield made
    event.remove(Engine, "commit", made.step)


def dies_at(number, folder, template, crashing, kind):
    """Run up to a step, and then again as another process would; return the world, and whether it died."""
    shutil.copytree(template, folder)
    engine = open_engine(f"sqlite:///{folder / 'product.db'}")
    with db.product(engine):
        log = MemoryRecords(crashing.step)
        first = World(folder, log)
        first.memory.held = {name: [{"email": f"{name}@example.com"}] for name in ("alice", "bob")}
        first.requests.changes = {"email": "alice@example.org"}
        first.detached.keep(first.key, b"said")
        first.begin(kind)
        with crashing.before(number) as crash:
            first.run()
        first.close()
        second = World(folder, log, first.requests, first.clock)
        second.memory.held, second.memory.calls = first.memory.held, first.memory.calls
        ended = False
        for _ in range(3):
            if not ended:
                second.run()
                second.clock.now += 31
                with reading() as session:
                    ended = session.get(RunRow, "dsr-1").state == RunState.ENDED
        steps = set(second.states().values())
        second.close()
        return second, crash.dead and ended, steps


@pytest.mark.slow
def test_an_erasure_that_dies_in_between_is_completed_once(tmp_path, template, crashing):
    for number in count(0, 2):  # every other one, for the time it takes: neighbours are most often of one file
        world, died, steps = dies_at(number, tmp_path / str(number), template, crashing, "erase")
        assert steps == {"done"}, number
        assert world.requests.moves[-1] == ("complete", "")
        assert world.requests.moves.count(("complete", "")) == 1
        assert world.memory.held == {"bob": [{"email": "bob@example.com"}]}
        assert left_of(tmp_path / str(number), "alice") == [], number
        assert left_of(tmp_path / str(number), "bob@example.com") == ["crm.db"]
        assert sorted(line for line in world.receipts() if line.startswith("erase")) == [
            "erase crm: 1",
            "erase evidence: 2",
            "erase files: 2",
            "erase memory: 1",
        ], number
        types = [each.type for each in world.log.records]
        assert 1 <= types.count(REQUESTED) <= 2
        assert 1 <= types.count(COMPLETED) <= 2
        assert types.index(REQUESTED) == 0
        assert len(types) <= 8 + 3
        shutil.rmtree(tmp_path / str(number))
        if not died:
            break
    assert number > 40


@pytest.mark.slow
def test_an_export_that_dies_in_between_is_completed_and_leaves_one_archive(tmp_path, template, crashing):
    for number in count(0, 5):  # a fifth of the steps: the others are like them
        world, died, steps = dies_at(number, tmp_path / str(number), template, crashing, "export")
        assert steps == {"done"}, number
        assert world.requests.moves[-1] == ("complete", "")
        assert len(world.records("dsr.export")) <= 2
        shutil.rmtree(tmp_path / str(number))
        if not died:
            break
    assert number > 20
