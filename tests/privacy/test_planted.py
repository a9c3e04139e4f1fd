"""A hundred persons of two hundred are erased: a search of all bytes finds nothing of theirs, and all of the others."""

import json
from collections import Counter
from itertools import count

import psycopg
import pytest

from app.indexing import indexing
from app.kek_opening import open_keks
from app.privacy.erasure import COMPLETED, REQUESTED
from app.privacy.keks import Keks
from app.privacy.key_table import KeyTable
from tests.e2e.verified import verified
from tests.node import prepared, sealed
from tests.privacy.crashing import Crashing
from tests.privacy.planting import INLINE, PLANTERS, VALUES, Decisions, Individual, marks, opened

EVERYBODY = [Individual(number) for number in range(200)]
GONE = EVERYBODY[::2]
OTHERS = EVERYBODY[1::2]
CLEAR = {value for planter in PLANTERS if planter.clear for value in planter.values}
SEALING = [planter for planter in PLANTERS if not planter.clear]


def of(people, values):
    return {(who.number, value) for who in people for value in values}


def erase(place, people):
    """Erase people in every store, and look again, as a run of a request does: the keys go last."""
    asked = [
        (planter, [place.known(person) for who in people for person in planter.persons(who)]) for planter in PLANTERS
    ]
    for planter, persons in asked:
        store = planter.store(place)
        for person in persons:
            assert store.erase(person) > 0
            assert store.verify(person) == ()


def index(settings):
    with indexing(settings) as indexer:
        indexer.catch_up()


def shown(place, planter, people):
    """Return what a store that seals says of people, of what was planted."""
    store, found = planter.store(place), set()
    for who in people:
        items = [item for person in map(place.known, planter.persons(who)) for item in store.export(person)]
        said = json.dumps([item.content for item in items])
        found |= {(who.number, value) for value in planter.values if who.value(value) in said}
    return found


def live(settings, beside, settle, *more):
    """Plant, erase, and look, with every database open; `settle` does what the operating guide prescribes."""
    roots = (settings.data, beside, *more)
    with opened(settings, beside) as place:
        for planter in PLANTERS:
            planter.plant(place, EVERYBODY)
        sealed(settings)
        index(settings)
        before = marks(*roots)
        assert before == of(EVERYBODY, CLEAR)
        for planter in SEALING:
            assert shown(place, planter, EVERYBODY) == of(EVERYBODY, planter.values)
        erase(place, GONE)
        place.close_chain()
        sealed(settings)
        index(settings)
        settle()
        assert marks(*roots) == of(OTHERS, CLEAR)
        for planter in SEALING:
            assert shown(place, planter, EVERYBODY) == of(OTHERS, planter.values)
    assert marks(*roots) == of(OTHERS, CLEAR)
    log = verified(settings.store, settings.keys / "log.vkey")
    types = Counter(record.type for record in log.records.values())
    assert types["decision"] == 2 * len(EVERYBODY)
    assert types[REQUESTED] == types[COMPLETED] == 2 * len(GONE)


def test_a_thousand_values_are_planted_of_those_who_are_erased():
    values = {value for planter in PLANTERS for value in planter.values}
    assert values == set(range(VALUES))
    assert len(of(GONE, values)) == 1_000


@pytest.mark.slow
def test_with_sqlite_nothing_of_the_erased_is_left_and_all_of_the_others(tmp_path):
    settings = prepared(tmp_path, OMEGA_INLINE_BYTES=str(INLINE))
    live(settings, tmp_path / "beside", lambda: None)


@pytest.fixture
def prescribed(postgresql_url):
    """What the operating guide has an operator of PostgreSQL do after an erasure."""

    def run(url, *statements):
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    run(postgresql_url, "ALTER SYSTEM SET wal_recycle = off", "SELECT pg_reload_conf()")
    yield lambda: run(
        postgresql_url,
        "VACUUM (FULL, ANALYZE)",
        "VACUUM FULL pg_statistic",
        *["SELECT pg_switch_wal()", "CHECKPOINT"] * 2,
    )
    run(postgresql_url, "ALTER SYSTEM RESET wal_recycle", "SELECT pg_reload_conf()")


@pytest.mark.slow
def test_with_postgresql_nothing_is_left_once_it_was_vacuumed_and_its_log_has_gone_on(
    tmp_path, postgresql, postgresql_url, prescribed
):
    more = {"OMEGA_INLINE_BYTES": str(INLINE), "OMEGA_DATABASE": postgresql_url}
    live(prepared(tmp_path, **more), tmp_path / "beside", prescribed, postgresql.directory)


@pytest.mark.slow
def test_wherever_an_erasure_dies_asking_again_completes_it_once_and_the_log_verifies(tmp_path, monkeypatch):
    settings = prepared(tmp_path, OMEGA_INLINE_BYTES=str(INLINE))
    people = [Individual(number) for number in range(60)]
    died = []
    with opened(settings, tmp_path / "beside") as place:
        planter = Decisions()
        planter.plant(place, people)
        store = planter.store(place)
        crashing = Crashing(monkeypatch, place.engine)
        for step, who in zip(count(), people, strict=False):
            place.step, place.recorded = crashing.step, []
            with crashing.before(step):
                store.erase(place.known(who.person))
            if not crashing.dead:
                break
            died.append(who)
            place.close_chain(whole=False)  # the process is gone, and another one is asked
            place.table = KeyTable(place.engine, Keks(open_keks(settings).load))
            again = planter.store(place)
            again.erase(who.person)
            assert again.verify(who.person) == ()
            assert again.erase(who.person) == 0
            assert set(place.recorded) == {REQUESTED, COMPLETED}
            assert place.recorded[-1] == COMPLETED
            assert len(place.recorded) <= 3
        place.close_chain()
        sealed(settings)
        left = [who.number for who in people[len(died) + 1 :]]
        assert {number for number, _ in shown(place, planter, people)} == {who.number for who in people}  # as resources
        assert {number for number, value in shown(place, planter, people) if value == 0} == set(left)
    assert len(died) > 12
    records = verified(settings.store, settings.keys / "log.vkey").records.values()
    types = Counter(record.type for record in records)
    assert types["decision"] == 2 * len(people)
    assert len(died) < types[COMPLETED] <= 2 * len(died)
    completed = {record.body["subject"] for record in records if record.type == COMPLETED}
    assert len(completed) == len(died) + 1
