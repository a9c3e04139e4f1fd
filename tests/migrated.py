"""An empty database that is migrated once, in a file that tests copy."""

from app import schema
from app.db import open_engine


def migrated_file(path, tree, opened=open_engine):
    """Return the file, whole without a write-ahead log beside it, once it has the tables of `tree`."""
    engine = opened(f"sqlite:///{path}")
    schema.upgrade(engine, tree)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path
