"""The auditor portal's own database: tables that the product never reads, and the one that the portal may write.

In PostgreSQL the tables lie in the schema `portal`, in which the portal's role has rights that it has nowhere else.
"""

from typing import ClassVar, Final

from sqlalchemy import Engine, MetaData
from sqlmodel import SQLModel

from app.db import Guarded, open_engine
from app.schema import PORTAL


class PortalRow(SQLModel):
    """Keeps the tables of audits apart from all others: they have migrations of their own."""

    metadata: ClassVar[MetaData] = MetaData(schema=PORTAL)


portal_data: Final = Guarded("portal")
"""The portal's database, as the process that opened it reads and, by permit, writes it."""


def open_portal(url: str) -> Engine:
    """Return an engine for the portal's tables at `url`; see `app.db.open_engine`.

    Raises:
        DatabaseUrlError: see there.
    """
    engine = open_engine(url)
    own = {PORTAL: None} if engine.dialect.name == "sqlite" else {}
    return engine.execution_options(schema_translate_map=own)
