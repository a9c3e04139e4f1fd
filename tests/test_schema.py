import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from app import db, schema
from app.db import ProductRow, open_engine, write_transaction
from app.features.frameworks import rows as rows_frameworks  # noqa: F401 - tables of the control plane
from app.features.policies.git import rows_activations  # noqa: F401 - tables of the control plane
from app.features.policies.overrides import rows_overrides  # noqa: F401 - tables of the control plane
from app.index.rows import IndexRow
from app.privacy import consent_rows, rows  # noqa: F401 - tables of the control plane
from app.schema import SchemaError

ROOT = Path(__file__).resolve().parents[1]
NEWEST = schema.newest()


@pytest.fixture
def url(database_url):
    return database_url


@pytest.fixture
def engine(url):
    engine = open_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def migrations(tmp_path):
    """Return a copy of the migrations that a test may add to."""
    copy = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def add_version(migrations, body):
    (migrations / "versions" / "9000_next.py").write_text(
        f"from alembic import op\nrevision = '9000'\ndown_revision = '{NEWEST}'\ndef upgrade():\n    {body}\n"
    )


def tables(engine):
    return set(inspect(engine).get_table_names())


def test_after_the_upgrade_the_tables_are_those_of_the_code(engine):
    assert rows.SUBJECT_KEY.metadata is SQLModel.metadata
    schema.upgrade(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def names(metadata, version_table):
    return {*metadata.tables, version_table}


def test_the_index_has_a_tree_of_its_own_beside_it(engine):
    schema.upgrade(engine)
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    ours, index = names(SQLModel.metadata, "alembic_version"), names(IndexRow.metadata, "index_version")
    assert ours & index == set()
    assert tables(engine) == ours | index
    with engine.begin() as connection:
        for metadata, all_of_it in ((SQLModel.metadata, ours), (IndexRow.metadata, index)):
            options = {
                "compare_type": True,
                "include_name": lambda name, kind, _, own=all_of_it: kind != "table" or name in own,
            }
            options["version_table"] = "alembic_version" if metadata is SQLModel.metadata else "index_version"
            assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_an_index_alone_has_no_other_table(engine):
    assert schema.upgrade(engine, schema.INDEX_MIGRATIONS) == schema.newest(schema.INDEX_MIGRATIONS)
    assert tables(engine) == names(IndexRow.metadata, "index_version")


def test_the_control_plane_has_a_tree_of_its_own(engine):
    assert schema.upgrade(engine, schema.PRODUCT_MIGRATIONS) == schema.newest(schema.PRODUCT_MIGRATIONS)
    assert tables(engine) == names(ProductRow.metadata, "product_version")
    with engine.begin() as connection:
        options = {"compare_type": True, "version_table": "product_version"}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), ProductRow.metadata) == []


TREES = {"primary data": schema.MIGRATIONS, "index": schema.INDEX_MIGRATIONS, "product": schema.PRODUCT_MIGRATIONS}


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_the_newest_version_is_alembics_only_head(tree):
    config = Config()
    config.set_main_option("script_location", str(tree))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.newest(tree)]


def test_no_migration_leads_back():
    paths = list(schema.MIGRATIONS.rglob("versions/*.py"))
    assert len(paths) >= 2
    for path in paths:
        assert "downgrade" not in path.read_text()


def test_upgrading_twice_is_harmless(engine):
    assert schema.upgrade(engine) == schema.upgrade(engine) == schema.newest()
    assert tables(engine) == {"alembic_version", *SQLModel.metadata.tables}


def test_an_older_database_keeps_its_rows(engine, migrations):
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE subject_keys_destroyed SET count = 7"))
    add_version(migrations, "op.execute('CREATE TABLE next (x integer)')")
    assert schema.upgrade(engine, migrations) == "9000"
    assert "next" in tables(engine)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count FROM subject_keys_destroyed")).scalar_one() == 7


def test_a_migration_that_fails_leaves_the_database_as_it_was(engine, migrations):
    add_version(migrations, "op.execute('CREATE TABLE next (x integer)'); op.execute('no SQL')")
    with pytest.raises(SchemaError, match="9000"):
        schema.upgrade(engine, migrations)
    assert tables(engine) == set()
    assert schema.upgrade(engine) == NEWEST


def test_a_newer_database_is_refused(engine):
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match=f"`9999`; this software knows versions up to `{NEWEST}`"):
        schema.upgrade(engine)


def test_an_unknown_version_is_refused(engine):
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SchemaError, match="from version `0000`"):
        schema.upgrade(engine)


def test_an_upgrade_waits_for_another_longer_than_a_decision_would(url, engine, monkeypatch):
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 1)
    inside, end = threading.Event(), threading.Event()

    def upgrade_slowly():
        other = open_engine(url)
        with write_transaction(other, exclusive=schema._LOCK):
            inside.set()
            end.wait()
        other.dispose()

    slow = threading.Thread(target=upgrade_slowly)
    slow.start()
    inside.wait()
    timer = threading.Timer(0.2, end.set)
    timer.start()
    assert schema.upgrade(engine) == schema.newest()
    slow.join()


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "some.db").write_bytes(b"not a database" * 1_000)
    engine = open_engine(f"sqlite:///{tmp_path / 'some.db'}")
    with pytest.raises(SchemaError):
        schema.upgrade(engine)
    engine.dispose()


def test_no_migrations_at_all_are_refused(engine, tmp_path):
    with pytest.raises(SchemaError, match="no migrations"):
        schema.upgrade(engine, tmp_path)


def run(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


LAZY = """
import sys
import threading
from app import schema
from app.db import open_engine

engine = open_engine(sys.argv[1])
print(schema.upgrade(engine), "alembic" in sys.modules)
engine.dispose()
"""


@pytest.mark.slow
def test_alembic_is_not_loaded_where_there_is_nothing_to_do(url):
    answers = [run(LAZY, url).communicate()[0] for _ in range(2)]
    assert answers == [f"{NEWEST} True\n", f"{NEWEST} False\n"]


AT_ONCE = """
import sys
import alembic.command
from app import schema
from app.db import open_engine

engine = open_engine(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(schema.upgrade(engine))
engine.dispose()
"""


@pytest.mark.slow
def test_processes_that_upgrade_at_once_all_find_it_done(url, engine):
    processes = [run(AT_ONCE, url) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in processes] == [f"{NEWEST}\n"] * 4
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM subject_keys_destroyed")).scalar_one() == 1
