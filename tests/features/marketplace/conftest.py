"""What the tests of the marketplace share."""

import pytest

from tests.features.marketplace.trading import market_at


@pytest.fixture
def market(sqlite_url):
    with market_at(sqlite_url) as made:
        yield made


@pytest.fixture
def market_anywhere(database_url):
    """A marketplace on each kind of database."""
    with market_at(database_url) as made:
        yield made
