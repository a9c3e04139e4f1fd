import pytest

from tests.decision_plane.asking import Plane
from tests.pdp.shop import stocked


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    return stocked(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def plane(shop):
    return Plane(shop)
