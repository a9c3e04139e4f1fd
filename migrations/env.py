"""Alembic's entry: which tables the code has, and the connection it is handed. Run by `app.schema` alone."""  # noqa: INP001 - Alembic finds this by path

from alembic import context
from sqlmodel import SQLModel

from app.privacy import rows  # noqa: F401 - every module of rows is imported here, so that the metadata is whole

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    version_table=context.config.attributes["version_table"],
)
context.run_migrations()
