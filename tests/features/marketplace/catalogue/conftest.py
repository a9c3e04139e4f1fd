"""What the tests of the catalogue share."""

import pytest

from tests.features.marketplace.catalogue.publishing import open_market


@pytest.fixture
def opened(sqlite_url):
    """A marketplace, the objects it keeps, and the examiner of its releases."""
    with open_market(sqlite_url) as made:
        yield made


@pytest.fixture
def shop(opened):
    """The marketplace alone."""
    return opened[0]
