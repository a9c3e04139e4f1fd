"""The tables of audits are those of the code, wherever they lie."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from app import schema
from app.audits import rows_accesses, rows_firms, rows_requests, rows_saml, rows_searches, rows_sessions, rows_work
from app.audits.database import PortalRow, open_portal

ROWS = (rows_accesses, rows_firms, rows_requests, rows_saml, rows_searches, rows_sessions, rows_work)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def engine(request):
    made = open_portal(request.getfixturevalue(f"{request.param}_url"))
    schema.upgrade(made, schema.PORTAL_MIGRATIONS)
    yield made
    made.dispose()


def test_after_the_upgrade_the_tables_are_those_of_the_code(engine):
    place = schema.PORTAL if engine.dialect.name == "postgresql" else None
    options = {"compare_type": True, "version_table": "portal_version", "version_table_schema": place}
    wanted = MetaData(schema=place)
    for table in PortalRow.metadata.tables.values():
        table.to_metadata(wanted, schema=place, referred_schema_fn=lambda *_: place)
    if place:
        options |= {"include_schemas": True, "include_name": lambda name, kind, _: kind != "schema" or name == place}
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts=options), wanted)
    # SQLAlchemy names an index after the schema where there is one, and migrations have one name for both
    assert [each for each in found if each[0] not in {"add_index", "remove_index"}] == []
    assert all(ROWS)
