"""The version of the database's tables: brought up to date when the service starts, and never back.

Knows no table; `migrations/` says what each version changes. Alembic is imported only when there is work.
"""

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from app.db import write_transaction

MIGRATIONS: Final = Path(__file__).resolve().parents[1] / "migrations"

_PATIENCE_MS: Final = 60_000
"""How long to wait for another process that is upgrading the same database."""


class SchemaError(Exception):
    """The tables are not those this version of the software needs; the service must not start."""


def upgrade(engine: Engine, migrations: Path = MIGRATIONS) -> str:
    """Bring the database to the newest version, in one transaction, and return that version.

    Any number of processes may do this at once (SQLite): one works, the others wait and find it done.

    Raises:
        SchemaError: the database is newer than this software, or cannot be changed. It is as it was.
    """
    head = newest(migrations)
    try:
        with engine.begin() as connection:
            found = _version(connection)
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
    with write_transaction(engine, busy_timeout_ms=_PATIENCE_MS) as connection:
        found = _version(connection)
        if found is not None and found > head:
            raise SchemaError(f"the database has version `{found}`; this software knows versions up to `{head}`")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise SchemaError(f"the database cannot be brought from version `{found}` to `{head}`") from error


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if version is None else str(version)
