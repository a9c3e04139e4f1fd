"""Records of the log on a page."""

import pytest

from app import decision_log, keys
from app.features.frameworks import records
from app.features.frameworks.records import OfNode
from evidence.errors import FindingError, NotFoundError, StoreError
from evidence.record import Position
from tests.decision_plane.asking import body
from tests.features.frameworks.seeded import CHAIN, RECORD
from tests.features.serving import served
from tests.node import decided, prepared, sealed


class Fake:
    """Records; each tenant's under a number of its own."""

    def __init__(self, tenant="default", error=None):
        self.tenant, self.error = tenant, error

    def find(self, _):
        if self.error is not None:
            raise self.error
        written = (
            f'{{"type":"decision","time":"2026-11-22T14:00:00.000000Z","tenant":"{self.tenant}","body":{{"a":"<b>"}}}}'
        )
        return decision_log.Found(record=written.encode(), status=decision_log.Status.PROVEN, proof="the proof")


@pytest.fixture
def show(sqlite_url):
    """Return a way to ask for a record of some records."""
    with served(sqlite_url) as plane:
        browser = plane.officer("ofc-51", "omega-auditors")

        def shown(found, position=RECORD, *, page=False):
            records.install(plane.app, found)
            path = f"/frameworks/records/{position}"
            return browser.get(path) if page else browser.json(path)

        yield shown


def test_a_record_is_shown_with_its_proof(show):
    found = show(Fake())
    assert found.json["record"]["type"] == "decision"
    assert (found.json["status"], found.json["proof"]) == ("proven", "the proof")
    page = show(Fake(), page=True).text
    assert "in the store, proved" in page
    assert "the proof" in page
    assert "&lt;b&gt;" in page
    assert show(Fake("system")).status_code == 200


@pytest.mark.parametrize(
    ("found", "position", "status"),
    [
        pytest.param(None, RECORD, 404, id="nowhere to look"),
        pytest.param(Fake("another"), RECORD, 404, id="another tenant's"),
        pytest.param(Fake(error=NotFoundError("no record")), RECORD, 404, id="none there"),
        pytest.param(Fake(), "..", 404, id="no position"),
        pytest.param(Fake(), f"{CHAIN}-x", 404, id="no number"),
        pytest.param(Fake(error=StoreError("away")), RECORD, 503, id="the store is away"),
        pytest.param(Fake(error=FindingError("wrong-segment", "there", "it differs")), RECORD, 500, id="damaged"),
    ],
)
def test_a_record_that_is_not_shown(show, found, position, status):
    assert show(found, position).status_code == status


def test_the_records_of_a_node(tmp_path):
    settings = prepared(tmp_path)
    (recorded,) = decided(settings, body())
    found = OfNode(settings, keys.load(settings.keys).log.verifier)
    position = Position.parse(recorded.decision_id)
    assert found.find(position).status is decision_log.Status.JOURNAL
    sealed(settings)
    assert found.find(position).status is decision_log.Status.PROVEN
    with pytest.raises(NotFoundError):
        found.find(Position.parse(f"{recorded.decision_id}0"))
