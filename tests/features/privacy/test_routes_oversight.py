"""What officers look at: nobody without a role, and no page without what it is made of."""

import pytest

from app import schema
from app.db import open_engine
from tests.features.privacy.consenting import ALICE, AUDITORS, CISO, gates, ledger_at


def test_the_record_of_processing_in_three_forms(ledger):
    officer = ledger.officer(AUDITORS)
    assert "not stated" in officer.get("/privacy/processing").text
    document = officer.json("/privacy/processing").json
    assert [each["store"] for each in document["processing"]] == ["files"]
    table = officer.get("/privacy/processing?format=csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert "'=files of members" in table.text
    assert gates(ledger.officer(CISO).json("/privacy/processing")) == ["authorised"]


@pytest.fixture
def index(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'index.db'}", durable=False)
    schema.upgrade(engine, schema.INDEX_MIGRATIONS)
    yield engine
    engine.dispose()


def test_who_saw_what(sqlite_url, tmp_path, index):
    with ledger_at(sqlite_url, tmp_path / "keys.db", index=lambda: index) as ledger:
        officer = ledger.officer("omega-privacy")
        place = f"/privacy/people/{ledger.pseudonym(ALICE)}/accesses"
        assert officer.json(place).json["accesses"] == []
        assert "Nobody" in officer.get(place).text


def test_without_an_index_nothing_is_shown(ledger, officer):
    assert officer.json(f"/privacy/people/{ledger.pseudonym(ALICE)}/accesses").status_code == 503


def test_recalls_as_a_page(officer):
    assert "There are none" in officer.get("/privacy/recalls").text


def test_a_pseudonym_that_is_none(officer):
    assert officer.json("/privacy/people/alice").status_code == 400
