"""What the tests of requests share."""

import shutil

import pytest

from app import schema
from tests.features.dsr.rights import MemoryVault, Rights, WrittenRuns, opened
from tests.features.serving import served
from tests.migrated import migrated_file


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty database of the product."""
    return migrated_file(tmp_path_factory.mktemp("rights") / "product.db", schema.PRODUCT_MIGRATIONS)


@pytest.fixture
def rights(migrated, tmp_path):
    shutil.copy(migrated, tmp_path / "product.db")
    url = f"sqlite:///{tmp_path / 'product.db'}"
    vault, runs = MemoryVault(), WrittenRuns()
    with served(url, rights=opened(vault, runs)) as control:
        made = Rights(control, url, vault, runs)
        yield made
        made.close()


@pytest.fixture
def officer(rights):
    return rights.officer("ofc-71")
