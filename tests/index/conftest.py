import pytest

from app import schema
from app.db import open_engine


@pytest.fixture
def engine(database_url):
    """A database with the tables of the index, on each kind of database."""
    engine = open_engine(database_url, durable=False)
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    yield engine
    engine.dispose()


@pytest.fixture
def new_engine(request):
    """A way to open one more, empty database of the kind that the test runs on."""
    made = []

    def open_new(name="other"):
        if request.node.callspec.params["database_url"] == "sqlite":
            url = f"sqlite:///{request.getfixturevalue('tmp_path') / f'{name}.db'}"
        else:
            url = request.getfixturevalue("postgresql").create_database()
        made.append(open_engine(url, durable=False))
        schema.upgrade(made[-1], schema.INDEX_MIGRATIONS)
        return made[-1]

    yield open_new
    for each in made:
        each.dispose()
