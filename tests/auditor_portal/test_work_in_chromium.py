"""The pages of an auditor's own work as a person meets them: wide, narrow, dark, while something is done and after."""

import pytest

from auditor_portal import replaying
from tests.auditor_portal.audited import HOME, Gated, positions, posted
from tests.auditor_portal.testing.test_again import DIFFERS, SAME, Answering
from tests.browser import barriers, chromium, on_a_port, overflow, shoot

pytestmark = pytest.mark.slow

CONTROL = f"{HOME}/controls/access-review"
WIDTHS = (1280, 768, 320)
ROWS = "new Set(Array.from(document.querySelectorAll('.bar nav a'), each => each.getBoundingClientRect().top)).size"
LONG_NAME = "document.querySelector('.name').textContent = 'Wilhelmina Featherstonehaugh-Cholmondeley the Third'"


def worked(desk, log):
    """Do everything once, and return the paths of all pages."""
    browser = desk.auditor()
    run = posted(browser, f"{CONTROL}/runs").location
    assert desk.shop.beside.join(30)
    asked = {"run": run.rpartition("/")[2], "test": "access-review/reviewed"}
    replaying.install(desk.app, Answering(SAME, DIFFERS))
    again = posted(browser, f"{CONTROL}/again", asked).location
    assert desk.shop.beside.join(30)
    drawn = posted(browser, f"{CONTROL}/samples", asked).location
    noted = {"version": "0", "text": "asked the owner, who has a list of all of them " * 3}
    item = {"position": browser.get(drawn).text.split('id="r-')[1].split('"')[0], "result": "exception"}
    posted(browser, f"{drawn}/notes", noted | item)
    posted(browser, f"{CONTROL}/picks", {"picks": f"{positions(log)[0]} it looks odd"})
    posted(browser, f"{CONTROL}/notes", noted)
    posted(browser, f"{CONTROL}/conclusion", {"version": "0", "conclusion": "ineffective", "reason": "much is missing"})
    report = posted(browser, f"{HOME}/reports", {"framework": "soc2", "format": "zip"}).location
    assert desk.shop.beside.join(60)
    return {
        "controls": f"{HOME}/controls",
        "control": CONTROL,
        "run": run,
        "again": again,
        "sample": drawn,
        "reports": f"{HOME}/reports",
        "report": report,
    }


def test_pages_can_be_read_by_everybody(desk, audited_log):
    found, noise = [], []
    paths = worked(desk, audited_log)
    with on_a_port(desk.app) as url, chromium() as page:
        page.on("console", lambda message: noise.append(message.text))
        for name, path in paths.items():
            page.goto(f"{url}{path}")
            found += barriers(page)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                assert not overflow(page), (name, width)
                shoot(page, f"portal-{name}-{width}")
            page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{url}{CONTROL}")
        page.evaluate(LONG_NAME)
        for width in (1440, 1280, 1200, 1024):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(ROWS) == 1, f"the menu stands in several rows at {width}"
            assert not overflow(page), width
            shoot(page, f"portal-menu-{width}")
        page.emulate_media(color_scheme="dark")
        found += barriers(page)
        shoot(page, "portal-control-dark")
    assert (found, noise) == ([], [])


def test_a_page_pursues_a_run_until_it_is_over(auditing):
    gated = Gated()
    with auditing(launch=gated) as desk, on_a_port(desk.app) as url, chromium() as page:
        desk.auditor()
        page.goto(f"{url}{CONTROL}")
        page.get_by_role("button", name="Run its tests again").press("Enter")
        page.get_by_role("progressbar").wait_for()
        assert barriers(page) == []
        shoot(page, "portal-pursued")
        gated.may.release()
        page.get_by_text("1 deviation in 54 records.").wait_for()
        page.get_by_role("link", name="access-review/reviewed").press("Enter")
        page.wait_for_url(f"{url}{CONTROL}")
        page.get_by_role("button", name="Draw 15 of its records").press("Enter")
        page.get_by_role("heading", level=1, name="15 records drawn for access-review").wait_for()
