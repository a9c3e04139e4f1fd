"""A request as a person and two officers meet it: in Chromium, without a script, for everybody, on a phone as well."""

from pathlib import Path

import pytest

from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.dsr.rights import receipt

pytestmark = pytest.mark.slow


def narrow(page):
    """Tell whether a page has to be scrolled sideways."""
    return overflow(page) > 0


class Visit:
    """A page, what keeps people out of what it showed, and who has signed in."""

    def __init__(self, page, url):
        self.page, self.url, self.barred, self.wide = page, url, [], []

    def look(self, name):
        for width in (1280, 768, 320):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.wide.extend([f"{name} at {width}"] if narrow(self.page) else [])
            shoot(self.page, f"dsr-{name}-{width}")
        self.barred.extend(barriers(self.page))

    def press(self, name):
        self.page.get_by_role("button", name=name).press("Enter")

    def enter(self, officer, path):
        cookie = officer.client.get_cookie("omega")
        self.page.context.add_cookies([{"name": "omega", "value": cookie.value, "url": self.url}])
        self.page.goto(f"{self.url}/dsr/{path}")

    def leave(self, place):
        self.page.context.clear_cookies()
        self.page.goto(place)


def ask(visit):
    """Ask to be erased, and return the private address."""
    page = visit.page
    page.goto(f"{visit.url}/dsr/")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    visit.look("intake-dark")
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    visit.look("intake")
    page.get_by_label("Delete my data").press("Space")
    page.get_by_label("Your e-mail address").fill("ada@example.com")
    page.get_by_label("Your account name or number").fill("usr-1")
    visit.press("Send the request")
    page.get_by_text("We have to check that it is you.").wait_for()
    visit.look("status")
    return page.url


def show_who_it_is(visit, mine, code):
    """Enter a wrong code, then the right one."""
    visit.leave(mine)
    visit.page.get_by_label("The code").fill("00000000x")
    visit.press("Confirm")
    visit.page.get_by_role("alert").wait_for()
    visit.look("wrong-code")
    visit.page.get_by_label("The code").fill(code)
    visit.press("Confirm")
    visit.page.get_by_text("Somebody is looking at your request.").wait_for()


def test_a_person_asks_to_be_erased_and_gets_a_certificate(rights):
    officers = [rights.officer("ofc-71"), rights.officer("ofc-72")]
    with on_a_port(rights.control.app) as url, chromium() as page:
        visit = Visit(page, url)
        mine = ask(visit)
        identifier = mine.rpartition("/")[2].partition("?")[0]
        visit.enter(officers[0], "requests")
        visit.look("queue")
        page.get_by_role("link", name=identifier).click()
        visit.look("request")
        visit.press("Make a one-time code")
        visit.look("code")
        show_who_it_is(visit, mine, page.locator("code.big").inner_text())
        for officer in officers:
            visit.enter(officer, f"requests/{identifier}")
            visit.look("pending")
            visit.press("Approve")
            page.wait_for_url(f"{url}/dsr/requests/{identifier}")
        page.get_by_text("ofc-71, ofc-72").wait_for()
        rights.runs.done[identifier] = (receipt("product"), receipt("sealed-blocks"))
        rights.move(identifier, "begin", "complete")
        page.reload()
        visit.look("done")
        visit.leave(mine)
        visit.look("certificate")
        with page.expect_download() as taken:
            page.get_by_role("link", name="Certificate as PDF").click()
        assert Path(taken.value.path()).read_bytes().startswith(b"%PDF-")
        assert (visit.barred, visit.wide) == ([], [])
