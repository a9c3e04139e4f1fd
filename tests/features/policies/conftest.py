"""What tests of policies in Git share."""

import pytest

from tests.features.policies.signing import work


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
