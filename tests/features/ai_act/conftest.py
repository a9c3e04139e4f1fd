"""What the tests of systems and incidents share."""

import pytest

from tests.features.ai_act.registering import AUDITOR, CISO, COMPLIANCE, Desk
from tests.features.serving import served


@pytest.fixture
def desk(sqlite_url, monkeypatch):
    with served(sqlite_url) as control:
        made = Desk(control, sqlite_url, monkeypatch)
        yield made
        made.close()


@pytest.fixture
def compliance(desk):
    return desk.officer("ofc-1", COMPLIANCE)


@pytest.fixture
def ciso(desk):
    return desk.officer("ofc-2", CISO)


@pytest.fixture
def auditor(desk):
    return desk.officer("ofc-3", AUDITOR)
