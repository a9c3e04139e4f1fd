"""The version of the database's tables: brought up to date when the service starts, and never back.

Knows no table; `migrations/` says what each version of the primary data changes, `migrations/index/` the same of the
log's index, `migrations/product/` of the control plane's, `migrations/portal/` of the auditor portal's, which in
PostgreSQL lie in a schema of their own. They count their versions apart, as they may lie in one database or in several.
Alembic is imported only when there is work.
"""

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, column, inspect, select
from sqlalchemy import table as sql_table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from app.db import write_transaction

MIGRATIONS: Final = Path(__file__).resolve().parents[1] / "migrations"
INDEX_MIGRATIONS: Final = MIGRATIONS / "index"
PRODUCT_MIGRATIONS: Final = MIGRATIONS / "product"
PORTAL_MIGRATIONS: Final = MIGRATIONS / "portal"
PORTAL: Final = "portal"
"""The schema of the auditor portal's tables, in PostgreSQL."""

_LOCK: Final = 0x6F6D6567_61000001
"""Number of the lock under which PostgreSQL is upgraded; SQLite has but one lock."""

_PATIENCE_MS: Final = 60_000
"""How long to wait for another process that is upgrading the same database."""


class SchemaError(Exception):
    """The tables are not those this version of the software needs; the service must not start."""


def upgrade(engine: Engine, migrations: Path = MIGRATIONS) -> str:
    """Bring the database to the newest version, in one transaction, and return that version.

    Any number of processes, on any number of nodes, may do this at once: one works, the others wait and find it done.

    Raises:
        SchemaError: the database is newer than this software, or cannot be changed. It is as it was.
    """
    head = newest(migrations)
    try:
        with engine.begin() as connection:
            found = _version(connection, migrations)
        if found != head:
            _upgrade_locked(engine, migrations, head)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise SchemaError(f"the database cannot be brought to version `{head}`: {type(error).__name__}") from error
    return head


def newest(migrations: Path = MIGRATIONS) -> str:
    """Return the newest version there is: the greatest number a migration's file name starts with.

    Raises:
        SchemaError: there is no migration.
    """
    versions = [path.name.partition("_")[0] for path in (migrations / "versions").glob("[0-9]*_*.py")]
    if not versions:
        raise SchemaError(f"there are no migrations in `{migrations}`")
    return max(versions)


def _upgrade_locked(engine: Engine, migrations: Path, head: str) -> None:
    """Upgrade under the write lock; whoever waited for it looks again."""
    from alembic import command  # noqa: PLC0415 - a tenth of a second that most starts need not spend
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["version_table"] = version_table(migrations)
    with write_transaction(engine, busy_timeout_ms=_PATIENCE_MS, exclusive=_LOCK) as connection:
        found = _version(connection, migrations)
        config.attributes["schema"] = schema = schema_of(connection, migrations)
        if schema is not None and not inspect(connection).has_schema(schema):
            connection.execute(CreateSchema(schema))
        if found is not None and found > head:
            raise SchemaError(f"the database has version `{found}`; this software knows versions up to `{head}`")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise SchemaError(f"the database cannot be brought from version `{found}` to `{head}`") from error


def version_table(migrations: Path) -> str:
    """Return the table that holds the version: each tree of migrations has its own."""
    apart = {INDEX_MIGRATIONS.name, PRODUCT_MIGRATIONS.name, PORTAL_MIGRATIONS.name}
    return f"{migrations.name}_version" if migrations.name in apart else "alembic_version"


def schema_of(connection: Connection, migrations: Path) -> str | None:
    """Return the schema that the tables lie in, where it is not the database's own."""
    apart = migrations.name == PORTAL_MIGRATIONS.name and connection.dialect.name == "postgresql"
    return PORTAL if apart else None


def _version(connection: Connection, migrations: Path) -> str | None:
    table, schema = version_table(migrations), schema_of(connection, migrations)
    if not inspect(connection).has_table(table, schema=schema):
        return None
    found = sql_table(table, schema=schema)
    version = connection.execute(select(column("version_num")).select_from(found)).scalar_one_or_none()
    return None if version is None else str(version)
