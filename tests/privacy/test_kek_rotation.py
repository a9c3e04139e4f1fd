"""The KEK is replaced while others read and make keys; wherever that is cut off, rotating again finishes it."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.kek_files import KekFiles
from app.keys import KeyFileError
from app.privacy import kek_rotation
from app.privacy.errors import KeyStoreError
from app.privacy.kek_rotation import Rotation, rotate_kek
from app.privacy.keks import Keks
from app.privacy.key_table import DATA_KEY_LIFETIME, KeyTable
from app.privacy.rows import KEK_GENERATION, RETIRED_KEY, SUBJECT_KEY
from app.privacy.subject_keys import SubjectKeys
from tests.privacy.crashing import Crashing
from tests.privacy.keyring import ALICE, LOOKUP, PLACE, kept

NAMES = [f"{number:064x}" for number in range(7)]
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "keys").mkdir(mode=0o700)
    files = KekFiles(tmp_path / "keys")
    files.make(1)
    return files


class Node:
    """The key store as a process opens it, at a time that the test sets."""

    def __init__(self, engine, files):
        self.now = NOW
        self.files = files
        self.table = KeyTable(engine, Keks(files.load), now=lambda: self.now)

    def rotate(self):
        return rotate_kek(self.table, self.files)

    def sealed(self):
        """Return blocks of all names under keys of now, as (block, pseudonym)."""
        found = self.table.load(NAMES)[1]
        return [key.seal(name.encode(), place=PLACE) for name, key in found.items()]

    def opened(self, blocks):
        return [self.table.find(each["subject"], each["kid"]).open(each, place=PLACE).decode() for each in blocks]


@pytest.fixture
def node(engine, files):
    return Node(engine, files)


@pytest.fixture
def other(engine, files):
    """A process that has loaded the first generation, and was not told of another."""
    return Node(engine, files)


def generations(engine):
    with engine.begin() as connection:
        rows = [*connection.execute(select(SUBJECT_KEY.c.kek)), *connection.execute(select(RETIRED_KEY.c.kek))]
        return {row.kek for row in rows}


def aged(node):
    """Give every subject a retired key beside the present one; return blocks under both."""
    first = node.sealed()
    node.now += DATA_KEY_LIFETIME + timedelta(seconds=1)
    return first + node.sealed()


def test_a_rotation_wraps_everything_anew_and_destroys_the_old_key(node, files, engine):
    blocks = aged(node)
    assert node.rotate() == Rotation(generation=2, wrapped=2 * len(NAMES), destroyed=(1,))
    assert generations(engine) == {2}
    assert files.traces() == {2}
    assert node.table.keks.held == {2}
    assert node.opened(blocks) == NAMES * 2
    assert node.rotate() == Rotation(generation=3, wrapped=2 * len(NAMES), destroyed=(2,))
    assert node.opened(blocks) == NAMES * 2


def test_more_keys_than_one_batch(node, monkeypatch):
    monkeypatch.setattr(kek_rotation, "_BATCH", 2)
    blocks = aged(node)
    assert node.rotate().wrapped == 14
    assert node.opened(blocks) == NAMES * 2


def test_an_empty_store_rotates_as_well(node, files):
    assert node.rotate() == Rotation(generation=2, wrapped=0, destroyed=(1,))
    assert files.traces() == {2}


def test_a_process_that_was_not_told_reads_and_makes_keys(node, other, engine):
    blocks = other.sealed()
    node.rotate()
    assert other.opened(blocks) == NAMES
    assert other.table.load(["f" * 64])[1]["f" * 64].subject
    assert generations(engine) == {2}
    assert other.table.keks.held == {2}


def test_what_is_wrapped_in_old_copies_of_the_database_is_dead(node, engine, files):
    node.sealed()
    bring_back = kept(engine)
    node.rotate()
    bring_back()
    restored = Node(engine, files)
    outcomes = restored.table.load(NAMES)[1]
    assert all("not here" in str(outcome) for outcome in outcomes.values())
    with pytest.raises(KeyStoreError, match="not here"):
        restored.table.load(["f" * 64])
    with pytest.raises(KeyStoreError, match="in force, is not here"):
        restored.rotate()
    assert files.traces() == {2}


@pytest.mark.slow
def test_wherever_a_rotation_is_cut_off_the_next_one_finishes_it(node, other, files, engine, monkeypatch):
    monkeypatch.setattr(kek_rotation, "_BATCH", 5)
    blocks = aged(node)
    crashing = Crashing(monkeypatch, engine)
    reached, steps = 1, 0
    while True:
        with crashing.before(steps):
            node.rotate()
        fresh = Node(engine, files)
        assert fresh.opened(blocks) == other.opened(blocks) == NAMES * 2
        if not crashing.dead:
            break
        assert len(files.traces()) <= 2
        done = fresh.rotate()
        assert fresh.opened(blocks) == NAMES * 2
        assert generations(engine) == files.traces() == {done.generation}
        assert done.generation in {reached + 1, reached + 2}
        reached, steps = done.generation, steps + 1
    assert steps > 15


@pytest.mark.slow
def test_making_and_retiring_keys_while_the_kek_is_rotated(node, engine, files):
    """Storms of both: whatever was handed out can be opened afterwards."""
    made, errors, stop = [], [], threading.Event()

    def work(number):
        own = Node(engine, files)
        turn = 0
        try:
            while not stop.is_set() and turn < 200:
                name = f"{number:x}{turn % 20:063x}"
                own.now = NOW + turn * DATA_KEY_LIFETIME / 15
                key = own.table.load([name])[1][name]
                made.append((name, key.seal(name.encode(), place=PLACE)))
                turn += 1
        except BaseException as error:  # noqa: BLE001 - the test shows it
            errors.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for worker in workers:
        worker.start()
    rotations = [node.rotate().generation for _ in range(4)]
    stop.set()
    for worker in workers:
        worker.join()
    node.rotate()
    assert errors == []
    assert rotations == [2, 3, 4, 5]
    assert node.opened([block for _, block in made]) == [name for name, _ in made]


def test_a_damaged_key_keeps_the_old_generation(node, files, engine):
    blocks = node.sealed()
    with engine.begin() as connection:
        connection.execute(update(SUBJECT_KEY).where(SUBJECT_KEY.c.lookup == NAMES[0]).values(wrapped=bytes(60)))
    for _ in range(2):
        with pytest.raises(KeyStoreError, match="1 subject keys cannot be unwrapped"):
            node.rotate()
        assert files.traces() == {1, 2}
    node.table.destroy(blocks[0]["subject"])
    assert node.rotate() == Rotation(generation=2, wrapped=0, destroyed=(1,))
    assert node.opened(blocks[1:]) == NAMES[1:]


def test_two_do_not_rotate_at_once(node, files):
    with files.exclusive(), pytest.raises(KeyFileError, match="under way"):
        node.rotate()


def test_a_process_drops_the_old_generation_from_memory_within_a_look(engine, files, clock):
    keys = SubjectKeys(engine, kek=Keks(files.load), lookup_key=LOOKUP, clock=clock, patience=30.0)

    async def live():
        key = await keys.key(*ALICE)
        rotate_kek(KeyTable(engine, Keks(files.load)), files)
        assert keys._table.keks.held == {1}
        await keys.look()
        assert keys._table.keks.held == {2}
        assert await keys.key(*ALICE) is key

    asyncio.run(live())
    keys.close()


def test_a_data_key_seals_for_90_days_and_opens_until_it_is_destroyed(node, engine):
    (old, *_) = node.sealed()
    node.now += DATA_KEY_LIFETIME
    assert node.sealed()[0]["kid"] == old["kid"]
    node.now += timedelta(seconds=1)
    (new, *_) = node.sealed()
    assert new["subject"] == old["subject"]
    assert new["kid"] != old["kid"]
    assert node.sealed()[0]["kid"] == new["kid"]
    assert node.opened([old, new]) == [NAMES[0]] * 2
    assert node.table.destroy(old["subject"])
    assert node.table.find(old["subject"], old["kid"]) is node.table.find(old["subject"], new["kid"]) is None
    with engine.begin() as connection:
        assert connection.execute(select(KEK_GENERATION.c.generation)).scalars().all() == [1]


def test_a_damaged_key_does_not_retire(node, engine):
    blocks = node.sealed()
    with engine.begin() as connection:
        connection.execute(update(SUBJECT_KEY).where(SUBJECT_KEY.c.lookup == NAMES[0]).values(wrapped=bytes(60)))
    node.now += 2 * DATA_KEY_LIFETIME
    found = node.table.load(NAMES)[1]
    assert isinstance(found[NAMES[0]], KeyStoreError)
    assert found[NAMES[1]].kid != blocks[1]["kid"]


def test_two_who_find_the_same_old_key_retire_it_once(node, other, engine, monkeypatch):
    blocks = node.sealed()
    node.now = other.now = NOW + 2 * DATA_KEY_LIFETIME
    renew = KeyTable._renew

    def meanwhile(table, connection, lookups, generation):
        renew(table, connection, lookups, generation)
        renew(table, connection, lookups, generation)

    monkeypatch.setattr(KeyTable, "_renew", meanwhile)
    node.sealed()
    with engine.begin() as connection:
        assert len(connection.execute(select(RETIRED_KEY)).all()) == len(NAMES)
    assert node.opened(blocks) == NAMES
