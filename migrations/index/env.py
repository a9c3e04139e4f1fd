"""Alembic's entry for the index of the log; see `migrations/env.py`."""  # noqa: INP001 - Alembic finds this by path

from alembic import context

from app.index.rows import IndexRow

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=IndexRow.metadata,
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
