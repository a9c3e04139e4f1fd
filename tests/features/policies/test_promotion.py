"""What a gate would have denied, as officers and programs see it before it is promoted."""

import pytest

from app import keys
from app.features.policies.results.promotions import FRESH, Promotions, counting
from app.promotion import Denied, Promotion
from app.settings import Settings
from evidence.errors import StoreError
from tests.features.serving import served

PATH = "/policies/promotion/marketplace.publish/covered"
FOUND = Promotion(
    action="marketplace.publish",
    gate="covered",
    decisions=40,
    denied={"service": Denied(count=3, examples=["c-1", "c-2"])},
    anyway=2,
    blocked=5,
    overridden=1,
    unasked=7,
)


class Counting:
    """Counts as it is told to, and how often it was asked."""

    def __init__(self, found=FOUND):
        self.found, self.asked = found, []

    def __call__(self, action, gate, since):
        self.asked.append((action, gate, since))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def test_it_is_counted_once_for_some_minutes():
    count, now = Counting(), [1_000.0]
    promotions = Promotions(count, lambda: now[0])
    assert promotions.look("a.b", "c").document()["state"] == "running"
    promotions.wait()
    assert promotions.look("a.b", "c").found == FOUND
    now[0] += FRESH
    assert not promotions.look("a.b", "c").ended
    promotions.wait()
    assert [each[:2] for each in count.asked] == [("a.b", "c")] * 2


def test_of_many_gates_the_newest_are_kept():
    promotions = Promotions(Counting(), lambda: 0.0)
    for number in range(65):
        promotions.look("a.b", f"g{number}")
        promotions.wait()
    assert promotions.look("a.b", "g64").ended
    assert not promotions.look("a.b", "g0").ended
    promotions.wait()


def test_where_the_log_cannot_be_read_nothing_is_counted(tmp_path, caplog):
    promotions = Promotions(Counting(StoreError("gone")), lambda: 0.0)
    Promotions(Counting(), lambda: 0.0).wait()
    promotions.look("a.b", "c")
    promotions.wait()
    assert promotions.look("a.b", "c").document() == {
        "state": "broken",
        "error": StoreError("gone").code,
        "since": promotions.look("a.b", "c").since,
    }
    assert "cannot be counted" in caplog.text
    nowhere = Promotions(counting(Settings.from_environment({"OMEGA_DATA": str(tmp_path)})), lambda: 0.0)
    nowhere.look("a.b", "c")
    nowhere.wait()
    assert nowhere.look("a.b", "c").error


def test_it_is_counted_in_the_log(tmp_path):
    settings = Settings.from_environment({"OMEGA_DATA": str(tmp_path)})
    keys.ensure(settings.keys, settings.origin)
    (tmp_path / "store").mkdir()
    assert counting(settings)("a.b", "c", "2026-01-01T00:00:00Z").decisions == 0


@pytest.fixture
def plane(sqlite_url):
    with served(sqlite_url) as control:
        yield control


def counted(plane, found):
    plane.count = Counting(found)
    plane.officer().get(PATH)
    plane.promotions.wait()


def test_programs_read_what_would_have_been_denied(plane):
    officer = plane.officer()
    assert officer.json(PATH).json["state"] == "running"
    plane.promotions.wait()
    plane.clock.seconds += FRESH
    counted(plane, FOUND)
    found = officer.json(PATH).json
    assert (found["state"], found["would_deny"], found["denied_anyway"]) == ("done", 3, 2)
    assert found["by_subject"] == [{"subject": "service", "count": 3, "examples": ["c-1", "c-2"]}]
    assert plane.visitor().json(PATH).status_code == 403
    for path in ("/policies/promotion/marketplace.publish/none", "/policies/promotion/none/covered"):
        assert officer.json(path).status_code == 404


PAGES = {
    "something": (
        FOUND,
        ["3 of the decisions that were allowed", "c-2", "2 more", "5 were denied by it", "7 did not ask"],
    ),
    "nothing": (Promotion(action="a.b", gate="c"), ["none of the decisions"]),
    "broken": (StoreError("gone"), ["could not be counted", StoreError("gone").code]),
}


@pytest.mark.parametrize(("found", "words"), PAGES.values(), ids=PAGES)
def test_people_read_it_as_a_page(plane, found, words):
    assert "are being counted" in plane.officer().get(PATH).text
    plane.promotions.wait()
    plane.clock.seconds += FRESH
    counted(plane, found)
    page = plane.officer().get(PATH).text
    assert [each for each in words if each not in page] == []


def test_the_page_of_a_gate_leads_there(plane):
    officer = plane.officer()
    revision = plane.around.pdp.policies.bundle.digest
    page = officer.get(f"/policies/at/{revision}/file/rego/marketplace/publish.rego").text
    assert f'href="{PATH}"' in page
