"""People publish, find and install agents in a browser: by keyboard alone, at every width, without a barrier."""

import pytest

from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.marketplace.catalogue.publishing import GOOD, open_market

pytestmark = pytest.mark.slow
WIDTHS = (320, 768, 1280)


def signed_in(page, shop, url, name):
    token = shop.control.links.issue(name, ("omega-marketplace",), 300)
    page.goto(f"{url}/session/link?token={token}")
    with page.expect_navigation():
        page.get_by_role("button").first.click()


def press(page, role, name):
    """Press something by keyboard, and return once the page that it leads to is there."""
    with page.expect_navigation():
        page.get_by_role(role, name=name).press("Enter")


def looked_at(page, name, *, dark=False):
    """Return what keeps people out of the page at any width."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) <= 0, f"{page.url} is wider than {width}"
        shoot(page, f"{name}-{width}{'-dark' if dark else ''}")
    found += barriers(page)
    return found


@pytest.mark.parametrize("dark", [False, True])
def test_an_agent_is_published_found_and_installed(sqlite_url, tmp_path, dark):
    (tmp_path / "file").write_bytes(b"bytes of an agent")
    with (
        open_market(sqlite_url) as (shop, _, examiner),
        on_a_port(shop.control.app) as url,
        chromium(dark=dark) as page,
    ):
        shop.control.app.config["TESTING"] = True
        found = []
        signed_in(page, shop, url, "dev-1")
        page.goto(f"{url}/marketplace/account")
        found += looked_at(page, "account", dark=dark)
        page.goto(f"{url}/marketplace/mine")
        for name, value in {
            "agent": "invoice-reader",
            "title": "Invoice reader",
            "summary": "Reads invoices, and says what is owed to whom and by when.",
            "category": "finance",
            "repository": "https://github.com/acme/invoice-reader",
        }.items():
            page.locator(f"[name={name}]").fill(value)
        found += looked_at(page, "mine", dark=dark)
        press(page, "button", "Lay out")
        found += looked_at(page, "agent-draft", dark=dark)

        examiner.facts = GOOD | {"tests": {"coverage_percent": 61}}
        examiner.problems = {"": ("No licence is stated of left-pad.",), "covered": ("the report covers 61 %",)}
        page.locator("[name=version]").fill("1.0.0")
        for name in ("artifact", "bundle", "manifest", "sbom"):
            page.locator(f"[name={name}]").set_input_files(tmp_path / "file")
        press(page, "button", "Upload")
        press(page, "link", "Gates")
        assert "1 missing" in page.content()
        found += looked_at(page, "gates-missing", dark=dark)
        press(page, "button", "Publish")
        assert "tests cover enough of the release" in page.content()
        found += looked_at(page, "denied", dark=dark)

        examiner.facts, examiner.problems = GOOD, {}
        (tmp_path / "file").write_bytes(b"better bytes")
        page.goto(f"{url}/marketplace/agents/invoice-reader")
        page.locator("[name=version]").fill("1.0.1")
        for name in ("artifact", "bundle", "manifest", "sbom"):
            page.locator(f"[name={name}]").set_input_files(tmp_path / "file")
        press(page, "button", "Upload")
        press(page, "link", "Gates")
        found += looked_at(page, "gates", dark=dark)
        press(page, "button", "Publish")
        found += looked_at(page, "release", dark=dark)

        page.context.clear_cookies()
        page.goto(f"{url}/marketplace/")
        page.locator("[name=q]").fill("invoice")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        found += looked_at(page, "catalogue", dark=dark)
        press(page, "link", "Invoice reader")
        assert "https://builder.example/b" in page.content()
        found += looked_at(page, "agent", dark=dark)

        signed_in(page, shop, url, "buy-1")
        page.goto(f"{url}/marketplace/agents/invoice-reader")
        press(page, "button", "Install")
        assert "omega market install --token" in page.content()
        found += looked_at(page, "install", dark=dark)
        assert found == []
