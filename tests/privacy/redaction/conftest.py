"""What the tests of redaction share: an empty product database, and everybody's keys."""

import pytest

from tests.features.gating import product as made
from tests.privacy.redaction.redacted import Keyring


@pytest.fixture
def product(sqlite_url):
    with made(sqlite_url) as engine:
        yield engine


@pytest.fixture
def any_product(database_url):
    with made(database_url) as engine:
        yield engine


@pytest.fixture
def keyring():
    return Keyring()
