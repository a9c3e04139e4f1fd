import pytest

from app.privacy.detection import patterns


@pytest.fixture(scope="session")
def lane():
    return patterns.load()
