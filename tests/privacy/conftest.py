import pytest

from app import schema
from app.db import open_engine
from app.privacy.subject_keys import SubjectKeys
from tests.privacy.keyring import KEK, LOOKUP, Clock


@pytest.fixture
def url(database_url):
    return database_url


@pytest.fixture
def engine(url):
    engine = open_engine(url)
    schema.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def opened(engine, clock):
    """Return a function that opens the store as one more process would."""
    stores = []

    def open_store(**options):
        store = SubjectKeys(engine, kek=KEK, lookup_key=LOOKUP, **{"clock": clock, "patience": 30.0, **options})
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        store.close()
        store._thread.shutdown()  # so that it gives its connection back before the engine goes
