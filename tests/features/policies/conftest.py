"""What tests of policies in Git share."""

import shutil

import pytest

from app import activation, status
from app.db import open_engine, product
from app.pdp.admission import admit
from tests.features import gating as made
from tests.features.policies.drifting import LATER, Node
from tests.features.policies.requests_made import OWNERS, office
from tests.features.policies.signing import work
from tests.features.policies.sites import Site


@pytest.fixture
def begin(tmp_path):
    """Makes the repository of a test; its mirrors are closed afterwards."""
    made = []

    def begun(signers=None):
        made.append(work(tmp_path, signers))
        return made[-1]

    yield begun
    for each in made:
        each.close()


@pytest.fixture
def working(begin):
    return begin()


@pytest.fixture
def mirror(working, tmp_path):
    return working.mirror(tmp_path / "mirror.git")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """The file of an empty product database, to be copied: migrations take longer than a test."""
    path = tmp_path_factory.mktemp("migrated") / "product.db"
    with made.product(f"sqlite:///{path}") as engine, engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def staff(working, tmp_path, migrated):
    """Officers, a repository with owners, and an empty product database."""
    shutil.copy(migrated, tmp_path / "product.db")
    with product(open_engine(f"sqlite:///{tmp_path / 'product.db'}")):
        yield office(working, working.mirror(tmp_path / "mirror.git"), made.gating())


@pytest.fixture
def site(working, tmp_path, migrated):
    """A control plane with change requests, over a repository with owners."""
    shutil.copy(migrated, tmp_path / "product.db")
    database = f"sqlite:///{tmp_path / 'product.db'}"
    with product(open_engine(database)):
        working.commit({"policies/OWNERS.yaml": OWNERS})
        yield Site(working, tmp_path / "mirror.git", database)


@pytest.fixture
def node(tmp_path, gating, product, monkeypatch):  # noqa: ARG001 - it is open meanwhile
    monkeypatch.setattr(status, "_SILENT", 10 * LATER)  # the clock of the scan goes ahead
    monkeypatch.setattr(activation, "admit_apart", admit)  # another process takes as long as all the rest
    return Node(tmp_path, gating)
