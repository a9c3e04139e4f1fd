"""What tests of signing in share."""

import pytest

from tests.auditor_portal.signing_in.signing import serving


@pytest.fixture
def signing(portal_url):
    """A portal with one firm, whose provider shows second factors, and one auditor."""
    with serving(portal_url) as made:
        yield made
