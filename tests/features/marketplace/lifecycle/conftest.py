"""A listing on sale, and who has to do with it."""

import pytest

from tests.features.marketplace.lifecycle.living import SAFETY, Trade, listed
from tests.features.marketplace.trading import market_at


@pytest.fixture
def trade():
    return Trade()


@pytest.fixture
def market(sqlite_url, trade):
    with market_at(sqlite_url, trade=trade) as made:
        listed()
        yield made


@pytest.fixture
def market_anywhere(database_url, trade):
    with market_at(database_url, trade=trade) as made:
        listed()
        yield made


@pytest.fixture
def safety(market):
    return market.officer("ofc-7", SAFETY)
