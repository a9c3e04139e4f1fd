"""While an effect reads again what was decided on, nobody else changes it: on each database, without any luck."""

from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import db
from app.features.marketplace.acting import effect
from app.features.marketplace.sales import refunds
from tests.features.marketplace.trading import permit


class EnoughError(Exception):
    """Ends an effect before it is kept: what is asked is answered by then."""


def change(url, order):
    """Change an order over a connection of its own, which waits for no lock; tell whether it could."""
    other = db.open_engine(url)
    try:
        with other.connect() as connection, connection.begin():
            if other.dialect.name == "sqlite":
                connection.connection.cursor().execute("PRAGMA busy_timeout=0")
            else:
                connection.execute(text("SET LOCAL lock_timeout = 10"))
            statement = text("UPDATE market_order SET refunding = refunding + 1 WHERE id = :order")
            assert connection.execute(statement, {"order": order}).rowcount == 1
    except OperationalError as error:
        if "database is locked" not in str(error) and "lock timeout" not in str(error):
            raise
        return False
    finally:
        other.dispose()
    return True


def changes_meanwhile(shop, url):
    """Tell whether somebody else could change an order between an effect's reading it again and its end."""
    row = shop.buy("k1")
    with db.reading() as session:
        about = refunds.facts(session, row.id, "ref-1")
    could = []
    with (
        suppress(EnoughError),
        effect(permit("marketplace.refund", about), lambda session: refunds.facts(session, row.id, "ref-1", lock=True)),
    ):
        could.append(change(url, row.id))
        raise EnoughError
    [answer] = could
    assert change(url, row.id)  # once the effect has ended
    return answer


def test_nobody_changes_what_an_effect_has_read(shop_anywhere, database_url):
    assert not changes_meanwhile(shop_anywhere, database_url)


def test_a_transaction_that_does_not_lock_is_noticed(shop, tmp_path, monkeypatch):
    """The tenth seeded bug: SQLite takes the lock with the first change, and not before reading."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setattr(db, "_begin", lambda connection: connection.exec_driver_sql("BEGIN DEFERRED"))
    engine = db.open_engine(url)
    with db.product(engine):
        assert changes_meanwhile(shop, url)
