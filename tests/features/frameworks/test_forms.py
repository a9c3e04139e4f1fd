"""The forms on the pages of tests and findings, as a browser sends them: what each does, and where it leads."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from sqlalchemy import text

from app import db
from app.features.frameworks import routes_steps
from tests.features.frameworks.seeded import AT, FINDING, standing

TEST = "/frameworks/tests/access-review"


@pytest.fixture
def life(sqlite_url, monkeypatch):
    """Return a way to have an officer who signed in with a second factor."""
    monkeypatch.setattr(routes_steps, "now", lambda: AT)
    with standing(sqlite_url) as plane:
        plane.around.pdp._pdp._clock = lambda: datetime.fromtimestamp(plane.clock.seconds, UTC)
        engine = db.open_engine(sqlite_url)

        def officer(name, *groups):
            browser = plane.officer(name, *groups)
            with engine.begin() as connection:
                connection.execute(text("UPDATE officer_session SET second_factor = 1"))
            return browser

        yield officer
        engine.dispose()


def send(browser, page, endpoint, **filled):
    """Send a form of a page with what it brings by itself and what is filled in; return the page that it leads to."""
    shown = browser.get(page).text
    form = next(
        each for each in re.findall(r"<form[^>]*>.*?</form>", shown, re.DOTALL) if f'{page}/{endpoint}"' in each
    )
    hidden = re.findall(r'type="(?:hidden|checkbox)" name="([^"]*)" value="([^"]*)"', form)
    brought = {name: unescape(value) for name, value in hidden if name not in filled}
    for name in filled:
        assert f'name="{name}"' in form
    answer = browser.post(f"{page}/{endpoint}", brought | filled)
    assert (answer.status_code, answer.location) == (303, page), answer.text
    return browser.get(page).text


def test_two_persons_attest(life):
    page = f"{TEST}/attested"
    first = life("ofc-10", "omega-compliance")
    assert "It counts once the ciso has countersigned" in send(first, page, "attest")
    shown = send(life("ofc-20", "omega-ciso"), page, "countersign")
    assert "It holds; it is due again at" in shown
    assert "Countersign" not in shown
    assert "ofc-20</strong> (ciso) countersigned" in shown


def test_an_auditor_inspects(life):
    page = f"{TEST}/inspected"
    auditor = life("ofc-30", "omega-auditors")
    assert "It is due now." in auditor.get(page).text
    shown = send(auditor, page, "inspect", conclusion="exceptions", reason="one account had no owner")
    assert "one account had no owner" in shown
    assert '<span class="tag">exceptions</span>' in shown


def test_a_finding_is_dealt_with_by_hand_and_keeps_what_was_found(life):
    page = f"/frameworks/findings/{FINDING}"
    officer = life("ofc-40", "omega-security")
    shown = officer.get(page).text
    by_hand = [each for each in re.findall(r"<form[^>]*>.*?</form>", shown, re.DOTALL) if 'name="note"' in each]
    assert len(by_hand) == 1
    answer = officer.post(f"{page}/remediate", {"by_hand": "yes", "note": "the accounts were closed"})
    assert (answer.status_code, answer.location) == (303, page)
    shown = officer.get(page).text
    assert ">remediated</span>" in shown
    assert "the accounts were closed" in shown
    assert "body.result.failed lacks reviewed" in shown
    assert "Deal with it" not in shown


def test_what_the_test_declares_is_asked_for(life):
    shown = send(life("ofc-40", "omega-security"), f"/frameworks/findings/{FINDING}", "remediate")
    assert ">remediating</span>" in shown


def test_two_persons_accept_a_finding_until_a_day(life):
    page = f"/frameworks/findings/{FINDING}"
    filled = {"until": "2026-12-01", "reason": "the supplier mends it in November"}
    shown = send(life("ofc-50", "omega-compliance"), page, "accept", role="compliance_officer", **filled)
    assert 'value="2026-12-01"' in shown
    shown = send(life("ofc-60", "omega-ciso"), page, "accept", role="ciso", **filled)
    assert ">accepted</span>" in shown
    assert "Accepted until" in shown


def test_a_form_that_policy_refuses_says_why(life):
    answer = life("ofc-70", "omega-auditors").post(
        f"{TEST}/attested/attest", {"statement": "the list of roles was reviewed"}
    )
    assert answer.status_code == 403
    assert "holds the role whose statement the test wants" in answer.text
