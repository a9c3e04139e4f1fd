"""The officers' pages about consents as an officer meets them: in Chromium, without a script, for everybody."""

import pytest

from tests.browser import barriers, chromium, on_a_port, shoot
from tests.features.privacy.consenting import ALICE

pytestmark = pytest.mark.slow


def test_a_text_is_kept_a_person_found_and_a_consent_withdrawn(ledger, officer, studio):
    studio.grant()
    with on_a_port(ledger.control.app) as url, chromium() as page:
        barred = []
        cookie = officer.client.get_cookie("omega")
        page.context.add_cookies([{"name": "omega", "value": cookie.value, "url": url}])

        def look(name, path=None):
            if path is not None:
                page.goto(f"{url}/privacy/{path}")
            barred.extend(barriers(page))
            shoot(page, f"privacy-{name}")

        look("purposes", "purposes")
        page.get_by_label("Version").fill("2")
        page.get_by_label("Text", exact=True).fill("We ask you anew.")
        page.get_by_role("button", name="Keep").press("Enter")
        page.get_by_text("We ask you anew.").wait_for()
        look("people", "people")
        page.get_by_label("Id").fill(ALICE["id"])
        page.get_by_role("button", name="Look").press("Enter")
        page.get_by_role("heading", name="How they stand").wait_for()
        assert "alice" not in page.url
        page.get_by_label("Purpose").fill("training")
        page.get_by_label("Where that can be found").fill("letter/2026-18")
        page.get_by_label("SHA-256 of it").fill("0" * 64)
        page.get_by_role("button", name="Withdraw").press("Enter")
        page.get_by_text("letter/2026-18").wait_for()
        look("person")
        look("recalls", "recalls")
        look("processing", "processing")
        assert barred == []
