"""What the tests of features share."""

import pytest

from tests.features import gating as made


@pytest.fixture
def gating():
    return made.gating()


@pytest.fixture
def product(sqlite_url):
    """An empty product database."""
    with made.product(sqlite_url) as engine:
        yield engine
