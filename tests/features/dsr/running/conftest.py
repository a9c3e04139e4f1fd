"""What the tests of runs share."""

import pytest

from tests.features.dsr.running.carrying import templates, world_at


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """The databases and files that each world begins with: making them takes longer than most tests."""
    return templates(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(tmp_path, template):
    with world_at(tmp_path, template) as made:
        yield made
