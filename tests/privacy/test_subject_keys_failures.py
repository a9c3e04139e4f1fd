import asyncio

import pytest

from app.db import open_engine
from app.privacy import subject_keys
from app.privacy.errors import KeyStoreError
from app.privacy.rows import SUBJECT_KEY
from app.privacy.subject_keys import SubjectKeys
from tests.privacy.keyring import ALICE, KEK, LOOKUP, HangingTable


def test_a_hanging_database_is_an_error_in_time_and_the_loop_goes_on(opened):
    keys = opened(patience=0.05)
    keys._table = table = HangingTable(keys._table)

    async def live():
        for ask in (lambda: keys.key(*ALICE), lambda: keys.find("", ""), lambda: keys.key(*ALICE)):
            with pytest.raises(KeyStoreError, match="in time"):
                await ask()
        table.let_go.set()
        keys._patience = 30.0
        assert (await keys.key(*ALICE)).subject

    asyncio.run(live())


def test_a_cached_key_is_no_use_once_the_database_has_been_away_too_long(opened, clock):
    keys = opened(patience=0.05)

    async def live():
        keys._patience = 30.0
        await keys.key(*ALICE)
        keys._patience = 0.05
        keys._table = table = HangingTable(keys._table)
        clock.now += 4.9
        await keys.key(*ALICE)
        clock.now += 0.2
        with pytest.raises(KeyStoreError):
            await keys.key(*ALICE)
        table.let_go.set()

    asyncio.run(live())


def test_those_who_wait_are_bounded(opened, monkeypatch):
    monkeypatch.setattr(subject_keys, "_WAITING", 3)
    keys = opened(patience=0.05)
    keys._table = table = HangingTable(keys._table)

    async def live():
        outcomes = await asyncio.gather(
            *(keys.key("tenant", "user", f"{number}") for number in range(9)), return_exceptions=True
        )
        table.let_go.set()
        return [str(outcome) for outcome in outcomes]

    outcomes = asyncio.run(live())
    assert outcomes[-1] == "too many subjects wait for the key store"
    assert all("in time" in outcome or "too many" in outcome for outcome in outcomes)


def test_a_caller_who_goes_away_harms_nobody_who_waits_for_the_same(opened):
    keys = opened()

    async def live():
        impatient = asyncio.create_task(keys.key(*ALICE))
        patient = asyncio.create_task(keys.key(*ALICE))
        await asyncio.sleep(0)
        impatient.cancel()
        assert (await patient).subject

    asyncio.run(live())


def test_a_failing_database_is_an_error(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    keys = SubjectKeys(engine, kek=KEK, lookup_key=LOOKUP, patience=30.0)

    async def live():
        for ask in (lambda: keys.key(*ALICE), lambda: keys.find("", ""), lambda: keys.destroy("")):
            with pytest.raises(KeyStoreError, match="cannot be used"):
                await ask()

    asyncio.run(live())
    keys.close()
    engine.dispose()


def test_a_defect_leaves_nobody_waiting(opened):
    class Defect:
        def load(self, _lookups):
            raise ZeroDivisionError

    keys = opened()
    keys._table = Defect()

    async def live():
        with pytest.raises(KeyStoreError, match="no answer"):
            await keys.key(*ALICE)
        with pytest.raises(ZeroDivisionError):
            await keys._batches

    asyncio.run(live())


def test_a_damaged_key_is_an_error_for_its_subject_alone(opened, engine):
    keys = opened()

    async def live():
        await keys.key(*ALICE)
        keys._cache.clear()
        with engine.begin() as connection:
            connection.execute(SUBJECT_KEY.update().values(wrapped=bytes(60)))
        outcomes = await asyncio.gather(keys.key(*ALICE), keys.key("tenant", "user", "bob"), return_exceptions=True)
        assert isinstance(outcomes[0], KeyStoreError)
        assert outcomes[1].subject

    asyncio.run(live())


def test_a_closed_store_gives_nothing(opened):
    keys = opened()

    async def live():
        key = await keys.key(*ALICE)
        keys.close()
        for ask in (lambda: keys.key(*ALICE), lambda: keys.find(key.subject, key.kid), lambda: keys.destroy("")):
            with pytest.raises(KeyStoreError, match="closed"):
                await ask()

    asyncio.run(live())


def test_a_lookup_key_has_32_bytes(engine):
    with pytest.raises(KeyStoreError, match="32 bytes"):
        SubjectKeys(engine, kek=KEK, lookup_key=b"short")


def test_no_secret_shows_in_a_repr(opened):
    keys = opened()
    key = asyncio.run(keys.key(*ALICE))
    shown = f"{keys!r} {keys._table!r} {key!r}"
    for secret in (KEK, LOOKUP, key._key):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown
