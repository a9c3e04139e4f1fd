import pytest

from tests.decision_plane.asking import Plane
from tests.omega_client.answering import Blocking, Looping
from tests.pdp.shop import stocked


@pytest.fixture(scope="session")
def fruit(tmp_path_factory):
    return stocked(tmp_path_factory.mktemp("fruit"))


@pytest.fixture
def plane(fruit):
    return Plane(fruit)


@pytest.fixture(params=[Blocking, Looping], ids=["sync", "async"])
def kind(request):
    """Each of the two clients."""
    return request.param
