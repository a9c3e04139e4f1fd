"""While an effect reads again what was decided on, nobody else changes it: on each database, without any luck."""

import sqlite3

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import db
from app.features.marketplace.acting import effect
from app.features.marketplace.sales import refunds
from tests.features.marketplace.trading import permit


def hold(shop, url):
    """Read an order in an effect, and have another connection try to change it meanwhile; tell whether it could."""
    row = shop.buy("k1")
    other = db.open_engine(url)
    with db.reading() as session:
        about = refunds.facts(session, row.id, "ref-1")
    asked = permit("marketplace.refund", about)
    try:
        with effect(asked, lambda session: refunds.facts(session, row.id, "ref-1", lock=True)):
            try:
                with other.connect() as connection, connection.begin():
                    if other.dialect.name == "sqlite":
                        connection.connection.cursor().execute("PRAGMA busy_timeout=0")
                    else:
                        connection.execute(text("SET LOCAL lock_timeout = 10"))
                    connection.execute(text("UPDATE market_order SET refunding = refunding + 1"))
            except OperationalError:
                return False
            return True
    finally:
        other.dispose()


def test_nobody_changes_what_an_effect_has_read(shop_anywhere, database_url):
    assert not hold(shop_anywhere, database_url)


def test_a_transaction_that_does_not_lock_is_noticed(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(db, "_begin", lambda connection: connection.exec_driver_sql("BEGIN DEFERRED"))
    engine = db.open_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with db.product(engine):
        try:
            noticed = hold(shop, f"sqlite:///{tmp_path / 'shop.db'}")
        except (OperationalError, sqlite3.OperationalError):
            noticed = True
    assert noticed
