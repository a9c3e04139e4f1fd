"""What tests of the portal share: a database that is migrated once and copied for each test."""

import shutil
from functools import partial

import pytest

from app import schema
from app.audits.database import open_portal
from tests.auditor_portal.audited import audited, sealed_log
from tests.auditor_portal.portal import served
from tests.migrated import migrated_file


@pytest.fixture(scope="session")
def migrated_portal(tmp_path_factory):
    """The file of an empty database of the portal."""
    return migrated_file(tmp_path_factory.mktemp("portal") / "some.db", schema.PORTAL_MIGRATIONS, open_portal)


@pytest.fixture
def portal_url(migrated_portal, tmp_path):
    """The URL of a copy of it that no other test uses."""
    shutil.copy(migrated_portal, tmp_path / "portal.db")
    return f"sqlite:///{tmp_path / 'portal.db'}"


@pytest.fixture
def portal(portal_url):
    """A portal with one engagement of one firm; see `tests.auditor_portal.portal`."""
    with served(portal_url) as made:
        yield made


@pytest.fixture(scope="session")
def audited_log(tmp_path_factory):
    """A node with decisions of October, sealed in a directory."""
    return sealed_log(tmp_path_factory.mktemp("audited") / "node")


@pytest.fixture(scope="session")
def migrated_product(tmp_path_factory):
    """The file of an empty database of the control plane."""
    return migrated_file(tmp_path_factory.mktemp("product") / "some.db", schema.PRODUCT_MIGRATIONS)


@pytest.fixture
def auditing(portal_url, audited_log, migrated_product, tmp_path, monkeypatch):
    """Returns a context in which a portal over that log runs, on these rows; see `tests.auditor_portal.audited`."""
    shutil.copy(migrated_product, tmp_path / "product.db")
    return partial(audited, portal_url, audited_log, tmp_path, monkeypatch)


@pytest.fixture
def desk(auditing):
    """Such a portal, with one engagement of one firm; it does everything as soon as it is asked."""
    with auditing() as made:
        yield made
