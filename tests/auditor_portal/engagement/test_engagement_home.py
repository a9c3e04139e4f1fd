"""The list of one's engagements, the front page of each, and what auditors did there."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from app.assurance import Kept
from app.audits import activity as activity_of
from app.index.errors import SlowQueryError
from auditor_portal import product
from auditor_portal.engagement import routes_home
from auditor_portal.trail import probes
from evidence.store import Level
from tests.auditor_portal.portal import (
    ENGAGEMENT,
    auditor,
    engagement,
    firm,
    served,
    takes_part,
)
from tests.audits.indexed import Indexed

HOME = f"/e/{ENGAGEMENT}/"


@pytest.fixture
def portal_of_three(portal_url):
    """A portal with an engagement that is open, one that is over, one to come, and one of another firm."""
    past = {"starts": "2026-09-01T00:00:00.000000Z", "ends": "2026-10-01T00:00:00.000000Z"}
    future = {"starts": "2026-12-01T00:00:00.000000Z", "ends": "2027-02-01T00:00:00.000000Z"}
    rows = (
        *(firm(), firm("other"), auditor(), auditor("b.kim@acme.example"), auditor("c", "other")),
        *(engagement(), engagement("past", **past), engagement("next", **future), engagement("theirs", "other")),
        *(takes_part(engagement=each) for each in (ENGAGEMENT, "past", "next")),
        takes_part("b.kim@acme.example", role="staff"),
        takes_part("c", "other", "theirs"),
    )
    with served(portal_url, *rows) as portal:
        yield portal


def test_the_list_has_ones_own_and_says_which_can_be_entered(portal_of_three):
    browser = portal_of_three.auditor()
    listed = {each["id"]: each for each in browser.json("/").json["engagements"]}
    states = {name: (each["open"], each["over"], each["days_left"]) for name, each in listed.items()}
    assert states == {"next": (False, False, 71), ENGAGEMENT: (True, False, 9), "past": (False, True, 0)}
    page = browser.get("/").text
    assert f'href="{HOME}"' in page
    assert 'href="/e/past/"' not in page
    assert "not yet open" in page
    (_, body) = portal_of_three.around.records[-1]
    assert body["resource"] == {"type": "audit_firm", "id": "acme"}


def test_who_has_no_engagement_has_an_empty_list(portal):
    assert "You take part in none" in portal.auditor("nobody").get("/").text


def test_from_elsewhere_or_by_password_alone_the_list_says_why(portal):
    browser = portal.auditor()
    portal.somebody.where = "203.0.113.9"
    answer = browser.json("/")
    assert (answer.status_code, [each["id"] for each in answer.json["gates"]]) == (403, ["address"])
    portal.somebody.where = "198.51.100.7"
    answer = portal.auditor(second_factor=False).json("/")
    assert (answer.status_code, [each["id"] for each in answer.json["gates"]]) == (403, ["second_factor"])


def test_a_visitor_learns_nothing(portal):
    assert portal.visitor().json("/").status_code == 404
    assert "gates" not in portal.visitor().json("/").json


def test_the_front_page_says_how_it_stands(portal_of_three):
    browser = portal_of_three.auditor()
    document = browser.json(HOME).json
    assert document["firm_name"] == "Firm acme"
    assert document["period"] == {"first": "2026-10-01", "last": "2026-10-31"}
    assert document["access"]["last"] == "2026-11-30"
    assert document["members"] == [
        {"name": "a.lee@acme.example", "role": "lead"},
        {"name": "b.kim@acme.example", "role": "staff"},
    ]
    assert document["requests"]["open"] == 0
    page = browser.get(HOME).text
    assert "until 2026-11-30, 9 days left" in page
    assert page.count('aria-current="page"') == 1
    portal_of_three.clock.seconds += 7.5 * 86_400
    assert "1 day left" in browser.get(HOME).text


def test_the_front_page_says_what_the_store_was_shown_to_be_worth(portal, tmp_path, monkeypatch):
    index = Indexed(portal.around, tmp_path / "index.db")
    opened = []

    def found():
        if not opened:
            raise OSError("it is away")
        return opened[0]

    product.install(portal.app, found)
    browser = portal.auditor()
    assert browser.json(HOME).json["store"] is None
    assert "is not known here" in browser.get(HOME).text
    opened.append(SimpleNamespace(index=index.engine, reader=None, settings=None))
    monkeypatch.setattr(probes.assurance, "kept", lambda _: None)
    assert browser.json(HOME).json["store"] is None
    kept = Kept(level=Level.L2, label="L2", time=datetime(2026, 11, 22, 6, tzinfo=UTC))
    monkeypatch.setattr(probes.assurance, "kept", lambda _: kept)
    assert browser.json(HOME).json["store"] == {
        "level": "L2",
        "meaning": kept.meaning,
        "shown_at": "2026-11-22 06:00:00",
    }
    assert "as a probe showed at 2026-11-22 06:00:00 UTC" in browser.get(HOME).text
    index.engine.dispose()


def test_an_engagement_that_is_over_says_why_to_who_took_part(portal_of_three):
    mine = portal_of_three.auditor().json("/e/past/")
    assert (mine.status_code, [each["id"] for each in mine.json["gates"]]) == (403, ["within"])
    assert portal_of_three.auditor("b.kim@acme.example").json("/e/past/").status_code == 404


def test_both_sides_see_what_auditors_did(portal_of_three, tmp_path, monkeypatch):
    monkeypatch.setattr(activity_of, "PAGE", 2)
    index = Indexed(portal_of_three.around, tmp_path / "index.db")
    product.install(portal_of_three.app, lambda: SimpleNamespace(index=index.engine))
    browser = portal_of_three.auditor()
    assert "Nothing yet" in browser.get(f"{HOME}activity").text
    browser.get(HOME)
    browser.get(f"{HOME}requests/7")
    portal_of_three.somebody.where = "203.0.113.9"
    browser.get(HOME)
    portal_of_three.somebody.where = "198.51.100.7"
    portal_of_three.auditor("c", "other").get("/e/theirs/")
    index.catch_up()
    browser = portal_of_three.auditor()
    first = browser.json(f"{HOME}activity").json
    assert [(each["allow"], each["name"], each["kind"], each["object"]) for each in first["activity"]] == [
        (False, "", "", ""),
        (True, "a.lee@acme.example", "request", "7"),
    ]
    assert first["activity"][0]["failed"] == ["address"]
    records = portal_of_three.around.log.records
    second = browser.json(f"{HOME}activity?after={first['after']}").json
    assert [(each["kind"], each["decision_id"]) for each in second["activity"]] == [
        ("home", f"{records[1].chain}-{records[1].seq}"),
        ("activity", f"{records[0].chain}-{records[0].seq}"),
    ]
    assert second["after"] is None
    back = browser.json(f"{HOME}activity?before={second['before']}").json
    assert back["activity"] == first["activity"]
    page = browser.get(f"{HOME}activity?after={first['after']}").text
    assert "Newer" in page
    assert "Older" not in page
    assert browser.json(f"{HOME}activity?after=x").status_code == 400
    monkeypatch.setattr(routes_home, "read_activity", _slow)
    assert browser.json(f"{HOME}activity").status_code == 503
    index.engine.dispose()


def _slow(*_, **__):
    raise SlowQueryError
