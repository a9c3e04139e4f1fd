"""The pages as a person meets them: in Chromium, with a real identity provider, with the keyboard, for everybody."""

import re
import time
from urllib.parse import quote

import pytest

from app.features.session.provider import Provider
from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.serving import served
from tests.identity_provider import PASSWORD, SECRET, running

pytestmark = pytest.mark.slow


class Late:
    """An application that is made once its address is known."""

    def __call__(self, environ, start_response):
        return self.app(environ, start_response)


def sign_in(page, plane, url, *groups):
    """Follow a login link."""
    page.goto(f"{url}/session/link?token={quote(plane.links.issue('maria', groups, 300))}")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/policies/")


def test_somebody_signs_in_at_the_provider_reads_and_signs_out(sqlite_url, tmp_path):
    late = Late()
    with on_a_port(late) as url, running(tmp_path / "idp", f"{url}/session/callback") as issuer, chromium() as page:
        provider = Provider(
            issuer=issuer,
            client_id="omega",
            client_secret=SECRET,
            redirect_uri=f"{url}/session/callback",
            ticks=time.monotonic,
            now=time.time,
        )
        with served(sqlite_url, provider=provider, public_url=url) as plane:
            late.app = plane.app
            page.goto(f"{url}/policies/history")
            assert page.url == f"{url}/session/?next=/policies/history"
            page.get_by_role("link", name="Sign in with your organisation").click()
            page.fill("#username", "maria")
            page.fill("#password", PASSWORD)
            page.locator("button[type=submit]").first.click()
            page.wait_for_url(f"{url}/policies/history")
            assert page.get_by_text("maria").is_visible()
            assert page.evaluate("document.cookie") == ""
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_url(f"{url}/session/")
            page.goto(f"{url}/policies/history")
            assert page.url == f"{url}/session/?next=/policies/history"
            actions = [body["action"] for kind, body in plane.around.records if kind == "decision"]
            assert actions == ["policies.view", "session.open", "policies.view", "session.close", "policies.view"]


PAGES = {
    "tree": "policies/",
    "file": "policies/at/{0}/file/rego/policies/view.rego",
    "contract": "policies/at/{0}/file/rego/session/close.schema.json",
    "blame": "policies/at/{0}/blame/rego/policies/view.rego",
    "history": "policies/history",
    "nothing": "policies/at/0/",
}


@pytest.mark.parametrize(("dark", "names"), [(False, PAGES), (True, ("file", "nothing"))], ids=["light", "dark"])
def test_pages_can_be_read_by_everybody(sqlite_url, dark, names):
    late = Late()
    with on_a_port(late) as url, chromium(dark=dark) as page, served(sqlite_url, public_url=url) as plane:
        late.app = plane.app
        noise, found = [], []
        page.on("console", lambda message: noise.append(message.text))
        page.goto(f"{url}/session/")
        found += barriers(page)
        shoot(page, f"sign-in{'-dark' * dark}")
        sign_in(page, plane, url, "omega-policy-authors")
        for name in names:
            page.goto(f"{url}/{PAGES[name].format(plane.around.pdp.policies.bundle.digest)}")
            found += barriers(page)
            shoot(page, f"{name}{'-dark' * dark}")
        assert found == []
        assert [each for each in noise if "404" not in each] == []  # nothing that our policy of content forbids


def test_pages_can_be_used_without_a_mouse_and_on_a_telephone(sqlite_url):
    late = Late()
    with on_a_port(late) as url, chromium(width=360) as page, served(sqlite_url, public_url=url) as plane:
        late.app = plane.app
        sign_in(page, plane, url, "omega-policy-authors")
        shoot(page, "tree-narrow")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.get_by_role("link", name="publish.rego").press("Enter")
        page.wait_for_url(re.compile("publish.rego$"))
        assert page.get_by_role("heading", level=1).inner_text() == "marketplace.publish"
        assert not overflow(page)
        shoot(page, "file-narrow")
