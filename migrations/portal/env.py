"""Alembic's entry for the tables of the auditor portal; see `migrations/env.py`."""  # noqa: INP001 - Alembic finds this by path

from alembic import context

from app.audits import (  # noqa: F401 - every module of rows is imported here, so that the metadata is whole
    rows_accesses,
    rows_firms,
    rows_requests,
    rows_saml,
    rows_searches,
    rows_sessions,
    rows_work,
)
from app.audits.database import PortalRow
from app.schema import PORTAL

_attributes = context.config.attributes
_schema = _attributes["schema"]

context.configure(
    connection=_attributes["connection"].execution_options(schema_translate_map={PORTAL: _schema}),
    target_metadata=PortalRow.metadata,
    version_table=_attributes["version_table"],
    version_table_schema=_schema,
)
context.run_migrations()
