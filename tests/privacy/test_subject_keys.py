import asyncio

import pytest
from sqlalchemy import select, text

from app.privacy.errors import KeyDestroyedError
from app.privacy.rows import SUBJECT_KEY
from tests.privacy.keyring import ALICE, PLACE, CountedTable, rows, sqlite_file


def test_many_tasks_that_ask_for_a_new_subject_get_one_key(opened, engine):
    keys = opened()

    async def ask():
        return await asyncio.gather(*(keys.key(*ALICE) for _ in range(200)))

    assert len({key.subject for key in asyncio.run(ask())}) == 1
    assert rows(engine) == 1


def test_many_new_subjects_are_made_in_few_transactions(opened, engine):
    keys = opened()
    keys._table = table = CountedTable(keys._table)

    async def ask():
        return await asyncio.gather(*(keys.key("tenant", "user", f"{number}") for number in range(1_200)))

    assert len({key.subject for key in asyncio.run(ask())}) == 1_200
    assert rows(engine) == 1_200
    assert len(table.loads) <= 4


def test_a_cached_key_is_returned_without_giving_way_to_the_loop(opened):
    keys = opened()

    async def ask():
        found = await keys.key(*ALICE)
        try:
            keys.key(*ALICE).send(None)
        except StopIteration as stop:
            return found, stop.value
        return None

    found, again = asyncio.run(ask())
    assert found is again


def test_two_stores_agree(opened):
    first, second = opened(), opened()

    async def ask():
        return await asyncio.gather(*(store.key(*ALICE) for store in (first, second)))

    one, other = asyncio.run(ask())
    assert other.open(one.seal(b"text", place=PLACE), place=PLACE) == b"text"


def test_tenant_kind_and_id_each_make_another_subject(opened):
    keys = opened()
    triples = [
        ("t", "user", "a"),
        ("u", "user", "a"),
        ("t", "agent", "a"),
        ("t", "user", "b"),
        ("t", "user\0", "a"),
        ("t", "user", "\0a"),
        ("t\0user", "", "a"),
        ("t", "", "user\0a"),
        ("t", "user", ""),
        ("t", "user", "\udc80"),
        ("t", "user", "\ufffd"),
    ]

    async def ask():
        return await asyncio.gather(*(keys.key(*triple) for triple in triples))

    assert len({key.subject for key in asyncio.run(ask())}) == len(triples)


def test_no_id_stands_in_the_database(opened, engine):
    asyncio.run(opened().key(*ALICE))
    with engine.begin() as connection:
        (row,) = connection.execute(select(SUBJECT_KEY)).all()
    assert "alice" not in str(row)
    if path := sqlite_file(engine):
        engine.dispose()
        assert not any(b"alice" in file.read_bytes() for file in path.parent.iterdir())


def test_the_least_recently_used_key_is_dropped(opened):
    keys = opened(cached=2)
    keys._table = table = CountedTable(keys._table)

    async def ask():
        for name in ("one", "two", "one", "three", "one", "two"):
            await keys.key("tenant", "user", name)

    asyncio.run(ask())
    assert len(keys._cache) == 2
    assert len(table.loads) == 4  # the second time "two" had gone


def test_a_destroyed_key_opens_nothing_and_the_person_gets_another(opened):
    keys = opened()

    async def live():
        key = await keys.key(*ALICE)
        block = key.seal(b"text", place=PLACE)
        found = await keys.find(block["subject"], block["kid"])
        assert found.open(block, place=PLACE) == b"text"
        assert await keys.destroy(key.subject)
        assert await keys.find(block["subject"], block["kid"]) is None
        assert (await keys.key(*ALICE)).subject != key.subject

    asyncio.run(live())


def test_a_key_that_another_process_destroyed_is_used_no_longer_than_its_lifetime(opened, clock):
    here, elsewhere = opened(lifetime=5.0), opened()

    async def live():
        key = await here.key(*ALICE)
        await elsewhere.destroy(key.subject)
        clock.now += 2.4
        assert await here.key(*ALICE) is key
        clock.now += 2.6
        assert (await here.key(*ALICE)).subject != key.subject

    asyncio.run(live())


def test_in_steady_use_the_cache_is_renewed_behind_the_callers_back(opened, clock):
    here, elsewhere = opened(lifetime=5.0), opened()

    async def live():
        key = await here.key(*ALICE)
        await here._batches
        await elsewhere.destroy(key.subject)
        clock.now += 2.6
        assert await here.key(*ALICE) is key
        await here._batches
        assert (await here.key(*ALICE)).subject != key.subject

    asyncio.run(live())


def test_whoever_is_asked_for_brings_the_news_of_any_destroyed_key(opened, clock):
    here, elsewhere = opened(lifetime=5.0), opened()

    async def live():
        key = await here.key(*ALICE)
        await here.key("tenant", "user", "bob")
        await elsewhere.destroy(key.subject)
        clock.now += 2.6
        await here.key("tenant", "user", "bob")
        await here._batches
        assert (await here.key(*ALICE)).subject != key.subject

    asyncio.run(live())


def test_renewal_keeps_what_was_not_destroyed(opened, clock):
    keys = opened(lifetime=5.0)
    keys._table = table = CountedTable(keys._table)

    async def live():
        found = [await keys.key("tenant", "user", f"{number}") for number in range(9)]
        clock.now += 2.6
        again = [await keys.key("tenant", "user", f"{number}") for number in range(9)]
        await keys._batches
        clock.now += 2.6
        last = [await keys.key("tenant", "user", f"{number}") for number in range(1, 9)]
        await keys._batches
        assert found[1:] == again[1:] == last

    asyncio.run(live())
    assert len(table.loads) == 9 + 2


def test_a_key_that_is_loaded_while_it_is_destroyed_does_not_stay(opened):
    keys = opened()

    async def live():
        key = await keys.key(*ALICE)
        keys._cache.clear()
        loading = asyncio.create_task(keys.key(*ALICE))
        await asyncio.sleep(0)
        await keys.destroy(key.subject)
        await loading
        assert (await keys.key(*ALICE)).subject != key.subject

    asyncio.run(live())


def test_what_was_destroyed_is_forgotten_though_nobody_asks_and_nothing_else_is(opened):
    here, elsewhere = opened(), opened()

    async def live():
        gone, kept = await here.key(*ALICE), await here.key("tenant", "user", "bob")
        await elsewhere.destroy(gone.subject)
        await here.look()
        assert list(here._cache.values()) == [kept]
        assert kept.seal(b"text", place=PLACE)
        with pytest.raises(KeyDestroyedError):
            gone.seal(b"text", place=PLACE)
        assert gone._key == bytes(32)

    asyncio.run(live())


def test_a_watch_looks_again_and_again_until_it_is_cancelled(opened):
    here, elsewhere = opened(), opened()

    async def live():
        key = await here.key(*ALICE)
        await elsewhere.destroy(key.subject)
        look, looked = here.look, asyncio.Queue()

        async def noted():
            try:
                await look()
            finally:
                looked.put_nowait(len(here._cache))

        here.look = noted
        watching = asyncio.create_task(here.watch(0.001))
        assert await looked.get() == 0
        here.close()  # so that looking is an error
        for _ in range(3):
            await looked.get()
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching

    asyncio.run(live())


def test_a_look_makes_what_is_cached_good_for_longer(opened, clock):
    keys = opened(lifetime=5.0)
    keys._table = table = CountedTable(keys._table)

    async def live():
        await keys.look()  # nothing was read yet
        key = await keys.key(*ALICE)
        for _ in range(9):
            clock.now += 2.4
            await keys.look()
            assert await keys.key(*ALICE) is key

    asyncio.run(live())
    assert len(table.loads) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE subject_keys_destroyed SET count = 0", id="counts from less"),
        pytest.param("UPDATE subject_keys_destroyed SET count = count + 7", id="knows not whose"),
    ],
)
def test_where_nobody_can_say_whose_keys_are_gone_all_are_forgotten(opened, engine, change):
    keys = opened()

    async def live():
        await keys.destroy((await keys.key(*ALICE)).subject)
        found = await keys.key("tenant", "user", "bob")
        with engine.begin() as connection:
            connection.execute(text(change))
        await keys.look()
        assert not keys._cache
        with pytest.raises(KeyDestroyedError):
            found.seal(b"text", place=PLACE)
        assert (await keys.key("tenant", "user", "bob")).subject == found.subject

    asyncio.run(live())


def test_a_key_that_was_loaded_and_destroyed_meanwhile_is_handed_out_dead(opened):
    here, elsewhere = opened(), opened()

    class Meanwhile(CountedTable):
        def load(self, lookups):
            found = super().load(lookups)
            for key in found[1].values():
                elsewhere._table.destroy(key.subject)
            return elsewhere._table.load(["f" * 64])[0], found[1]

    async def live():
        await here.key("tenant", "user", "bob")
        here._table = Meanwhile(here._table)
        key = await here.key(*ALICE)
        with pytest.raises(KeyDestroyedError):
            key.seal(b"text", place=PLACE)
        assert len(here._cache) == 1

    asyncio.run(live())


def test_after_a_day_every_key_is_read_again(opened, clock):
    keys = opened()
    keys._table = table = CountedTable(keys._table)

    async def live():
        first = await keys.key(*ALICE)
        clock.now += 86_401
        await keys.look()
        assert not keys._cache
        assert (await keys.key(*ALICE)).kid == first.kid

    asyncio.run(live())
    assert len(table.loads) == 2
