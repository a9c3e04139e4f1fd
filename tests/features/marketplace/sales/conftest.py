"""What the tests of sales share."""

import pytest

from tests.features.marketplace.sales.shop import shop_at, shop_on


@pytest.fixture
def shop(tmp_path):
    with shop_on(tmp_path / "shop.db") as made:
        yield made


@pytest.fixture
def shop_anywhere(database_url):
    """A shop on each kind of database."""
    with shop_at(database_url) as made:
        yield made


@pytest.fixture
def ready(shop):
    """A shop in which `old` may be paid out."""
    shop.buy("k1")
    shop.later(days=7)
    shop.run("release")
    return shop
