import pytest

from tests.auditor_portal.records.browsing import Browsed, browsing


@pytest.fixture
def log():
    return Browsed()


@pytest.fixture
def portal(log, tmp_path, portal_url):
    """A portal that shows `log`."""
    with browsing(log, tmp_path, portal_url) as made:
        yield made


@pytest.fixture
def browser(portal):
    """The browser of an auditor of the engagement."""
    return portal.auditor()
