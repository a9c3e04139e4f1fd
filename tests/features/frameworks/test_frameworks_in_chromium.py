"""The pages of frameworks as a person meets them: wide, narrow, dark, with the keyboard, for everybody."""

import pytest

from tests.browser import barriers, chromium, on_a_port, overflow, shoot
from tests.features.frameworks.seeded import EVIL, FINDING, standing

pytestmark = pytest.mark.slow

PAGES = {
    "frameworks": "",
    "criterion": "catalogs/soc2/criteria/CC6.2",
    "trend": "catalogs/soc2/trend",
    "test": "tests/access-review/reviewed",
    "attestation": "tests/access-review/attested",
    "finding": f"findings/{FINDING}",
}


def enter(page, plane, url):
    """Let the page be that of an officer who has signed in."""
    cookie = plane.officer("maria", "omega-compliance").client.get_cookie("omega").value
    page.context.add_cookies([{"name": "omega", "value": cookie, "url": url}])


@pytest.mark.parametrize(("dark", "names"), [(False, PAGES), (True, ("trend",))], ids=["light", "dark"])
def test_pages_can_be_read_by_everybody(sqlite_url, dark, names):
    with standing(sqlite_url) as plane, on_a_port(plane.app) as url, chromium(dark=dark) as page:
        enter(page, plane, url)
        noise, found = [], []
        page.on("console", lambda message: noise.append(message.text))
        for name in names:
            path = PAGES[name]
            page.goto(f"{url}/frameworks/{path}")
            found += barriers(page)
            shoot(page, f"frameworks-{name}{'-dark' * dark}")
            page.set_viewport_size({"width": 360, "height": 800})
            assert not overflow(page), path
            shoot(page, f"frameworks-{name}{'-dark' * dark}-narrow")
            page.set_viewport_size({"width": 1280, "height": 900})
        assert found == []
        assert noise == []  # nothing that our policy of content forbids


def test_the_way_from_a_framework_to_a_deviation_by_keyboard(sqlite_url):
    with standing(sqlite_url) as plane, on_a_port(plane.app) as url, chromium() as page:
        enter(page, plane, url)
        page.goto(f"{url}/frameworks/")
        page.get_by_role("link", name="SOC 2, trust services criteria").press("Enter")
        page.get_by_role("link", name="CC6.2", exact=True).press("Enter")
        assert page.get_by_role("heading", level=1).inner_text().startswith("CC6.2: users are registered")
        page.get_by_role("link", name=FINDING).press("Enter")
        page.wait_for_url(f"{url}/frameworks/findings/{FINDING}")
        assert page.get_by_role("cell", name=EVIL).is_visible()
        page.goto(f"{url}/frameworks/catalogs/soc2/trend")
        chart = page.get_by_role("img", name="SOC 2, trust services criteria: shares of its criteria over time")
        assert chart.is_visible()
        assert chart.evaluate("each => getComputedStyle(each.querySelector('path.line')).stroke") == "rgb(31, 78, 140)"
