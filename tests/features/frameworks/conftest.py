"""What tests of controls share: a database that is migrated once and copied for each test."""

import shutil

import pytest

from app import schema
from tests.migrated import migrated_file


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """The file of an empty product database."""
    return migrated_file(tmp_path_factory.mktemp("product") / "some.db", schema.PRODUCT_MIGRATIONS)


@pytest.fixture
def sqlite_url(migrated, tmp_path):
    """The URL of a copy of it that no other test uses."""
    shutil.copy(migrated, tmp_path / "some.db")
    return f"sqlite:///{tmp_path / 'some.db'}"
