"""The evidence browser in Chromium: by keyboard, at three widths, in the dark, and without barriers."""

import pytest

from tests.auditor_portal.records.browsing import RECORDS
from tests.browser import barriers, chromium, on_a_port, overflow, shoot

pytestmark = pytest.mark.slow

WIDTHS = {"a telephone": 320, "a tablet": 768, "a desk": 1280}


def too_wide(page):
    return overflow(page) > 0


def test_records_are_searched_opened_and_made_again_by_keyboard(portal, log):
    portal.auditor()
    log.anchor()
    denial = log.id_of("a denial")
    with on_a_port(portal.app) as url, chromium(dark=True) as page:
        barred, wide = [], []

        def look(name):
            for width in WIDTHS.values():
                page.set_viewport_size({"width": width, "height": 900})
                wide.extend([(name, width)] if too_wide(page) else [])
                shoot(page, f"portal-{name}-{width}")
            barred.extend(barriers(page))

        page.goto(f"{url}{RECORDS}?from=yesterday")
        look("records-wrong")
        page.get_by_label("From", exact=True).fill("2026-11-01")
        page.get_by_label("Decision", exact=True).select_option("deny")
        page.get_by_label("Action", exact=True).fill("studio.view")
        page.get_by_label("Action", exact=True).press("Enter")
        page.get_by_role("heading", name="1 record", exact=True).wait_for()
        look("records")
        page.get_by_role("link", name=denial).focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Its place in the log").wait_for()
        look("record")
        page.get_by_role("button", name="Make this decision again").press("Enter")
        page.get_by_text("The same: under the policies").wait_for()
        look("record-again")
        assert (barred, wide) == ([], [])
        assert portal.again.asked == [denial]
