"""What the tests of consents share."""

import pytest

from tests.features.privacy.consenting import PRIVACY, keep_text, ledger_at


@pytest.fixture
def ledger(sqlite_url, tmp_path):
    with ledger_at(sqlite_url, tmp_path / "keys.db") as made:
        yield made


@pytest.fixture
def officer(ledger):
    return ledger.officer(PRIVACY)


@pytest.fixture
def studio(ledger, officer):
    """Return a service, once there is a text to show."""
    assert keep_text(officer).status_code == 201
    return ledger.service()
